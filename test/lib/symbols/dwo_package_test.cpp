// Packages that are none, or damaged; what whole ones hold is shown by
// test/e2e/test_native_names.py.

#include "symbols/dwo_package.hpp"

#include <elfutils/libdwfl.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "elf_text.hpp"
#include "os/cold/files.hpp"
#include "scratch_folder.hpp"

namespace fil {
namespace {

namespace fs = std::filesystem;

// An index of no units: its version, and how many columns, units and slots there are.
std::string package() {
    const std::uint32_t head[] = {5, 0, 0, 0};
    return test::elf_text({{".debug_info.dwo", "x"}, {".debug_cu_index", test::bytes_of(head)}});
}

struct dwo_packages : testing::Test {
    dwo_packages() { setenv("TMPDIR", places.path().c_str(), 1); }
    ~dwo_packages() override { unsetenv("TMPDIR"); }

    bool has_copy(const std::string& content) {
        folder.write("program.dwp", content);
        return dwo_package(program).copy_of_file().number() >= 0;
    }

    const test::scratch_folder folder, places;
    const std::string program = folder.write("program", "the program");
};

TEST_F(dwo_packages, a_file_without_one_has_no_copy) {
    EXPECT_EQ(dwo_package(program).copy_of_file().number(), -1);
    EXPECT_TRUE(fs::is_empty(places.path()));
}

TEST_F(dwo_packages, a_copy_is_there_as_long_as_the_package) {
    folder.write("program.dwp", package());
    {
        const dwo_package made(program);
        char text[32];
        const file_descriptor copy = made.copy_of_file();
        ASSERT_EQ(os::read_at(copy.number(), text, sizeof text, 0), 11);
        EXPECT_EQ(std::string(text, 11), "the program");
        EXPECT_FALSE(fs::is_empty(places.path()));
        EXPECT_EQ(fs::status(*fs::directory_iterator(places.path())).permissions(),
                  fs::perms(0700));
    }
    EXPECT_TRUE(fs::is_empty(places.path()));
    fs::remove(program);
    EXPECT_EQ(dwo_package(program).copy_of_file().number(), -1);
}

TEST_F(dwo_packages, without_a_folder_for_temporary_files_it_is_where_others_are) {
    const fs::path before = fs::current_path();
    setenv("TMPDIR", (places / "no").c_str(), 1);
    fs::current_path(places.path());
    folder.write("program.dwp", package());
    {
        const dwo_package made(program);
        EXPECT_GE(made.copy_of_file().number(), 0);
        EXPECT_TRUE(fs::is_empty(places.path())) << "nothing comes where we happen to be";
    }
    fs::current_path(before);
}

TEST_F(dwo_packages, that_are_damaged_are_none) {
    const std::string whole = package();
    EXPECT_TRUE(has_copy(whole));
    EXPECT_FALSE(has_copy("no package"));
    EXPECT_FALSE(has_copy(test::elf_text({{".text", "code"}}))) << "it has no index";
    for (std::size_t bytes = 0; bytes < whole.size(); bytes += 3)
        EXPECT_FALSE(has_copy(whole.substr(0, bytes))) << bytes;
    for (std::size_t at = 0; at < whole.size(); at += 2) {
        std::string changed = whole;
        changed[at] = static_cast<char>(~changed[at]);
        has_copy(changed);
    }
    EXPECT_TRUE(fs::is_empty(places.path()));
}

TEST_F(dwo_packages, a_unit_that_has_all_it_needs_is_not_unpacked) {
    const Dwfl_Callbacks callbacks = {nullptr, dwfl_standard_find_debuginfo,
                                      dwfl_offline_section_address, nullptr};
    const std::unique_ptr<Dwfl, void (*)(Dwfl*)> session(dwfl_begin(&callbacks), dwfl_end);
    Dwfl_Module* const module =
        dwfl_report_offline(session.get(), "", FIL_SAMPLES "/libsample.so", -1);
    dwfl_report_end(session.get(), nullptr, nullptr);
    Dwarf_Addr bias = 0;
    Dwarf_Die* const unit = dwfl_module_nextcu(module, nullptr, &bias);
    ASSERT_NE(unit, nullptr);
    folder.write("program.dwp", package());
    const dwo_package made(program);
    made.unpack(*unit);
    EXPECT_TRUE(fs::is_empty(*fs::directory_iterator(places.path())));
}

}  // namespace
}  // namespace fil
