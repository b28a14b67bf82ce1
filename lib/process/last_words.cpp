#include "process/last_words.hpp"

#include "os/os.hpp"
#include "os/sandbox.hpp"
#include "os/wait_and_wake.hpp"
#include "process/session_words.hpp"

namespace fil {
namespace {

constexpr int seconds_for_the_report = 300;
constexpr int seconds_for_stdio = 2;
constexpr std::int64_t tenth = 100'000'000, hundredth = 10'000'000;  // of a second

bool wait_until_heard(session_page& session, recording_header& process) {
    for (int tenths = 0; tenths < seconds_for_the_report * 10; ++tenths) {
        os::wait_while(process.last_word, last_words::asked, tenth);
        if (process.last_word.load(std::memory_order_acquire) == last_words::heard) return true;
        if (tenths > 10 && os::is_gone(session.supervisor_pid)) break;
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
            os::wait_while(process.last_word, last_words::asked, tenth);
            os::sleep_for(hundredth);
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
    os::flush_streams_or_exit(seconds_for_stdio, out_of_memory_status);
    os::exit_at_once(out_of_memory_status);
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
    os::wake_all(process.last_word);
}

}  // namespace fil
