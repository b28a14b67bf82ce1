#include "session/kept_recording.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "fil/report/usage_reader.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

class kept_recording : public testing::Test {
  protected:
    ~kept_recording() override { std::filesystem::remove_all(here); }
    std::string unique = "/tmp/fil-test-XXXXXX";
    std::string here = mkdtemp(unique.data());
    std::string file = here + "/kept";
};

TEST_F(kept_recording, is_read_as_the_one_it_was_made_of) {
    const auto bytes = small_recording();
    // In memory of its own: what is kept is what is resident.
    void* base = system_pages::map(bytes.size());
    std::memcpy(base, bytes.data(), bytes.size());
    keep_recording({base, bytes.size()}, file);
    system_pages::unmap(base, bytes.size());

    std::ifstream from(file, std::ios::binary);
    const std::string read{std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
    const recording_view view(read.data(), read.size());
    ASSERT_EQ(view.check(), recording_check::good);
    session_page session{};
    session.peak = 4'900;
    EXPECT_EQ(read_usage(view, session).used_bytes(), 4'900);
    struct stat status {};
    stat(file.c_str(), &status);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(kept_recording, replaces_nothing_and_follows_no_link) {
    const auto bytes = small_recording();
    const recording_view view(bytes.data(), bytes.size());
    std::ofstream(here + "/precious") << "data";
    std::filesystem::create_symlink(here + "/precious", file);
    EXPECT_THROW(fil::keep_recording(view, file), std::system_error);
    EXPECT_THROW(fil::keep_recording(view, here + "/precious"), std::system_error);
    EXPECT_THROW(fil::keep_recording(view, here + "/missing/kept"), std::system_error);
    EXPECT_EQ(std::filesystem::file_size(here + "/precious"), 4u);
}

}  // namespace
}  // namespace fil
