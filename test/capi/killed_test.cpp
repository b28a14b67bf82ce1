// A process that is killed between any two of its stores leaves the session's sums right: its live
// is what the processes that are left hold. The victim is stepped through an event, one instruction
// at a time, so that every store is a place to die.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>

#include <cstring>
#include <functional>
#include <vector>

#include "fil/recording/at_peak.hpp"
#include "session_child.hpp"

namespace fil {
namespace {

constexpr std::int64_t big = 40'960'000;  // whole pages

void hold(int block, std::size_t bytes) {
    fil_record_alloc_at(blocks[block], bytes, stack(1));
}
void let_go(int block) {
    fil_record_free(blocks[block]);
}

const void* const mapped = reinterpret_cast<const void*>(0x7000'0000'0000);
void map(std::size_t bytes) {
    fil_record_map(mapped, bytes, FIL_MAPPING_ANONYMOUS);
}
void unmap(std::size_t bytes) {
    fil_mapping_discard(fil_mapping_forget(mapped, bytes));
}

// A process that joins and waits: for a step at a time, or for its end.
class waiting_child {
  public:
    waiting_child(session& session, const std::function<void()>& before,
                  const std::function<void()>& event)
        : session_(session) {
        pid_ = start_child(session, [&] {
            before();
            ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
            raise(SIGSTOP);
            event();
            raise(SIGSTOP);
        });
        int status = 0;
        while (waitpid(pid_, &status, WNOHANG | WUNTRACED) == 0) {
            pollfd waiting{session.descriptor(), POLLIN, 0};
            poll(&waiting, 1, 5);
            session.serve();
        }
        EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP) << "not traced";
    }
    ~waiting_child() { kill_it(); }

    const joined_process& process() const { return *session_.find(pid_); }

    // Until so many stores to what others see were made; false if the event was over before.
    bool step_over(int stores) {
        std::vector<std::byte> before = shared();
        for (int seen = 0; seen < stores;) {
            int status = 0;
            if (ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) return false;
            waitpid(pid_, &status, 0);
            if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) return false;
            std::vector<std::byte> now = shared();
            if (now == before) continue;
            ++seen;
            before = std::move(now);
        }
        return true;
    }

    void kill_it() {
        if (pid_ == 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        session_.process_ended(pid_);
        pid_ = 0;
    }

  private:
    // The session's page, the header, and what is not published.
    std::vector<std::byte> shared() const {
        std::vector<std::byte> all(2 * recording_page + sizeof(std::int64_t));
        const std::int64_t pending = process().view().pending();
        std::memcpy(all.data(), &session_.page(), recording_page);
        std::memcpy(all.data() + recording_page, &process().header(), recording_page);
        std::memcpy(all.data() + 2 * recording_page, &pending, sizeof pending);
        return all;
    }

    session& session_;
    pid_t pid_;
};

struct event {
    const char* name;
    std::function<void()> before, it;
};

void nothing() {}
const event events[] = {
    {"a thread leases its counters", nothing, [] { hold(0, 10); }},
    {"a large block comes", [] { hold(0, 10); }, [] { hold(1, big); }},
    {"a large block goes", [] { hold(0, 10), hold(1, big); }, [] { let_go(1); }},
    {"a peak ends", [] { hold(0, 10), hold(1, 9'000), hold(2, 7'000); }, [] { let_go(2); }},
    {"a mapping comes", [] { hold(0, 10); }, [] { map(big); }},
    {"a mapping goes", [] { hold(0, 10), map(big); }, [] { unmap(big); }},
    {"the process closes", [] { hold(1, big); }, [] { fil_recorder_close(); }},
    {"an exec has failed",
     [] {
         hold(1, big);
         fil_recorder_close();
     },
     [] { fil_recorder_reopen(); }},
};

TEST(killed, between_any_two_stores_leaves_the_sums_of_the_others) {
    session session;
    waiting_child other(
        session, [] { hold(0, 1'000'000); }, nothing);
    const std::int64_t held = other.process().header().live;
    ASSERT_EQ(held, 1'000'000);
    int places = 0;
    for (const event& one : events) {
        for (int stores = 1;; ++stores) {
            waiting_child victim(session, one.before, one.it);
            const std::int64_t peak = session.page().peak;
            const bool died_inside = victim.step_over(stores);
            victim.kill_it();
            EXPECT_EQ(session.page().live, held) << one.name << ", after store " << stores;
            EXPECT_EQ(session.page().threads, 1) << one.name << ", after store " << stores;
            EXPECT_GE(session.page().peak, peak);
            EXPECT_LE(session.page().peak, held + big + 10);
            if (!died_inside) break;
            ++places;
        }
    }
    EXPECT_GT(places, 20);
    EXPECT_EQ(session.page().peak, held + big + 10);
    other.kill_it();
    EXPECT_EQ(session.page().live, 0);
    EXPECT_EQ(session.page().threads, 0);
}

// Then there may be no moment to see the sums in, so they are right later.
TEST(killed, while_others_go_on_is_made_up_for_when_they_rest) {
    session session;
    const auto busy = [] {
        for (;;) {
            hold(2, 100'000);
            let_go(2);
        }
    };
    const pid_t others[] = {start_child(session, busy), start_child(session, busy)};
    while (session.processes().size() < 2) {
        pollfd waiting{session.descriptor(), POLLIN, 0};
        poll(&waiting, 1, 5);
        session.serve();
    }
    for (int i = 0; i < 40; ++i) {
        waiting_child victim(
            session, [] { hold(0, 10); }, [] { hold(1, big); });
        victim.step_over(1 + i % 6);
        victim.kill_it();
    }
    for (const pid_t other : others) kill(other, SIGKILL);
    for (const pid_t other : others) waitpid(other, nullptr, 0);
    for (const pid_t other : others) session.process_ended(other);
    EXPECT_EQ(session.page().live, 0);
    EXPECT_EQ(session.page().threads, 0);
    EXPECT_LE(session.page().peak, big + 10 + 2 * 100'000);
}

}  // namespace
}  // namespace fil
