/* Puts itself into a sandbox that allows what it calls from then on, and nothing else: another call
 * is answered by SIGSYS, which says the number. Then does what argv[2] says, as tests name it.
 * argv[1] is how the filter is installed. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char* take(long n) {
    char* block = malloc(n);
    if (block != NULL) memset(block, 1, n);
    return block;
}

__attribute__((noinline)) static void work(int n) {
    char* blocks[64];
    for (int i = 0; i < 64; i++) blocks[i] = take(n);
    for (int i = 0; i < 64; i++) free(blocks[i]);
}

__attribute__((noinline)) static void say(const char* text) {
    if (write(1, text, strlen(text)) < 0) _exit(7);
}

static void violation(int signal, siginfo_t* info, void* context) {
    (void)signal, (void)context;
    char text[] = "it made call ???\n";
    int number = info->si_syscall;
    for (int i = 15; i >= 13; i--, number /= 10) text[i] = '0' + number % 10;
    say(text);
    _exit(99);
}

#define ALLOW(n) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, n, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
static struct sock_filter filter[128] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    ALLOW(SYS_read),
    ALLOW(SYS_write),
    ALLOW(SYS_brk),
    ALLOW(SYS_mmap),
    ALLOW(SYS_munmap),
    ALLOW(SYS_mremap),
    ALLOW(SYS_exit_group),
    ALLOW(SYS_exit),
    ALLOW(SYS_rt_sigreturn),
    ALLOW(SYS_mprotect)};
static unsigned short length = 21;

static void allow(int number) {
    const struct sock_filter more[] = {ALLOW(number)};
    filter[length++] = more[0];
    filter[length++] = more[1];
}

static void refuse_the_rest(unsigned action) {
    const struct sock_filter last[] = {BPF_STMT(BPF_RET | BPF_K, action)};
    filter[length++] = last[0];
}

static void confine(const char* how) {
    struct sigaction action = {.sa_sigaction = violation, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSYS, &action, NULL);
    struct sock_fprog program = {length, filter};
    struct sock_filter no_limits[] = {
        filter[0], BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prlimit64, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog before = {4, no_limits};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    long failed = 1;
    if (!strcmp(how, "prctl") || !strcmp(how, "twice"))
        failed = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    if (!strcmp(how, "one more"))
        failed = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &before) ||
                 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    if (!strcmp(how, "twice") && !failed)
        failed = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    if (!strcmp(how, "seccomp")) {
        /* As libraries ask whether the kernel can. */
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) == 0 || errno != EFAULT) exit(8);
        failed = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    }
    if (!strcmp(how, "syscall"))
        failed = syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
    if (!strcmp(how, "strict")) failed = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    if (failed) exit(9);
}

static void* thread(void* unused) {
    work(100000);
    return unused;
}

static volatile sig_atomic_t handled;
static void handler(int unused) {
    (void)unused;
    free(take(1000));
    handled++;
}

static void threads(void) {
    pthread_t started[4];
    for (int i = 0; i < 4; i++) pthread_create(&started[i], NULL, thread, NULL);
    for (int i = 0; i < 4; i++) pthread_join(started[i], NULL);
}

static void child(void (*then)(void)) {
    pid_t pid = fork();
    if (pid == 0) {
        then();
        _exit(3);
    }
    int status = 0;
    if (wait4(pid, &status, 0, NULL) != pid || !WIFEXITED(status))
        say("it was killed\n");
    else if (WEXITSTATUS(status) == 99)
        _exit(99);
}

static void work_in_a_child(void) {
    work(100000);
}
static void become_true(void) {
    char* none[] = {NULL};
    char* arguments[] = {"/bin/true", NULL};
    execve("/bin/absent", arguments, none);
    execve("/bin/true", arguments, none);
}

int main(int count, char** arguments) {
    if (count < 3) return 2;
    const char* what = arguments[2];
    static char stack[1 << 16];
    const stack_t signals = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&signals, NULL);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    int shared = memfd_create("shared", 0);
    if (ftruncate(shared, 1 << 20) != 0) return 5;
    mallopt(M_ARENA_MAX, 1); /* or it counts the processors, in /sys */
    free(take(1 << 20));

    const int for_threads[] = {SYS_clone,          SYS_clone3,      SYS_futex,
                               SYS_madvise,        SYS_rseq,        SYS_set_robust_list,
                               SYS_rt_sigprocmask, SYS_rt_sigaction};
    const int for_children[] = {SYS_clone,           SYS_clone3, SYS_wait4,
                                SYS_set_robust_list, SYS_rseq,   SYS_rt_sigprocmask};
    if (!strcmp(arguments[1], "twice")) allow(SYS_prctl);
    if (!strcmp(what, "threads"))
        for (int i = 0; i < 8; i++) allow(for_threads[i]);
    if (!strcmp(what, "children") || !strcmp(what, "exec") || !strcmp(what, "free children"))
        for (int i = 0; i < 6; i++) allow(for_children[i]);
    if (!strcmp(what, "signals") || !strcmp(what, "asks"))
        allow(SYS_tgkill), allow(SYS_gettid), allow(SYS_getpid), allow(SYS_rt_sigprocmask);
    refuse_the_rest(!strcmp(what, "exec") || !strcmp(what, "free children") ? SECCOMP_RET_ALLOW
                                                                            : SECCOMP_RET_TRAP);
    if (!strcmp(what, "exec")) { /* all but what only we would ask for */
        struct sock_filter only[] = {filter[0],
                                     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
        memcpy(filter, only, sizeof only);
        length = 4;
    }
    confine(arguments[1]);
    say("confined\n");

    work(1000);
    if (strcmp(arguments[1], "strict")) work(300000);
    if (!strcmp(what, "threads")) threads();
    if (!strcmp(what, "children") || !strcmp(what, "free children"))
        child(work_in_a_child), child(work_in_a_child);
    if (!strcmp(what, "exec")) child(become_true);
    if (!strcmp(what, "signals")) raise(SIGUSR1), raise(SIGUSR1);
    if (!strcmp(what, "asks")) raise(SIGUSR2); /* which only fil-profile survives */
    if (!strcmp(what, "mappings")) {
        char* mapped = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
        if (mapped == MAP_FAILED) return 4;
        mapped[0] = 1;
        munmap(mapped, 1 << 20);
        mapped = mmap(NULL, 4 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(mapped, 1 << 20, PROT_READ | PROT_WRITE);
        munmap(mapped, 4 << 20);
    }
    if (!strcmp(what, "too much") && malloc(1ul << 46) != NULL) return 6;
    say("done\n");
    if (!strcmp(arguments[1], "strict")) syscall(SYS_exit, 0);
    return 0;
}
