#include "process/recording_names.hpp"

#include <gtest/gtest.h>

namespace fil {
namespace {

TEST(recording_names, the_first_of_a_process_has_no_number) {
    EXPECT_EQ(recording_name("/out/s", 42, 1).view(), "/out/s/42.recording");
    EXPECT_EQ(recording_name("/out/s", 42, 2).view(), "/out/s/42-2.recording");
}

TEST(recording_names, what_does_not_fit_is_empty_for_good) {
    file_name name;
    name += std::string(longest_folder, 'x');
    EXPECT_FALSE(name.is_cut());
    (name += std::string(100, 'y')) += "z";
    EXPECT_TRUE(name.is_cut());
    EXPECT_STREQ(name.text(), "");
}

TEST(recording_names, an_address_names_a_machine_and_a_whole_folder) {
    files_address address;
    ASSERT_TRUE(parse_files_address("files:18446744073709551615:/out/a:b", address));
    EXPECT_EQ(address.machine, ~std::uint64_t{0});
    EXPECT_EQ(address.folder, "/out/a:b");
    for (const char* const other :
         {"", "files:", "files:1", "files:1:", "files:1:out", "files::/out", "files:x:/out",
          "files:18446744073709551616:/out", "1:/out"})
        EXPECT_FALSE(parse_files_address(other, address)) << other;
}

}  // namespace
}  // namespace fil
