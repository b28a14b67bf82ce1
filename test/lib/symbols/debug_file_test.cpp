// Debug information beside the file it is of, right and wrong, as debug_info looks for it.

#include "symbols/debug_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "sample.hpp"
#include "scratch_folder.hpp"
#include "symbols/debug_info.hpp"

namespace fil {
namespace {

namespace fs = std::filesystem;

struct debug_file : testing::Test {
    // A copy of the sample that is linked with its debug information, which is elsewhere.
    std::string copied(const std::string& name) const {
        fs::copy_file(fs::path(FIL_SAMPLES) / name, folder / name);
        return folder / name;
    }
    void give(const std::string& place, const fs::path& file) const {
        fs::create_directories(fs::path(folder / place).parent_path());
        fs::copy_file(file, folder / place, fs::copy_options::overwrite_existing);
    }
    // What is not ours, and is of another build.
    static fs::path other() { return fs::read_symlink("/proc/self/exe"); }

    // Whether it was found; what is there and does not fit.
    static std::pair<bool, std::string> found(const std::string& file) {
        debug_info info(file);
        const std::uint64_t somewhere = 0;
        info.places_at(somewhere);
        return {has_lines(info), info.unfit_debug_file()};
    }
    static bool has_lines(debug_info& info) {
        for (std::uint64_t at = 0x1000; at < 0x2000; ++at)
            if (!info.places_at(at).empty()) return true;
        return false;
    }
    using answer = std::pair<bool, std::string>;

    const test::scratch_folder folder;
    const fs::path right = fs::path(FIL_SAMPLES) / "libsample.debug";
};

TEST_F(debug_file, is_beside_the_file_or_in_a_folder_beside_it) {
    const std::string linked = copied("libsample-linked.so");
    EXPECT_EQ(found(linked), answer(false, ""));
    give(".debug/libsample.debug", right);
    EXPECT_EQ(found(linked), answer(true, ""));
    fs::remove_all(folder / ".debug");
    give("libsample.debug", right);
    EXPECT_EQ(found(linked), answer(true, ""));
    const fs::path before = fs::current_path();
    fs::current_path(folder.path());
    EXPECT_EQ(found("libsample-linked.so"), answer(true, "")) << "by a relative name";
    fs::current_path(before);
}

TEST_F(debug_file, of_another_build_is_named_and_not_believed) {
    const std::string linked = copied("libsample-linked.so");
    give("libsample.debug", other());
    EXPECT_EQ(found(linked), answer(false, folder / "libsample.debug"));
    give(".debug/libsample.debug", right);
    EXPECT_EQ(found(linked), answer(true, "")) << "another one fits";
}

TEST_F(debug_file, without_a_build_id_is_believed_by_its_checksum) {
    const std::string unnamed = copied("libsample-unnamed.so");
    ASSERT_EQ(debug_info(unnamed).build_id(), "");
    give("libsample.debug", right);
    EXPECT_EQ(found(unnamed), answer(true, ""));
    std::ofstream(folder / "libsample.debug", std::ios::app) << "x";
    EXPECT_EQ(found(unnamed), answer(false, folder / "libsample.debug"));
}

TEST_F(debug_file, that_is_none_or_the_file_itself_is_not_taken) {
    const std::string linked = copied("libsample-linked.so");
    fs::create_symlink("libsample-linked.so", folder / "libsample.debug");
    EXPECT_EQ(found(linked), answer(false, ""));
    give(".debug/libsample.debug", right);
    EXPECT_EQ(found(linked), answer(true, "")) << "it was looked further";
    fs::remove_all(folder / ".debug");
    fs::remove(folder / "libsample.debug");
    folder.write("libsample.debug", "no debug information");
    EXPECT_EQ(found(linked), answer(false, folder / "libsample.debug"));
}

}  // namespace
}  // namespace fil
