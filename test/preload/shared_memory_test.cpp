// System V shared memory: what shmat and shmdt tell the recorder, and when.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include <memory>

#include "attachments.hpp"
#include "fake_recorder.hpp"
#include "real.hpp"
#include "replaced.hpp"

using fil::preload::attachments;
using fil::preload::real;

namespace {

constexpr std::size_t page = 4096;

class segment : public testing::Test {
  protected:
    ~segment() override { shmctl(id_, IPC_RMID, nullptr); }
    int id_ = shmget(IPC_PRIVATE, 3 * page + 1, IPC_CREAT | 0600);
};

TEST_F(segment, is_shared_memory_in_whole_pages_until_it_is_detached) {
    fake::start();
    void* at = shmat(id_, nullptr, 0);
    EXPECT_EQ(fake::names(), "map-shared");
    EXPECT_EQ(fake::find("map-shared").address, at);
    EXPECT_EQ(fake::find("map-shared").bytes, 4 * page);
    static_cast<char*>(at)[3 * page] = 1;
    fake::start();
    fake::known_pieces = reinterpret_cast<fil_pieces*>(0x1234);
    EXPECT_EQ(shmdt(at), 0);
    EXPECT_EQ(fake::names(), "forget-range discard");
    EXPECT_EQ(fake::find("forget-range").bytes, 4 * page);
}

TEST_F(segment, is_forgotten_before_the_real_call_and_restored_if_that_fails) {
    void* at = shmat(id_, nullptr, 0);
    {
        replaced here(
            real.shmdt, +[](const void*) {
                fake::note("real");
                return -1;
            });
        fake::start();
        fake::known_pieces = reinterpret_cast<fil_pieces*>(0x1234);
        EXPECT_EQ(shmdt(at), -1);
        EXPECT_EQ(fake::names(), "forget-range real restore");
    }
    fake::start();
    EXPECT_EQ(shmdt(at), 0);
    EXPECT_EQ(fake::find("forget-range").bytes, 4 * page);  // still known
}

TEST_F(segment, over_something_else_forgets_that_first) {
    void* range =
        mmap(nullptr, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fake::start();
    fake::known_pieces = reinterpret_cast<fil_pieces*>(0x1234);
    ASSERT_EQ(shmat(id_, range, SHM_REMAP), range);
    EXPECT_EQ(fake::names(), "forget-range discard map-shared");
    shmdt(range);
}

TEST_F(segment, that_cannot_be_attached_is_nothing) {
    fake::start();
    EXPECT_EQ(shmat(id_, reinterpret_cast<void*>(1), 0), reinterpret_cast<void*>(-1));
    EXPECT_EQ(shmdt(reinterpret_cast<void*>(16 * page)), -1);
    EXPECT_EQ(fake::names(), "");
}

TEST(attachments, have_room_again_for_what_was_taken) {
    const auto table = std::make_unique<attachments>();
    const auto at = [](std::size_t number) { return reinterpret_cast<void*>(number * page); };
    std::size_t count = 0;
    while (table->add(at(count + 1), count)) ++count;
    EXPECT_EQ(count, 1024u);
    EXPECT_EQ(table->take(at(count + 1)), 0u);
    EXPECT_EQ(table->take(at(500)), 499u);
    EXPECT_EQ(table->take(at(500)), 0u);
    EXPECT_TRUE(table->add(at(500), 7));
    EXPECT_EQ(table->take(at(500)), 7u);
}

}  // namespace
