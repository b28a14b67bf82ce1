// One file, asked about its code: with debug information, with symbols alone, with neither.

#include "symbols/debug_info.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <string>

#include "sample.hpp"

namespace fil {
namespace {

std::string sample_file(const std::string& name) {
    return std::string(FIL_SAMPLES) + "/" + name;
}

// The call before a return address, counted from the module's beginning.
std::uint64_t address_before(const void* return_address) {
    Dl_info module;
    EXPECT_NE(dladdr(return_address, &module), 0);
    return static_cast<std::uint64_t>(static_cast<const char*>(return_address) - 1 -
                                      static_cast<const char*>(module.dli_fbase));
}

TEST(debug_info, a_file_that_is_none_cannot_be_read_and_answers_with_nothing) {
    for (const char* file : {FIL_SAMPLE_SOURCE, "/nowhere", "/tmp", "/dev/null"}) {
        debug_info none(file);
        EXPECT_FALSE(none.readable()) << file;
        EXPECT_EQ(none.build_id() + none.symbol_at(0), "") << file;
        EXPECT_TRUE(none.places_at(0).empty()) << file;
    }
}

TEST(debug_info, copies_of_a_file_have_its_build_id) {
    const std::string id = debug_info(sample_file("libsample.so")).build_id();
    EXPECT_EQ(id.size(), 40u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), id.npos);
    EXPECT_EQ(debug_info(sample_file("libsample-stripped.so")).build_id(), id);
}

TEST(debug_info, places_are_known_where_there_is_debug_information_and_symbols_where_there_are) {
    const std::uint64_t hidden = address_before(sample_hidden_call());
    debug_info whole(sample_file("libsample.so")), names(sample_file("libsample-symbols.so")),
        bare(sample_file("libsample-stripped.so"));
    ASSERT_EQ(whole.places_at(hidden).size(), 1u);
    EXPECT_EQ(whole.places_at(hidden)[0].function, "sample::hidden()");
    EXPECT_TRUE(names.places_at(hidden).empty());
    EXPECT_EQ(names.symbol_at(hidden), "sample::hidden()");
    EXPECT_TRUE(bare.places_at(hidden).empty());
    EXPECT_EQ(bare.symbol_at(hidden), "");
}

TEST(debug_info, no_code_lies_beyond_the_file) {
    debug_info whole(sample_file("libsample.so"));
    EXPECT_TRUE(whole.places_at(~std::uint64_t{0}).empty());
    EXPECT_EQ(whole.symbol_at(~std::uint64_t{0}), "");
}

TEST(debug_info, what_is_mapped_of_a_file_is_allowed_beside_our_memory) {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    rlimit before{}, now{};
    ASSERT_EQ(getrlimit(RLIMIT_DATA, &before), 0);
    rlimit limited = before;
    limited.rlim_cur = rlim_t{1} << 30;
    ASSERT_EQ(setrlimit(RLIMIT_DATA, &limited), 0);
    EXPECT_TRUE(debug_info(program).readable());
    EXPECT_EQ(getrlimit(RLIMIT_DATA, &now), 0);
    setrlimit(RLIMIT_DATA, &before);
    EXPECT_EQ(now.rlim_cur, limited.rlim_cur + std::filesystem::file_size(program));
}

}  // namespace
}  // namespace fil
