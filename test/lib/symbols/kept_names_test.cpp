// What was found out about a file is kept as long as the file is what it was.

#include "symbols/kept_names.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fil {
namespace {

namespace fs = std::filesystem;
using report::frame;
using report::frame_kind;

class kept_names_test : public testing::Test {
  protected:
    kept_names_test() {
        char name[] = "/tmp/kept_names_XXXXXX";
        around = mkdtemp(name);
        module = around + "/module";
        fs::create_directory(around + "/code");
        module = around + "/code/module";
        std::ofstream(module) << "x";
    }
    ~kept_names_test() override { fs::remove_all(around); }

    frame named(std::string function, std::string file = "a b.cpp", std::uint32_t line = 7) {
        return {.function = std::move(function),
                .file = std::move(file),
                .line = line,
                .kind = frame_kind::native,
                .module = module};
    }

    std::string around, module;
    std::string folder() const { return around + "/cache/names"; }
    const std::string id = "0123456789abcdef";
};

TEST_F(kept_names_test, answers_come_back_as_they_were) {
    const kept_names kept(folder());
    EXPECT_TRUE(kept.read(module, id).empty());
    const kept_names::answers all{{0x1234, {named("main"), named("f<a, b>(int)")}},
                                  {7, {named("", "module+0x7", 0)}}};
    kept.write(module, id, all);
    EXPECT_EQ(kept.read(module, id), all);
    EXPECT_TRUE(kept.read(module, "ff").empty());
    EXPECT_TRUE(kept_names("").read(module, id).empty());
}

TEST_F(kept_names_test, a_file_or_its_surroundings_that_changed_are_read_anew) {
    const kept_names kept(folder());
    kept.write(module, id, {{1, {named("main")}}});
    ASSERT_EQ(kept.read(module, id).size(), 1u);
    std::ofstream(module) << "longer";
    EXPECT_TRUE(kept.read(module, id).empty());
    kept.write(module, id, {{1, {named("main")}}});
    fs::create_directory(around + "/code/.debug");
    EXPECT_TRUE(kept.read(module, id).empty());
}

TEST_F(kept_names_test, a_damaged_file_is_none) {
    const kept_names kept(folder());
    kept.write(module, id, {{1, {named("main")}}});
    const std::string path = folder() + "/" + id;
    const auto bytes = fs::file_size(path);
    for (std::uintmax_t cut = 0; cut < bytes; ++cut) {
        fs::resize_file(path, cut);
        EXPECT_TRUE(kept.read(module, id).empty()) << cut;
        kept.write(module, id, {{1, {named("main")}}});
    }
    std::ofstream(path, std::ios::app) << "5\n9999999\n";
    EXPECT_TRUE(kept.read(module, id).empty());
}

TEST_F(kept_names_test, what_is_no_line_or_has_a_number_is_not_kept) {
    const kept_names kept(folder());
    kept.write(module, id,
               {{1, {named("a\nb")}}, {2, {named("go<…>(int) #2")}}, {3, {named("f")}}});
    EXPECT_EQ(kept.read(module, id).size(), 1u);
}

TEST_F(kept_names_test, there_is_room_for_some_hundred_files) {
    const kept_names kept(folder());
    for (int i = 0; i < 320; ++i) kept.write(module, "id" + std::to_string(i), {{1, {named("f")}}});
    const auto files = std::distance(fs::directory_iterator(folder()), fs::directory_iterator());
    EXPECT_LE(files, 300);
    EXPECT_EQ(kept.read(module, "id319").size(), 1u);
}

TEST_F(kept_names_test, the_folder_is_the_users_own) {
    setenv("XDG_CACHE_HOME", around.c_str(), 1);
    EXPECT_EQ(kept_names::users_folder(), around + "/fil-profile/names");
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", around.c_str(), 1);
    EXPECT_EQ(kept_names::users_folder(), around + "/.cache/fil-profile/names");
    unsetenv("HOME");
    EXPECT_EQ(kept_names::users_folder(), "");
}

}  // namespace
}  // namespace fil
