#include "fil/capture/modules.hpp"

#include <dlfcn.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "os/system_modules.hpp"
#include "scratch_recording.hpp"

namespace {

// ---- the table, with modules from a list ------------------------------------------------------

struct scripted_modules {
    static inline std::vector<fil::loaded_module> loaded;
    static inline int questions = 0;

    static void find(std::uintptr_t pc, fil::module_visit visit, void* context) {
        ++questions;
        for (const fil::loaded_module& m : loaded) {
            if (pc >= m.begin && pc < m.end) return visit(context, &m);
        }
        visit(context, nullptr);
    }
    static void for_each(fil::code_visit visit, void* context) {
        for (const fil::loaded_module& m : loaded) visit(context, m.begin);
    }
};

class modules : public testing::Test {
  protected:
    modules() {
        scripted_modules::loaded = {{0x5000, 0x9000, 0x5000, true, "/bin/program", "aa01"},
                                    {0x20000, 0x30000, 0x1f000, false, "/lib/one.so", "bb02"}};
        scripted_modules::questions = 0;
    }
    std::string file_at(std::uintptr_t pc) {
        return recording.function(table.locate(pc).function).file;
    }

    fil::test::scratch_recording recording;
    fil::function_table<fil::linux_system> functions{recording.memory()};
    fil::modules<scripted_modules, fil::linux_system> table{functions};
};

TEST_F(modules, an_address_is_an_offset_in_the_file_of_its_module) {
    const fil::code_location found = table.locate(0x20010);
    EXPECT_EQ(found.offset, 0x1010);
    EXPECT_EQ(recording.function(found.function).file, "/lib/one.so");
    EXPECT_EQ(recording.function(found.function).name, "bb02");
    EXPECT_EQ(file_at(0x5000), "/bin/program");
    EXPECT_EQ(file_at(0x8fff), "/bin/program");
}

TEST_F(modules, the_loader_is_asked_once_a_module) {
    for (std::uintptr_t pc = 0x20000; pc < 0x30000; pc += 0x100) table.locate(pc);
    EXPECT_EQ(scripted_modules::questions, 1);
}

TEST_F(modules, all_of_them_are_known_before_the_system_may_not_be_asked) {
    table.know_all();
    scripted_modules::questions = 0;
    EXPECT_EQ(file_at(0x6000), "/bin/program");
    EXPECT_EQ(file_at(0x20010), "/lib/one.so");
    EXPECT_EQ(scripted_modules::questions, 0);
}

TEST_F(modules, code_of_no_module_is_one_unknown_function_and_may_become_known) {
    EXPECT_EQ(file_at(0x1000), "[unknown code]");
    EXPECT_EQ(table.locate(0x50000).function, table.locate(0x1000).function);
    scripted_modules::loaded.push_back({0x50000, 0x51000, 0x50000, false, "/lib/two.so", ""});
    EXPECT_EQ(file_at(0x50000), "/lib/two.so");
}

TEST_F(modules, after_dlclose_the_same_addresses_may_be_another_module) {
    EXPECT_EQ(file_at(0x20000), "/lib/one.so");
    const std::uint64_t before = table.generation();
    scripted_modules::loaded[1].file = "/lib/other.so";
    table.forget_unloaded();
    EXPECT_NE(table.generation(), before);
    EXPECT_EQ(file_at(0x20000), "/lib/other.so");
}

TEST_F(modules, an_offset_that_does_not_fit_is_zero) {
    scripted_modules::loaded.push_back({0x100000, 0x300000000, 0x100000, false, "/huge", ""});
    EXPECT_EQ(table.locate(0x100001).offset, 1);
    EXPECT_EQ(table.locate(0x200100000).offset, 0);
}

// ---- what the system says ---------------------------------------------------------------------

struct module_copy {
    std::uintptr_t begin, end, bias;
    bool is_program;
    std::string file, build_id;
};

void copy_module(void* context, const fil::loaded_module* found) {
    if (found == nullptr) return;
    *static_cast<std::optional<module_copy>*>(context) = {found->begin,
                                                          found->end,
                                                          found->bias,
                                                          found->is_program,
                                                          std::string(found->file),
                                                          std::string(found->build_id)};
}

template <typename Finder>
class finder : public testing::Test {
  protected:
    static std::optional<module_copy> find(const void* address) {
        std::optional<module_copy> result;
        Finder::find(reinterpret_cast<std::uintptr_t>(address), &copy_module, &result);
        return result;
    }
};
using finders = testing::Types<fil::system_modules, fil::iterated_modules>;
TYPED_TEST_SUITE(finder, finders);

std::string build_id_in_file(const std::string& file) {
    const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    elf_version(EV_CURRENT);
    Elf* elf = elf_begin(descriptor, ELF_C_READ, nullptr);
    const void* bytes = nullptr;
    const ssize_t length = dwelf_elf_gnu_build_id(elf, &bytes);
    std::string digits;
    for (ssize_t i = 0; i < length; ++i) {
        char two[3];
        std::snprintf(two, sizeof two, "%02x", static_cast<const unsigned char*>(bytes)[i]);
        digits += two;
    }
    elf_end(elf);
    close(descriptor);
    return digits;
}

void own_function() {}

TYPED_TEST(finder, knows_the_program_by_its_file) {
    const auto found = this->find(reinterpret_cast<void*>(&own_function));
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->is_program);
    EXPECT_EQ(found->file, std::filesystem::read_symlink("/proc/self/exe"));
    EXPECT_EQ(found->build_id, build_id_in_file(found->file));
    EXPECT_LE(found->begin, reinterpret_cast<std::uintptr_t>(&own_function));
    EXPECT_GT(found->end, reinterpret_cast<std::uintptr_t>(&own_function));
}

TYPED_TEST(finder, knows_a_library_by_its_build_id) {
    Dl_info libc;
    ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, "qsort"), &libc), 0);
    const auto found = this->find(dlsym(RTLD_DEFAULT, "qsort"));
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->is_program);
    EXPECT_EQ(found->file, libc.dli_fname);
    EXPECT_GE(found->build_id.size(), 16);
    EXPECT_EQ(found->build_id, build_id_in_file(libc.dli_fname));
    EXPECT_EQ(found->bias, reinterpret_cast<std::uintptr_t>(libc.dli_fbase));
}

TYPED_TEST(finder, knows_the_vdso) {
    const auto vdso = getauxval(AT_SYSINFO_EHDR);
    if (vdso == 0) GTEST_SKIP() << "this kernel maps none";
    const auto found = this->find(reinterpret_cast<void*>(vdso + 0x40));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->file, "[vdso]");
    EXPECT_FALSE(found->is_program);
}

TYPED_TEST(finder, a_library_opened_by_a_relative_name_has_its_absolute_one) {
    const std::filesystem::path plugin = FIL_TEST_PLUGIN;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(plugin.parent_path());
    void* handle = dlopen(("./" + plugin.filename().string()).c_str(), RTLD_NOW);
    std::filesystem::current_path("/");
    ASSERT_NE(handle, nullptr) << dlerror();
    const auto found = this->find(dlsym(handle, "plugin_call"));
    std::filesystem::current_path(before);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->file, std::filesystem::canonical(plugin));
    dlclose(handle);
}

// A process that forks while another thread holds the loader's lock must not wait for it.
TEST(system_modules, are_found_without_the_loaders_lock) {
    if (dlsym(RTLD_DEFAULT, "_dl_find_object") == nullptr) GTEST_SKIP() << "an older C library";
    std::promise<void> done;
    std::future<void> is_done = done.get_future();
    std::thread finds;
    const auto with_lock = [](dl_phdr_info*, std::size_t, void* wait) {
        (*static_cast<std::function<void()>*>(wait))();
        return 1;
    };
    std::function<void()> find_meanwhile = [&] {
        finds = std::thread([&] {
            std::optional<module_copy> result;
            fil::system_modules::find(reinterpret_cast<std::uintptr_t>(&own_function), &copy_module,
                                      &result);
            EXPECT_TRUE(result);
            done.set_value();
        });
        EXPECT_EQ(is_done.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    };
    dl_iterate_phdr(with_lock, &find_meanwhile);
    finds.join();
}

TYPED_TEST(finder, knows_nothing_about_other_memory_and_keeps_errno) {
    std::vector<char> heap(100);
    errno = 77;
    EXPECT_FALSE(this->find(heap.data()));
    EXPECT_FALSE(this->find(nullptr));
    EXPECT_EQ(errno, 77);
}

}  // namespace
