// Pools: memory in which blocks of a pool come is reserve, and each byte counts once.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "checking_child.hpp"
#include "fil_announce.h"
#include "fil_hooks.h"
#include "process/process_life.hpp"

namespace fil {
namespace {

alignas(64) char blocks[8][4096];
constexpr std::uintptr_t base = std::uintptr_t{1} << 44;
constexpr std::size_t mib = 1 << 20;

const char* place(std::size_t mibs) {
    return reinterpret_cast<const char*>(base + mibs * mib);
}

std::int64_t live() {
    const process_recorder& recorder = *this_process.running();
    return recorder.header().live.load() + recorder.view().pending();
}
std::int64_t peak() {
    return std::max(this_process.recording().session()->peak.load(), live());
}

// Each in a process of its own, which records from nothing.
template <typename Body>
int status_of(Body&& body) {
    return status_of_child([&] {
        const fil_recorder_options options = FIL_RECORDER_OPTIONS_INIT;
        if (fil_recorder_start(&options, nullptr) != FIL_OK) _exit(255);
        body();
    });
}

TEST(pool, has_reserve_that_is_not_counted_and_blocks_that_are) {
    EXPECT_EQ(0, status_of([] {
                  fil_announce_pool_begin();
                  fil_record_alloc(blocks[0], 4096);                          // malloc
                  fil_record_map(place(0), 64 * mib, FIL_MAPPING_ANONYMOUS);  // mmap
                  fil_record_map(place(64), mib, FIL_MAPPING_RESERVED);
                  fil_record_protect(place(64), mib, FIL_ACCESS_YES);
                  fil_announce_pool_end();
                  HOLDS(1, live() == 0);
                  fil_announce_alloc(blocks[0] + 16, 100);
                  fil_announce_alloc(place(1), 5000);
                  fil_announce_alloc(place(64), 30);
                  HOLDS(2, live() == 5130);
                  fil_announce_free(place(1));
                  HOLDS(3, live() == 130);
                  fil_announce_free_range(blocks[0], 4096);
                  fil_announce_free(place(64));
                  HOLDS(4, live() == 0 && peak() == 5130);
                  fil_mapping_discard(fil_mapping_forget(place(0), 65 * mib));
                  fil_record_free(blocks[0]);
                  HOLDS(5, live() == 0);
                  fil_record_map(place(0), mib, FIL_MAPPING_ANONYMOUS);  // afterwards as ever
                  fil_record_alloc(blocks[0], 4096);
                  HOLDS(6, live() == std::int64_t{mib} + 4096);
              }));
}

TEST(pool, takes_a_mapping_that_was_counted_out_of_the_count_with_its_first_block) {
    EXPECT_EQ(0, status_of([] {
                  fil_record_alloc(blocks[0], 1000);
                  fil_record_map(place(0), 64 * mib, FIL_MAPPING_ANONYMOUS);
                  fil_record_map(place(64), 64 * mib, FIL_MAPPING_FILE);
                  HOLDS(1, live() == std::int64_t{64 * mib} + 1000);
                  for (std::size_t i = 0; i != 100; ++i) fil_announce_alloc(place(0) + i * 64, 64);
                  fil_announce_alloc(place(65), 7);
                  HOLDS(2, live() == 1000 + 6400 + 7);
                  // Nothing had gone, so no peak had ended: there never was more.
                  fil_record_free(blocks[0]);
                  HOLDS(3, peak() == 1000 + 6400 + 7);
              }));
}

TEST(pool, notices_that_its_place_has_become_another_mapping) {
    EXPECT_EQ(0, status_of([] {
                  for (int round = 0; round != 3; ++round) {
                      fil_record_map(place(0), mib, FIL_MAPPING_ANONYMOUS);
                      fil_announce_alloc(place(0), 10);
                      fil_announce_alloc(place(0) + 64, 10);
                      HOLDS(1, live() == 20);
                      fil_announce_free_range(place(0), mib);
                      fil_mapping_discard(fil_mapping_forget(place(0), mib));
                      HOLDS(2, live() == 0);
                  }
                  // So does another thread, and a child, which knows nothing of the mapping.
                  fil_announce_alloc(blocks[1], 8);
                  fil_record_map(place(0), mib, FIL_MAPPING_ANONYMOUS);
                  std::thread([] { fil_announce_alloc(place(0), 10); }).join();
                  HOLDS(3, live() == 18);
                  fil_record_map(place(8), mib, FIL_MAPPING_ANONYMOUS);
                  const pid_t child = fork();
                  if (child == 0) {
                      fil_announce_alloc(place(0), 10);
                      fil_record_map(place(8), mib, FIL_MAPPING_ANONYMOUS);
                      fil_announce_alloc(place(8), 10);
                      _exit(live() == 20 ? 0 : 1);
                  }
                  int status = 1;
                  waitpid(child, &status, 0);
                  HOLDS(4, status == 0);
              }));
}

TEST(pool, blocks_that_a_collector_moves_stay_what_they_are) {
    EXPECT_EQ(0, status_of([] {
                  fil_announce_alloc(place(1), 5000);
                  fil_announce_alloc(place(2), 70);
                  fil_announce_alloc(place(3), 8);
                  fil_announce_moved(place(2), place(4));
                  HOLDS(1, live() == 5078 && peak() == 5078);
                  HOLDS(2, fil_block_size(place(2)) == 0 && fil_block_size(place(4)) == 70);
                  fil_announce_moved(place(1), place(3));  // over one that is dead
                  HOLDS(3, live() == 5070 && fil_block_size(place(3)) == 5000);
                  // By less than its own size, as a collector that slides them does.
                  fil_announce_moved(place(3), place(3) - 32);
                  HOLDS(4, live() == 5070 && fil_block_size(place(3) - 32) == 5000);
                  fil_announce_moved(place(7), place(8));  // nothing is there
                  fil_announce_moved(nullptr, place(8));
                  fil_announce_moved(place(4), nullptr);
                  HOLDS(5, live() == 5070);
                  fil_announce_free(place(4));
                  fil_announce_free(place(3) - 32);
                  HOLDS(6, live() == 0 && peak() == 5078);
              }));
}

TEST(pool, blocks_without_an_address_have_an_id) {
    EXPECT_EQ(0, status_of([] {
                  for (std::uint32_t id = 0; id != 1000; ++id)
                      fil_announce_alloc(fil_announce_id(0, id), 1000);
                  fil_announce_alloc(fil_announce_id(1, 7), std::size_t{1} << 33);
                  fil_announce_alloc(fil_announce_id(63, 0xFFFFFFFF), 16);
                  HOLDS(1, live() == 1000 * 1000 + (std::int64_t{1} << 33) + 16);
                  fil_announce_free(fil_announce_id(1, 7));
                  fil_announce_free_range(fil_announce_id(0, 100), 64 * 900);
                  HOLDS(2, live() == 100 * 1000 + 16);
                  fil_announce_free(fil_announce_id(63, 0xFFFFFFFF));
                  HOLDS(3, live() == 100 * 1000);
              }));
}

TEST(pool, begins_and_ends_nest_and_are_the_threads_own) {
    EXPECT_EQ(0, status_of([] {
                  fil_announce_pool_begin();
                  fil_announce_pool_begin();
                  fil_announce_pool_end();
                  fil_record_map(place(0), mib, FIL_MAPPING_ANONYMOUS);
                  std::thread([] { fil_record_map(place(8), mib, FIL_MAPPING_ANONYMOUS); }).join();
                  fil_announce_alloc(place(0), 40);  // announced before the end
                  HOLDS(1, live() == std::int64_t{mib} + 40);
                  fil_announce_pool_end();
                  fil_announce_pool_end();  // one too many
                  fil_record_alloc(blocks[0], 100);
                  HOLDS(2, live() == std::int64_t{mib} + 140);
              }));
}

// What a guard silences is what comes: what is gone is gone.
TEST(pool, of_others_gives_back_what_was_counted) {
    EXPECT_EQ(0, status_of([] {
                  fil_record_map(place(0), mib, FIL_MAPPING_ANONYMOUS);
                  fil_guard_raise();
                  fil_record_map(place(8), mib, FIL_MAPPING_ANONYMOUS);
                  fil_pool_alloc(blocks[0], 10);  // of an allocator inside, whose caller is counted
                  fil_mapping_discard(fil_mapping_forget(place(0), mib));
                  fil_guard_lower();
                  HOLDS(1, live() == 0);
              }));
}

// However much: nothing waits for the end, and nothing has no room to wait.
TEST(pool, that_takes_memory_gives_back_what_it_held_before) {
    EXPECT_EQ(0, status_of([] {
                  constexpr std::size_t many = 100;
                  for (std::size_t i = 0; i != many; ++i) {
                      fil_record_alloc(blocks[0] + i * 16, 10);
                      fil_announce_alloc(place(0) + i * 64, 10);
                      fil_announce_alloc(place(1) + i * 64, 10);
                  }
                  HOLDS(1, live() == std::int64_t{3 * 10 * many});
                  fil_announce_pool_begin();
                  for (std::size_t i = 0; i != many; ++i) fil_record_free(blocks[0] + i * 16);
                  HOLDS(2, live() == std::int64_t{2 * 10 * many});
                  for (std::size_t i = 0; i != many; ++i) fil_announce_free(place(0) + i * 64);
                  HOLDS(3, live() == std::int64_t{10 * many});
                  fil_announce_free_range(place(1), mib);
                  HOLDS(4, live() == 0);
                  fil_announce_pool_end();
                  HOLDS(5, live() == 0 && peak() == std::int64_t{3 * 10 * many});
                  HOLDS(6, this_process.running()->header().dropped_events == 0);
              }));
}

TEST(pool, whose_realloc_is_refused_leaves_the_block_counted) {
    EXPECT_EQ(0, status_of([] {
                  fil_record_alloc(blocks[0], 100);
                  fil_guard_raise();
                  const fil_block block = fil_block_forget(blocks[0]);
                  HOLDS(1, block.bytes == 100 && live() == 0);
                  fil_block_restore(blocks[0], block);
                  fil_guard_lower();
                  HOLDS(2, live() == 100);
              }));
}

[[gnu::noinline]] void throw_in_pool() {
    fil_announce_pool_begin();
    throw 1;
}
[[gnu::noinline]] void throw_below() {
    volatile char room[4096];
    room[0] = 0;
    throw_in_pool();
    EXPECT_EQ(room[0], 0);
}

TEST(pool, whose_end_was_never_reached_silences_nothing_that_comes_later) {
    EXPECT_EQ(0, status_of([] {
                  try {
                      throw_below();
                  } catch (int) {
                  }
                  fil_record_alloc(blocks[0], 100);
                  fil_record_map(place(0), mib, FIL_MAPPING_ANONYMOUS);
                  HOLDS(1, live() == std::int64_t{mib} + 100);
              }));
}

}  // namespace
}  // namespace fil
