#pragma once
// As long as it lives, a signal comes each millisecond, and what it interrupts is not gone on with.

#include <signal.h>
#include <sys/time.h>

namespace fil::test {

class interruptions {
  public:
    interruptions() {
        struct sigaction counts {};
        counts.sa_handler = [](int) { count = count + 1; };
        sigaction(SIGALRM, &counts, &before_);
        const itimerval each{{0, 1000}, {0, 1000}};
        setitimer(ITIMER_REAL, &each, nullptr);
    }
    ~interruptions() {
        const itimerval none{};
        setitimer(ITIMER_REAL, &none, nullptr);
        sigaction(SIGALRM, &before_, nullptr);
    }
    interruptions(const interruptions&) = delete;

    static inline volatile sig_atomic_t count = 0;

  private:
    struct sigaction before_ {};
};

}  // namespace fil::test
