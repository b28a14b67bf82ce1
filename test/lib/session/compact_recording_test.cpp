#include "session/compact_recording.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "os/os.hpp"
#include "read_all.hpp"
#include "small_recording.hpp"

namespace fil {
namespace {

// small_recording() in memory of its own, closed at a peak of 4,900: 49 callstacks of 100 bytes.
class compacted : public testing::Test {
  protected:
    compacted() : bytes_(small_recording()) {
        bytes_.resize(bytes_.size() + recording_page);
        header().closed = 1;
        header().closed_at = peak;
        session.peak = peak;
    }
    ~compacted() override {
        if (made.address != nullptr) os::unmap(made.address, made.bytes);
    }
    recording_header& header() { return *reinterpret_cast<recording_header*>(bytes_.data()); }
    recording_view view() const { return {bytes_.data(), bytes_.size()}; }
    recording_view small() const { return {made.address, made.bytes}; }

    static std::map<std::string, std::int64_t> lines(const recording_view& of,
                                                     const session_page& session) {
        std::map<std::string, std::int64_t> found;
        const auto read = read_snapshot(of, read_usage(of, session), {}, no_symbols);
        for (const auto& [at, used] : read.snapshot.used(mapping_kind::anonymous)) {
            std::string stack;
            for (auto i = at; i != report::callstack_index::empty;
                 i = read.snapshot.callstacks()[to_index(i)].caller)
                stack += std::to_string(
                             read.snapshot
                                 .frames()[to_index(read.snapshot.callstacks()[to_index(i)].frame)]
                                 .line) +
                         " ";
            found[stack] += used.bytes;
        }
        return found;
    }

    static constexpr std::int64_t peak = 4'900;
    session_page session{};
    compact_memory made;

  private:
    std::vector<std::byte> bytes_;
};

TEST_F(compacted, says_of_the_peak_what_the_whole_recording_says) {
    ASSERT_EQ(compact_recording(view(), peak, made), compacting::done);
    ASSERT_EQ(small().check(), recording_check::good);
    EXPECT_EQ(lines(small(), session), lines(view(), session));
    EXPECT_EQ(read_usage(small(), session).used_bytes(), peak);
    EXPECT_LE(small().used_bytes(), view().used_bytes());
    EXPECT_EQ(small().header().pid, header().pid);
}

TEST_F(compacted, has_nothing_at_a_higher_peak) {
    ASSERT_EQ(compact_recording(view(), peak, made), compacting::done);
    session.peak = peak + 1;
    EXPECT_EQ(read_usage(small(), session).used_bytes(), 0);
}

TEST_F(compacted, is_not_made_of_a_process_that_was_gone_before_the_peak) {
    EXPECT_EQ(compact_recording(view(), peak + 1, made), compacting::held_nothing);
    EXPECT_EQ(made.address, nullptr);
}

TEST_F(compacted, is_not_made_of_a_damaged_one) {
    header().callstacks_page = page_number{1u << 30};
    EXPECT_EQ(compact_recording(view(), peak, made), compacting::damaged);
    EXPECT_EQ(made.address, nullptr);
}

}  // namespace
}  // namespace fil
