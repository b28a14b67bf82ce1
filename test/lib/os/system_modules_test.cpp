// What the dynamic loader says of the modules of this process.

#include "os/system_modules.hpp"

#include <dlfcn.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

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
struct finder : testing::Test {
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

std::uintptr_t number_of(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address);
}

TEST(system_modules, visit_each_ones_code) {
    std::vector<std::uintptr_t> seen;
    const auto note = [](void* context, std::uintptr_t code) {
        static_cast<std::vector<std::uintptr_t>*>(context)->push_back(code);
    };
    fil::system_modules::for_each(note, &seen);
    std::vector<std::string> files;
    for (const std::uintptr_t code : seen) {
        const auto found = finder<fil::system_modules>::find(reinterpret_cast<void*>(code));
        ASSERT_TRUE(found);
        files.push_back(found->file);
    }
    std::ranges::sort(files);
    EXPECT_EQ(std::ranges::adjacent_find(files), files.end());
    EXPECT_TRUE(std::ranges::binary_search(files, "[vdso]") || getauxval(AT_SYSINFO_EHDR) == 0);
    EXPECT_TRUE(std::ranges::binary_search(
        files, std::filesystem::read_symlink("/proc/self/exe").string()));
}

TEST(system_modules, are_named_as_the_loader_has_them) {
    Dl_info libc;
    ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, "qsort"), &libc), 0);
    errno = 77;
    EXPECT_EQ(fil::module_name(number_of(dlsym(RTLD_DEFAULT, "qsort"))), libc.dli_fname);
    EXPECT_EQ(fil::module_name(number_of(reinterpret_cast<void*>(&own_function))), "");
    EXPECT_EQ(fil::module_name(0), "");
    EXPECT_EQ(errno, 77);
}

TEST(system_modules, have_unwind_tables_within_one_segment) {
    if (dlsym(RTLD_DEFAULT, "_dl_find_object") == nullptr) GTEST_SKIP() << "an older C library";
    for (const void* code :
         {reinterpret_cast<void*>(&own_function), dlsym(RTLD_DEFAULT, "qsort")}) {
        const fil::unwind_tables found = fil::tables_without_lock(number_of(code));
        ASSERT_NE(found.index, 0u);
        EXPECT_LE(found.begin, found.index);
        EXPECT_LT(found.index, found.end);
        EXPECT_EQ(*reinterpret_cast<const unsigned char*>(found.index), 1) << "its version";
    }
    EXPECT_EQ(fil::tables_without_lock(0).index, 0u);
}

}  // namespace
