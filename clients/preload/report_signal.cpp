#include "report_signal.hpp"

#include <signal.h>

#include <atomic>

#include "fil_hooks.h"
#include "real.hpp"

using namespace fil::preload;

namespace {

// The supervisor looks every few milliseconds; on a busy machine it may take longer.
constexpr unsigned longest_wait = 1000;  // milliseconds

// Waiting keeps this thread from allocating, so that the report is of this very moment.
void ask_for_report(int) {
    fil_recorder_request_report(longest_wait);
}

constinit std::atomic<bool> answers{false};

// The first call of all may be the one that starts recording.
bool is_answered(int number) {
    if (number != SIGUSR2) return false;
    find_and_decide();
    return answers.load(std::memory_order_acquire);
}

int answer(struct sigaction* old) {
    struct sigaction ours {};
    ours.sa_handler = ask_for_report;
    ours.sa_flags = SA_RESTART | SA_ONSTACK;
    return real.sigaction(SIGUSR2, &ours, old);
}

sighandler_t as_the_program_sees(sighandler_t handler) {
    return handler == ask_for_report ? SIG_DFL : handler;
}

// signal() and its relatives, which all do the same if it is to be the default action.
sighandler_t set_handler(sighandler_t (*set)(int, sighandler_t), int number, sighandler_t handler) {
    if (!is_answered(number)) return set(number, handler);
    if (handler != SIG_DFL) return as_the_program_sees(set(number, handler));
    struct sigaction old {};
    return answer(&old) == 0 ? as_the_program_sees(old.sa_handler) : SIG_ERR;
}

}  // namespace

void fil::preload::answer_report_signal() {
    answers.store(true, std::memory_order_release);
    struct sigaction present {};
    if (real.sigaction(SIGUSR2, nullptr, &present) == 0 && present.sa_handler == SIG_DFL) {
        answer(nullptr);
    }
}

#pragma GCC visibility push(default)
extern "C" {

int sigaction(int number, const struct sigaction* action, struct sigaction* old) noexcept {
    if (!is_answered(number)) return real.sigaction(number, action, old);
    const bool is_default = action != nullptr && action->sa_handler == SIG_DFL;
    const int result = is_default ? answer(old) : real.sigaction(number, action, old);
    if (result == 0 && old != nullptr && old->sa_handler == ask_for_report) *old = {};
    return result;
}

int __sigaction(int number, const struct sigaction* action, struct sigaction* old) noexcept {
    return sigaction(number, action, old);
}

sighandler_t signal(int number, sighandler_t handler) noexcept {
    return set_handler(real.signal, number, handler);
}

sighandler_t bsd_signal(int number, sighandler_t handler) noexcept {
    return signal(number, handler);
}

sighandler_t ssignal(int number, sighandler_t handler) noexcept {
    return signal(number, handler);
}

sighandler_t sysv_signal(int number, sighandler_t handler) noexcept {
    return set_handler(real.sysv_signal, number, handler);
}

sighandler_t __sysv_signal(int number, sighandler_t handler) noexcept {
    return sysv_signal(number, handler);
}

// It also unblocks the signal, and says whether it was blocked.
sighandler_t sigset(int number, sighandler_t handler) noexcept {
    if (handler != SIG_DFL || !is_answered(number)) {
        return as_the_program_sees(real.sigset(number, handler));
    }
    const sighandler_t old = signal(number, handler);
    sigset_t only, before;
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, &before);
    return sigismember(&before, number) == 1 ? SIG_HOLD : old;
}

}  // extern "C"
