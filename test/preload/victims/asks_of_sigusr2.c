/* The action for SIGUSR2 is the default one for whoever asks, and the program's own once it sets
 * one, in each way that the C library has. expect processes 1 */
#include "victim.h"

typedef void (*handler)(int);
extern handler bsd_signal(int, handler), __sysv_signal(int, handler);
extern int __sigaction(int, const struct sigaction*, struct sigaction*);

static volatile sig_atomic_t arrived;
static void arrive(int number) {
    arrived += number == SIGUSR2;
}

static struct sigaction present(void) {
    struct sigaction found;
    memset(&found, 0x55, sizeof found);
    CHECK(sigaction(SIGUSR2, NULL, &found) == 0);
    return found;
}

static void expect_default(void) {
    const struct sigaction found = present();
    CHECK(found.sa_handler == SIG_DFL);
    CHECK(sigismember(&found.sa_mask, SIGUSR1) == 0);
}

static void with_sigaction(int (*set)(int, const struct sigaction*, struct sigaction*)) {
    struct sigaction ours = {.sa_handler = arrive, .sa_flags = SA_NODEFER | SA_RESTART}, old;
    sigaddset(&ours.sa_mask, SIGUSR1);
    CHECK(set(SIGUSR2, &ours, &old) == 0 && old.sa_handler == SIG_DFL);
    CHECK(present().sa_handler == arrive && (present().sa_flags & SA_NODEFER) != 0);
    CHECK(raise(SIGUSR2) == 0);
    CHECK(set(SIGUSR2, &old, &ours) == 0 && ours.sa_handler == arrive);
    CHECK(sigismember(&ours.sa_mask, SIGUSR1) == 1);
    expect_default();
    CHECK(set(SIGUSR2, &old, &old) == 0 && old.sa_handler == SIG_DFL); /* one struct for both */
}

static void with_signal(handler (*set)(int, handler)) {
    CHECK(set(SIGUSR2, arrive) == SIG_DFL);
    CHECK(present().sa_handler == arrive);
    CHECK(raise(SIGUSR2) == 0);
    set(SIGUSR2, arrive);
    CHECK(set(SIGUSR2, SIG_DFL) == arrive);
    expect_default();
    CHECK(set(SIGUSR2, SIG_DFL) == SIG_DFL);
    CHECK(set(SIGUSR2, SIG_IGN) == SIG_DFL);
    CHECK(raise(SIGUSR2) == 0);
    CHECK(present().sa_handler == SIG_IGN);
    CHECK(set(SIGUSR2, SIG_DFL) == SIG_IGN);
    expect_default();
    errno = 0;
    CHECK(set(SIGUSR2, SIG_ERR) == SIG_ERR || present().sa_handler == SIG_ERR);
    signal(SIGUSR2, SIG_DFL);
}

static int is_blocked(void) {
    sigset_t now;
    CHECK(sigprocmask(SIG_SETMASK, NULL, &now) == 0);
    return sigismember(&now, SIGUSR2);
}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void with_masks(void) {
    CHECK(sigset(SIGUSR2, SIG_HOLD) == SIG_DFL && is_blocked());
    CHECK(sigset(SIGUSR2, SIG_DFL) == SIG_HOLD && !is_blocked());
    expect_default();
    CHECK(sighold(SIGUSR2) == 0 && raise(SIGUSR2) == 0);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGUSR2);
    CHECK(sigwaitinfo(&only, NULL) == SIGUSR2);
    CHECK(sigrelse(SIGUSR2) == 0 && sigignore(SIGUSR2) == 0);
    CHECK(present().sa_handler == SIG_IGN && sigset(SIGUSR2, SIG_DFL) == SIG_IGN);
    CHECK(siginterrupt(SIGUSR2, 1) == 0);
    CHECK(present().sa_handler == SIG_DFL);
    CHECK(siginterrupt(SIGUSR2, 0) == 0);
}

static void once(void) {
    const struct sigaction ours = {.sa_handler = arrive, .sa_flags = SA_RESETHAND};
    CHECK(sigaction(SIGUSR2, &ours, NULL) == 0 && raise(SIGUSR2) == 0);
    expect_default();
}

int main(void) {
    expect_default();
    with_sigaction(sigaction);
    with_sigaction(__sigaction);
    with_signal(signal);
    with_signal(bsd_signal);
    with_signal(ssignal);
    with_signal(sysv_signal);
    with_signal(__sysv_signal);
    with_signal(sigset);
    with_masks();
    once();
    CHECK(sigaction(SIGKILL, &(struct sigaction){0}, NULL) == -1 && errno == EINVAL);
    printf("arrived %d\n", (int)arrived);
}
