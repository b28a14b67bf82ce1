/* deny CALL ERROR PROGRAM...: becomes PROGRAM, to which the system answers CALL by that error, or,
 * if it is KILL, by killing it. The filter is put up by a call of its own, not the C library's, so
 * that nobody in this process sees it. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static long raw_call(long number, long a, long b, const void* c) {
    long answer = number;
    __asm__ volatile("syscall" : "+a"(answer) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return answer;
}

struct named {
    const char* name;
    int value;
};
#define CALL(name) \
    { #name, SYS_##name }
static const struct named calls[] = {CALL(accept4),
                                     CALL(bind),
                                     CALL(clone),
                                     CALL(close),
                                     CALL(connect),
                                     CALL(epoll_create1),
                                     CALL(epoll_ctl),
                                     CALL(faccessat),
                                     CALL(faccessat2),
                                     CALL(fallocate),
                                     CALL(fcntl),
                                     CALL(fgetxattr),
                                     CALL(fork),
                                     CALL(fstatfs),
                                     CALL(ftruncate),
                                     CALL(futex),
                                     CALL(getcwd),
                                     CALL(getpid),
                                     CALL(getppid),
                                     CALL(getrandom),
                                     CALL(getsockopt),
                                     CALL(kill),
                                     CALL(listen),
                                     CALL(lseek),
                                     CALL(madvise),
                                     CALL(memfd_create),
                                     CALL(mkdir),
                                     CALL(munlock),
                                     CALL(mincore),
                                     CALL(nanosleep),
                                     CALL(clock_nanosleep),
                                     CALL(newfstatat),
                                     CALL(fstat),
                                     CALL(pidfd_open),
                                     CALL(pidfd_send_signal),
                                     CALL(pipe2),
                                     CALL(poll),
                                     CALL(prctl),
                                     CALL(pread64),
                                     CALL(pwrite64),
                                     CALL(prlimit64),
                                     CALL(process_vm_readv),
                                     CALL(readlink),
                                     CALL(readlinkat),
                                     CALL(recvmsg),
                                     CALL(rename),
                                     CALL(renameat2),
                                     CALL(rt_sigaction),
                                     CALL(rt_sigprocmask),
                                     CALL(sched_yield),
                                     CALL(sendmsg),
                                     CALL(sendto),
                                     CALL(setitimer),
                                     CALL(setpgid),
                                     CALL(setsockopt),
                                     CALL(sigaltstack),
                                     CALL(signalfd4),
                                     CALL(socket),
                                     CALL(statx),
                                     CALL(symlink),
                                     CALL(unlink),
                                     CALL(unlinkat),
                                     CALL(waitid),
                                     CALL(sysinfo),
                                     CALL(getdents64),
                                     CALL(uname),
                                     CALL(sched_getaffinity),
                                     CALL(rmdir),
                                     CALL(getuid),
                                     CALL(geteuid),
                                     CALL(getgid),
                                     CALL(getegid),
                                     CALL(clock_gettime),
                                     CALL(flock),
                                     CALL(access),
                                     CALL(mkdirat),
                                     CALL(exit_group),
                                     CALL(kill),
                                     CALL(tgkill),
                                     CALL(wait4),
                                     CALL(chmod),
                                     CALL(fchmod),
                                     CALL(set_robust_list),
                                     CALL(rseq),
                                     CALL(utimensat),
                                     CALL(ioctl),
                                     CALL(writev),
                                     CALL(umask)};
static const struct named errors[] = {{"EPERM", EPERM},   {"ENOSYS", ENOSYS}, {"ENOMEM", ENOMEM},
                                      {"EMFILE", EMFILE}, {"EACCES", EACCES}, {"EINVAL", EINVAL},
                                      {"EAGAIN", EAGAIN}, {"ENOSPC", ENOSPC}, {"ENFILE", ENFILE}};

static int value_of(const struct named* table, size_t count, const char* name) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(table[i].name, name)) return table[i].value;
    fprintf(stderr, "deny: what is %s?\n", name);
    _exit(2);
}

int main(int count, char** arguments) {
    if (count < 4) return 2;
    const int call = value_of(calls, sizeof calls / sizeof *calls, arguments[1]);
    const int kills = !strcmp(arguments[2], "KILL");
    const int error = kills ? 0 : value_of(errors, sizeof errors / sizeof *errors, arguments[2]);
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K,
                 kills ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const struct sock_fprog program = {4, filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (raw_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return 3;
    execv(arguments[3], arguments + 3);
    return 4;
}
