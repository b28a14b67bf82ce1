// The recorder with plain events and a scripted source, against a naive model.

#include "fil/track/recorder.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <map>
#include <random>
#include <thread>
#include <vector>

#include "fil/recording/view.hpp"
#include "fil/report/snapshot_reader.hpp"
#include "recorder_fixture.hpp"

namespace fil {
namespace {

// What the recorder must agree with: the whole state is copied whenever live is highest.
struct naive_model {
    std::map<std::uintptr_t, std::pair<callstack_id, std::int64_t>> blocks;
    std::map<callstack_id, std::int64_t> now, at_peak;
    std::int64_t live = 0, peak = 0;

    void alloc(std::uintptr_t address, std::int64_t size, callstack_id who) {
        free(address);
        blocks[address] = {who, size};
        now[who] += size;
        live += size;
        note();
    }
    void free(std::uintptr_t address) {
        auto block = blocks.find(address);
        if (block == blocks.end()) return;
        now[block->second.first] -= block->second.second;
        live -= block->second.second;
        blocks.erase(block);
        std::erase_if(now, [](const auto& entry) { return entry.second == 0; });
    }
    void note() {
        if (live <= peak) return;
        peak = live;
        at_peak = now;
    }
};

TEST(recorder, freed_before_the_peak_is_absent) {
    fixture<> f;
    const callstack_id early = f.stack(1), late = f.stack(2);
    f.alloc(0x10000, 100, early);
    f.free(0x10000);
    f.alloc(0x20000, 1000, late);
    EXPECT_EQ(f.at_peak(), (std::map<callstack_id, std::int64_t>{{late, 1000}}));
}

TEST(recorder, freed_after_the_peak_is_present) {
    fixture<> f;
    const callstack_id one = f.stack(1), two = f.stack(2);
    f.alloc(0x10000, 1000, one);
    f.free(0x10000);
    f.alloc(0x20000, 10, two);
    EXPECT_EQ(f.at_peak(), (std::map<callstack_id, std::int64_t>{{one, 1000}}));
    EXPECT_EQ(f.session.peak, 1000);
}

TEST(recorder, agrees_with_a_naive_model_at_every_step) {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        fixture<extents_observer> f;
        naive_model model;
        std::mt19937 random(seed);
        std::vector<callstack_id> stacks;
        int fast = 0, slow = 0;
        for (std::uint32_t line = 0; line < 12; ++line) stacks.push_back(f.stack(line));
        for (int step = 0; step < 3000; ++step) {
            // In two leaves. Fast where it can be, or slow anyway: both count alike.
            const std::uintptr_t address =
                0x7f00'0000'0000 + (random() % 2) * 0x100'0000 + (random() % 32) * 4096;
            bool tries_fast = random() % 4 != 0;
            // Growing and shrinking phases, so that there are several peaks.
            const bool grow = random() % 100 < ((step / 300) % 2 == 0 ? 65u : 35u);
            if (grow) {
                const std::uint64_t size = random() % 5 == 0 ? random() % 200000 : random() % 600;
                const callstack_id who = stacks[random() % stacks.size()];
                // A tiny block whose free got lost is found on the slow path alone.
                const auto lost = model.blocks.find(address);
                const bool is_lost = lost != model.blocks.end() && lost->second.second <= 16;
                tries_fast = tries_fast && !is_lost;
                model.alloc(address, static_cast<std::int64_t>(size), who);
                const bool was_fast = tries_fast && f.alloc_fast(address, size, who);
                if (!tries_fast) f.alloc(address, size, who);
                ++(was_fast ? fast : slow);
            } else {
                model.free(address);
                const bool was_fast = tries_fast && f.free_fast(address);
                if (!tries_fast) f.free(address);
                ++(was_fast ? fast : slow);
            }
            const auto where = testing::Message() << "seed " << seed << " step " << step;
            // The model notes a peak when it happens, the recorder before it passes.
            auto found = f.at_peak();
            auto expected = model.at_peak;
            std::int64_t sum = 0;
            for (const auto& [id, bytes] : found) sum += bytes;
            ASSERT_EQ(sum, model.peak) << where;
            ASSERT_EQ(f.session.live + f.view().pending(), model.live) << where;
            ASSERT_EQ(f.events->observer().blocks.size(), model.blocks.size()) << where;
            std::erase_if(expected, [](const auto& entry) { return entry.second == 0; });
            if (model.live < model.peak) {
                ASSERT_EQ(found, expected) << where;
            }
        }
        EXPECT_GT(fast, 500);
        EXPECT_GT(slow, 500);
        for (const auto& [address, block] : f.events->observer().blocks) {
            EXPECT_EQ(model.blocks.at(address).first, block.callstack);
        }
    }
}

TEST(recorder, a_block_put_over_a_lost_one_replaces_it) {
    fixture<> f;
    const callstack_id lost = f.stack(1), found = f.stack(2);
    f.alloc(0x10000, 100, lost);
    f.alloc(0x10010, 48, found);  // where the lost block's size stands
    EXPECT_EQ(f.at_peak(), (std::map<callstack_id, std::int64_t>{{lost, 100}}));
    f.free(0x10010);
    f.free(0x10000);
    EXPECT_EQ(f.session.live + f.view().pending(), 0);
}

TEST(recorder, a_free_inside_an_event_is_accounted_for_when_the_event_ends) {
    fixture<> f;
    const callstack_id who = f.stack(1);
    f.alloc(0x10000, 100, who);
    f.events->record_nested_free(f.thread, 0x10000);
    EXPECT_EQ(f.session.live + f.view().pending(), 100);
    f.events->end_event(*f.thread);
    EXPECT_EQ(f.session.live + f.view().pending(), 0);
}

TEST(recorder, mappings_of_other_kinds_do_not_raise_the_peak) {
    fixture<> f;
    scripted_source::next = f.stack(1);
    f.events->record_map(*f.thread, 0x100000, 0x10000, mapping_kind::anonymous);
    f.events->record_map(*f.thread, 0x200000, 0x20000, mapping_kind::file);
    f.events->record_map(*f.thread, 0x300000, 0x30000, mapping_kind::reserved);
    EXPECT_EQ(f.session.live + f.view().pending(), 0x10000);
    EXPECT_EQ(f.at_peak(mapping_kind::file).at(f.stack(1)), 0x20000);
    f.events->mapped().protect(*f.thread, 0x300000, 0x1000, mapping_access::accessible);
    EXPECT_EQ(f.session.live + f.view().pending(), 0x11000);
    EXPECT_EQ(f.at_peak(mapping_kind::reserved).at(f.stack(1)), 0x2f000);
}

TEST(recorder, what_goes_from_beside_the_peak_was_there_at_it) {
    fixture<> f;
    const callstack_id maps = f.stack(1), holds = f.stack(2);
    scripted_source::next = maps;
    f.events->record_map(*f.thread, 0x100000, 0x8000, mapping_kind::file);
    f.alloc(0x10000, 1000, holds);
    f.events->mapped().discard(f.events->mapped().forget(*f.thread, 0x100000, 0x8000));
    EXPECT_EQ(f.at_peak(), (std::map<callstack_id, std::int64_t>{{holds, 1000}}));
    EXPECT_EQ(f.at_peak(mapping_kind::file).at(maps), 0x8000);
    f.free(0x10000);
    f.close();
    EXPECT_EQ(f.at_peak(mapping_kind::file).at(maps), 0x8000);
    EXPECT_EQ(f.session.peak, 1000);
}

TEST(recorder, what_another_thread_has_not_published_counts_when_a_mapping_goes) {
    fixture<> f;
    const callstack_id maps = f.stack(1), holds = f.stack(2);
    thread_state* other = f.events->lease();
    scripted_source::next = maps;
    f.events->record_map(*f.thread, 0x100000, 0x8000, mapping_kind::shared);
    scripted_source::next = holds;
    f.events->record_alloc(*other, 0x10000, 1000);
    f.events->mapped().discard(f.events->mapped().forget(*f.thread, 0x100000, 0x8000));
    EXPECT_EQ(f.session.peak, 1000);
    EXPECT_EQ(f.at_peak(mapping_kind::shared).at(maps), 0x8000);
}

TEST(recorder, shared_anonymous_mappings_are_in_the_peak_arenas_are_reserved) {
    fixture<> f;
    scripted_source::next = f.stack(1);
    f.events->record_map(*f.thread, 0x100000, 0x1000, mapping_kind::shared_anonymous);
    f.events->record_map(*f.thread, 0x200000, 0x20000, mapping_kind::arena);
    EXPECT_EQ(f.session.live + f.view().pending(), 0x1000);
    f.events->mapped().protect(*f.thread, 0x200000, 0x20000, mapping_access::none);
    f.events->mapped().protect(*f.thread, 0x200000, 0x10000, mapping_access::accessible);
    EXPECT_EQ(f.session.live + f.view().pending(), 0x1000);
    EXPECT_EQ(f.at_peak(mapping_kind::reserved).at(f.stack(1)), 0x20000);
    EXPECT_EQ(f.at_peak(mapping_kind::shared_anonymous).at(f.stack(1)), 0x1000);
}

TEST(recorder, shared_memory_is_counted_as_long_as_a_view_of_it_lives) {
    fixture<> f;
    const callstack_id first = scripted_source::next = f.stack(1);
    f.events->record_map(*f.thread, 0x100000, 0x2000, mapping_kind::shared_anonymous);
    f.events->record_map(*f.thread, 0x200000, 0x2000, mapping_kind::shared);
    scripted_source::next = f.stack(2);
    f.events->record_view(*f.thread, 0x101000, 0x300000, 0x1000, mapping_kind::shared);
    f.events->record_view(*f.thread, 0x201000, 0x400000, 0x1000, mapping_kind::shared);
    f.events->record_view(*f.thread, 0x202000, 0x500000, 0x1000,
                          mapping_kind::shared);  // of what nobody knows
    EXPECT_EQ(f.session.live + f.view().pending(), 0x2000);
    EXPECT_EQ(f.at_peak(mapping_kind::shared).at(f.stack(2)), 0x2000);
    f.events->mapped().discard(f.events->mapped().forget(*f.thread, 0x100000, 0x2000));
    EXPECT_EQ(f.session.live + f.view().pending(), 0x1000);
    f.events->record_map(*f.thread, 0x600000, 0x2000, mapping_kind::shared_anonymous);
    EXPECT_EQ(f.at_peak(mapping_kind::shared_anonymous).at(first), 0x1000);
}

// A second view shows what the first one does: address space that is nobody's memory yet, or shared
// memory that is out of reach for a while.
TEST(recorder, a_second_view_of_what_is_out_of_reach_is_reserved_too) {
    fixture<> f;
    scripted_source::next = f.stack(1);
    f.events->record_map(*f.thread, 0x500000, 0x1000, mapping_kind::anonymous);  // a peak
    f.events->record_map(*f.thread, 0x100000, 0x2000, mapping_kind::reserved);
    f.events->record_view(*f.thread, 0x100000, 0x200000, 0x2000, mapping_kind::shared);
    EXPECT_TRUE(f.at_peak(mapping_kind::shared).empty());
    EXPECT_EQ(f.at_peak(mapping_kind::reserved).at(f.stack(1)), 0x4000);

    f.events->record_map(*f.thread, 0x300000, 0x1000, mapping_kind::shared_anonymous);
    f.events->mapped().protect(*f.thread, 0x300000, 0x1000, mapping_access::none);
    f.events->record_view(*f.thread, 0x300000, 0x400000, 0x1000, mapping_kind::shared);
    f.events->mapped().protect(*f.thread, 0x400000, 0x1000, mapping_access::accessible);
    f.events->mapped().protect(*f.thread, 0x300000, 0x1000, mapping_access::accessible);
    EXPECT_EQ(f.session.live + f.view().pending(), 0x2000);
}

// The peak ends where anything shrinks, beside it too; until then what comes beside it belongs to
// it.
TEST(recorder, beside_the_peak_it_agrees_with_a_naive_model_at_every_step) {
    using bytes_at = std::map<std::uintptr_t, std::int64_t>;
    const auto sum = [](const bytes_at& some) {
        std::int64_t all = 0;
        for (const auto& [address, bytes] : some) all += bytes;
        return all;
    };
    for (unsigned seed = 1; seed <= 20; ++seed) {
        fixture<extents_observer> f;
        std::mt19937 random(seed);
        bytes_at inside, beside, inside_at_peak, beside_at_peak;
        std::int64_t peak = 0;
        bool is_at_peak = false;  // there is none yet
        const auto shrink = [&](bytes_at& some, std::uintptr_t address) {
            const auto found = some.find(address);
            if (found == some.end() || found->second == 0) return;
            is_at_peak = false;
            some.erase(found);
        };
        const auto note = [&] {
            if (sum(inside) > peak) is_at_peak = true;
            if (!is_at_peak) return;
            peak = sum(inside);
            inside_at_peak = inside;
            beside_at_peak = beside;
        };
        for (int step = 0; step < 2000; ++step) {
            const bool is_inside = random() % 3 != 0;
            const std::uintptr_t address =
                (is_inside ? 0x10'0000'0000 : 0x20'0000'0000) + (random() % 16) * 0x100'0000;
            const std::uint64_t bytes = 4096 * (1 + random() % 100);
            bytes_at& some = is_inside ? inside : beside;
            scripted_source::next = f.stack(1 + random() % 4);
            if (random() % 100 < ((step / 200) % 2 == 0 ? 65u : 35u)) {
                shrink(some, address);
                some[address] = static_cast<std::int64_t>(bytes);
                // Before a larger range covers its old place, that is taken out.
                f.events->mapped().discard(
                    f.events->mapped().forget(*f.thread, address, 4096 * 100));
                f.events->record_map(*f.thread, address, bytes,
                                     is_inside ? mapping_kind::anonymous : mapping_kind::shared);
                note();
            } else {
                shrink(some, address);
                f.events->mapped().discard(
                    f.events->mapped().forget(*f.thread, address, 4096 * 100));
            }
            std::int64_t shown_inside = 0, shown_beside = 0;
            for (const auto& [id, held] : f.at_peak()) shown_inside += held;
            for (const auto& [id, held] : f.at_peak(mapping_kind::shared)) shown_beside += held;
            ASSERT_EQ(shown_inside, peak) << "seed " << seed << " step " << step;
            const auto& mapped = f.events->observer().mapped;
            ASSERT_EQ(mapped[static_cast<int>(mapping_kind::anonymous)], sum(inside));
            ASSERT_EQ(mapped[static_cast<int>(mapping_kind::shared)], sum(beside));
            ASSERT_EQ(shown_beside, sum(beside_at_peak)) << "seed " << seed << " step " << step;
        }
    }
}

TEST(recorder, several_threads_lose_nothing_and_keep_the_bound) {
    fixture<> f;
    constexpr int threads = 4, rounds = 20000;
    constexpr std::int64_t size = 500;
    const callstack_id who = f.stack(1);
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t) {
        workers.emplace_back([&, t] {
            thread_state* own = f.events->lease();
            scripted_source::next = who;
            const std::uintptr_t mine = 0x7f00'0000'0000 + std::uintptr_t(t) * (1 << 24);
            for (int i = 0; i < rounds; ++i) f.events->record_alloc(*own, mine + i * 512, size);
            for (int i = 0; i < rounds / 2; ++i) f.events->record_free(*own, mine + i * 512);
            f.events->give_back(*own);
        });
    }
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ(f.session.live, threads * rounds / 2 * size);
    // Each thread's own highest is reached; together they can be anywhere between, within the
    // bound.
    const std::int64_t bound = limit_of_pendings(threads, f.session.peak) + threads * size;
    EXPECT_LE(f.session.peak, threads * rounds * size);
    EXPECT_GE(f.session.peak, rounds * size - bound);
    std::int64_t shown = 0;
    for (const auto& [id, bytes] : f.at_peak()) shown += bytes;
    EXPECT_NEAR(double(shown), double(f.session.peak.load()), double(bound));
}

// Each holds less than it may keep to itself alone.
TEST(recorder, small_blocks_of_many_threads_make_the_peak) {
    constexpr std::int64_t each = 15000, threads = 64;
    for (const std::uint64_t before : {0, 100'000}) {
        fixture<> f;
        const callstack_id held = f.stack(1), large = f.stack(2);
        const auto flash = [&](std::uint64_t bytes) {
            f.alloc(0x10000, bytes, large);
            f.free(0x10000);
        };
        flash(before);
        std::vector<thread_state*> states;
        const auto address = [](std::size_t i) { return 0x7f00'0000'0000 + i * 65536; };
        scripted_source::next = held;
        for (std::size_t i = 0; i < threads; ++i) {
            states.push_back(f.events->lease());
            f.events->record_alloc(*states[i], address(i), each);
        }
        for (std::size_t i = threads; i-- > 0;) f.events->record_free(*states[i], address(i));
        flash(900'000);
        EXPECT_EQ(f.at_peak(), (std::map<callstack_id, std::int64_t>{{held, threads * each}}));
        EXPECT_NEAR(double(f.session.peak.load()), double(threads * each), 2 * 16384);
    }
}

TEST(recorder, one_thread_frees_what_another_allocated) {
    fixture<> f;
    thread_state* other = f.events->lease();
    f.alloc(0x10000, 5000, f.stack(1));
    f.events->record_free(*other, 0x10000);
    f.alloc(0x20000, 100, f.stack(2));
    EXPECT_EQ(f.session.live + f.view().pending(), 100);
}

TEST(recorder, a_full_recording_drops_names_but_no_bytes) {
    constexpr std::uint64_t small = 4 << 20;
    void* base = system_pages::map(small);
    session_page session{};
    scripted_source source;
    auto blocks = std::make_unique<process_registry>();
    ASSERT_TRUE(recording_memory(base, small).format(1, 0));
    recorder<scripted_source, session_words, linux_system, process_registry> r(
        base, small, session_words(session, recording_memory(base, small).header()), *blocks,
        source);
    ASSERT_TRUE(r.prepare());
    thread_state* thread = r.lease();
    ASSERT_NE(thread, nullptr);
    for (std::uint32_t i = 0; i < 200000; ++i) {
        const function_id f = r.functions().intern({function_kind::announced, "f", "f.c", "", i});
        scripted_source::next = r.tree().child(callstack_id::unknown, f, i);
        r.record_alloc(*thread, 0x7f00'0000'0000 + i * 64, 64);
    }
    EXPECT_EQ(session.live + recording_view(base, small).pending(), 200000 * 64);
    system_pages::unmap(base, small);
}

TEST(recorder, a_closed_process_takes_its_memory_out_of_the_session) {
    fixture<> f;
    f.alloc(0x10000, 100000, f.stack(1));
    f.close();
    EXPECT_EQ(f.session.peak, 100000);
    EXPECT_LE(f.session.live, 0);
    EXPECT_EQ(f.at_peak().at(f.stack(1)), 100000);
    f.session.peak = 200000;  // another process, later
    EXPECT_TRUE(f.at_peak().empty());
}

TEST(recorder, a_watched_block_that_goes_unfreed_raises_the_generation) {
    fixture<> f;
    std::atomic<std::uint64_t> generation{1};
    fixture<>::recorder_type events(f.base, fixture<>::bytes, f.events->words(), *f.blocks,
                                    f.source, &generation);
    ASSERT_TRUE(events.prepare());
    thread_state* thread = events.lease();
    const auto watched = [&](std::uintptr_t address) {
        events.record_alloc(*thread, address, 100);
        EXPECT_TRUE(events.watch(address));
    };
    watched(0x10000);
    events.record_free_range(*thread, 0x10000, 4096);
    EXPECT_EQ(generation, 2u);
    watched(0x20000);
    events.record_alloc(*thread, 0x20000, 100);  // nobody saw the free
    EXPECT_EQ(generation, 3u);
    events.record_free_range(*thread, 0x20000, 4096);  // not watched
    EXPECT_EQ(generation, 3u);
}

TEST(peak, who_sees_a_process_closed_sees_when) {
    session_page session{};
    for (int round = 0; round < 20; ++round) {
        std::vector<recording_header> processes(1000);
        for (recording_header& process : processes) process.closed_at = -1;
        std::atomic<bool> ready = false;
        int early = 0;
        std::thread reader([&] {
            ready = true;
            for (recording_header& process : processes) {
                while (process.closed.load(std::memory_order_acquire) == 0) {
                }
                early += process.closed_at.load(std::memory_order_relaxed) == -1;
            }
        });
        while (!ready) std::this_thread::yield();
        for (recording_header& process : processes) session_words(session, process).close(0);
        reader.join();
        ASSERT_EQ(early, 0);
    }
}

TEST(recording_memory, folded_it_has_little_that_could_be_made_resident) {
    constexpr std::uint64_t bytes = 256 << 20;
    void* base = system_pages::map(bytes);
    recording_memory memory(base, bytes);
    ASSERT_TRUE(memory.format(1, 0));
    auto* last = static_cast<std::byte*>(base) + bytes - 1;
    memory.fold<system_pages>();
    EXPECT_LT(memory.bytes(), 8u << 20);
    EXPECT_EQ(memory.take(8192), page_number::none);
    EXPECT_NE(madvise(last - 4095, 4096, MADV_POPULATE_WRITE), 0);
    memory.unfold<system_pages>();
    EXPECT_EQ(memory.bytes(), bytes);
    *last = std::byte{1};
    EXPECT_NE(memory.take(8192), page_number::none);
    system_pages::unmap(base, bytes);
}

TEST(recorder, a_librarys_thread_works_for_whom_the_source_says) {
    fixture<> f;
    const callstack_id maker = f.stack(1), asks = f.stack(2);
    const function_id threads =
        f.events->functions().intern({function_kind::threads, "", "/lib/libpool.so", "", 0});
    const callstack_id pool = f.events->tree().child(maker, threads, 0);
    scripted_source::next = callstack_id::none;
    f.events->inherit(*f.thread, pool);
    EXPECT_EQ(f.events->capture(*f.thread), pool);

    scripted_source::asks = {asks, errand_kind::alone};
    const callstack_id errand = f.events->capture(*f.thread);
    const callstack_record& node = f.events->tree().at(errand);
    EXPECT_EQ(node.caller, asks);
    EXPECT_EQ(node.line, 4u);
    const function_text whose = f.events->functions().text_of(node.function);
    EXPECT_EQ(whose.kind, function_kind::errand);
    EXPECT_EQ(whose.file, "/lib/libpool.so");
    EXPECT_EQ(f.events->capture(*f.thread), errand);

    scripted_source::asks = {asks, errand_kind::guessed};
    EXPECT_NE(f.events->capture(*f.thread), errand);
    scripted_source::asks = {};
    EXPECT_EQ(f.events->capture(*f.thread), pool);

    // A thread of the program's own inherits, and works for nobody else.
    scripted_source::asks = {asks, errand_kind::alone};
    f.events->inherit(*f.thread, maker);
    EXPECT_EQ(f.events->capture(*f.thread), maker);
    scripted_source::asks = {};
}

}  // namespace
}  // namespace fil
