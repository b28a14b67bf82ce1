#include "process/out_of_memory.hpp"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

#include "os/os.hpp"
#include "os/sandbox.hpp"
#include "process/session_words.hpp"

namespace fil {
namespace {

constexpr int seconds_for_the_report = 300;
constexpr int seconds_for_stdio = 2;

[[noreturn]] void exit_now() {
    for (;;) syscall(SYS_exit_group, out_of_memory_status);
}

// At most so long: another thread may hold a stream's lock for ever, or a write may block. And
// whatever is wrong with a stream that was interrupted in its middle, the status is ours.
void flush_stdio() {
    struct sigaction end {};
    end.sa_handler = [](int) { exit_now(); };
    unsigned long signals = 0;
    for (int number : {SIGALRM, SIGSEGV, SIGBUS, SIGABRT}) {
        sigaction(number, &end, nullptr);
        signals |= 1ul << (number - 1);
    }
    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &signals, nullptr, sizeof signals);
    const itimerval soon{{0, 0}, {seconds_for_stdio, 0}};
    syscall(SYS_setitimer, ITIMER_REAL, &soon, nullptr);
    fflush(nullptr);
}

void wait_while(std::atomic<std::uint32_t>& word, last_words::state value) {
    const timespec a_while{0, 100'000'000};
    syscall(SYS_futex, &word, FUTEX_WAIT, value, &a_while, nullptr, 0);
}

bool wait_until_heard(session_page& session, recording_header& process) {
    for (int tenths = 0; tenths < seconds_for_the_report * 10; ++tenths) {
        wait_while(process.last_word, last_words::asked);
        if (process.last_word.load(std::memory_order_acquire) == last_words::heard) return true;
        const bool is_gone = syscall(SYS_kill, session.supervisor_pid, 0) != 0 && errno == ESRCH;
        if (tenths > 10 && is_gone) break;
    }
    return false;
}

void say_last_words(session_page& session, recording_header& process, std::uint64_t bytes,
                    callstack_id callstack) {
    if (!sandbox::allows(sandbox::of_ending)) return;
    if (process.pid != os::process_id()) return;  // a vfork child, with its parent's memory
    const os::keep_errno keep;
    std::uint32_t expected = last_words::none;
    if (!process.last_word.compare_exchange_strong(expected, last_words::being_written)) {
        // Another thread was first: it will end us all, unless nobody hears it.
        while (process.last_word.load(std::memory_order_acquire) != last_words::unheard) {
            wait_while(process.last_word, last_words::asked);
            timespec a_while{0, 10'000'000};
            syscall(SYS_nanosleep, &a_while, nullptr);
        }
        return;
    }
    process.request_bytes = bytes;
    process.request_callstack = callstack;
    process.last_word.store(last_words::asked, std::memory_order_release);
    session.asking.fetch_add(1, std::memory_order_release);
    if (!wait_until_heard(session, process)) {
        process.last_word.store(last_words::unheard, std::memory_order_release);
        return;
    }
    flush_stdio();
    exit_now();
}

}  // namespace

void end_for_failed_request(session_page& session, recording_header& process, std::uint64_t bytes,
                            callstack_id callstack) {
    say_last_words(session, process, bytes, callstack);
}

void session_words::end_for_want_of_memory() const {
    process_->memory_is_low.store(0, std::memory_order_relaxed);
    say_last_words(*listening_, *process_, 0, callstack_id::none);
}

void hear_last_words(recording_header& process) {
    std::uint32_t asked = last_words::asked;
    if (!process.last_word.compare_exchange_strong(asked, last_words::heard)) return;
    syscall(SYS_futex, &process.last_word, FUTEX_WAKE, 1 << 30, nullptr, nullptr, 0);
}

}  // namespace fil
