#include "fil/capture/modules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "os/linux_system.hpp"
#include "scratch_recording.hpp"

namespace {

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

}  // namespace
