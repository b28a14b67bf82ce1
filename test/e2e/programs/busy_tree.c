/* Eight processes that take and free blocks, fork and exec, and may be killed at any moment.
 *
 *     busy_tree LOG SEED STEPS          the tree
 *     busy_tree LOG kill SEED COUNT HOW kills so many of them, at random moments: "any" process, or
 *                                       "young" ones, that were just forked or are about to exec
 *
 * Each says in LOG, a file that all map, what it is about to do and what it has done: in one order
 * for all. So whoever reads it knows of each moment how much was certainly in use, and how much at
 * most, although any step may have been the last of its process. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { NOTHING, STARTS, TAKES, TOOK, FREES, FREED, LEAVES, KILLS, GONE };
/* After a death, in microseconds: the supervisor has to be given a core. */
enum { time_to_be_noticed = 100000 };
enum { most_records = 1 << 20, most_blocks = 400, workers = 7 };

struct record {
    _Atomic int32_t kind;
    int32_t pid;
    int64_t bytes;
};
static struct {
    _Atomic int64_t count;
    int64_t unused;
    struct record records[];
} * file_log;

static void say_of(int32_t pid, enum kind kind, int64_t bytes) {
    const int64_t number = atomic_fetch_add(&file_log->count, 1);
    if (number >= most_records) _exit(7);
    struct record* record = &file_log->records[number];
    record->pid = pid;
    record->bytes = bytes;
    atomic_store(&record->kind, kind);
}
static void say(enum kind kind, int64_t bytes) {
    say_of(getpid(), kind, bytes);
}

static uint64_t state;
static uint32_t below(uint32_t limit) { /* xorshift */
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 32) % limit;
}
static void seed_by(uint64_t seed) {
    state = seed * 0x9e3779b97f4a7c15u + 1;
    for (int i = 0; i < 8; ++i) below(2);
}

static struct {
    void* address;
    int64_t bytes;
} blocks[most_blocks];
static int held;

__attribute__((noinline)) static void take(int64_t bytes) {
    say(TAKES, bytes);
    blocks[held].address = malloc((size_t)bytes);
    say(TOOK, bytes);
    blocks[held++].bytes = bytes;
}

static void let_go(int at) {
    const int64_t bytes = blocks[at].bytes;
    say(FREES, bytes);
    free(blocks[at].address);
    say(FREED, bytes);
    blocks[at] = blocks[--held];
}

static void leave(int status) {
    say(LEAVES, 0);
    exit(status);
}

/* Of a child that was killed, the killer says so. */
static int reap(pid_t pid, int options) {
    int status = 0;
    const pid_t gone = waitpid(pid, &status, options);
    if (gone > 0 && WIFEXITED(status)) say_of(gone, GONE, 0);
    return gone > 0;
}

static void work(const char* program, const char* path, int steps, int depth);

static void start_image(const char* program, const char* path, int steps, int depth) {
    char seed[32], count[32], deep[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)state);
    snprintf(count, sizeof count, "%d", steps);
    snprintf(deep, sizeof deep, "%d", depth);
    say(LEAVES, 0);
    execl(program, program, path, seed, count, deep, NULL);
    _exit(9);
}

static void start_child(const char* program, const char* path, int depth) {
    const int is_other_image = below(2) == 0;
    const uint64_t seed = state + 1;
    const pid_t child = fork();
    if (child == 0) {
        say(STARTS, 0);
        seed_by(seed);
        held = 0; /* those are the parent's */
        if (is_other_image) start_image(program, path, 6, depth + 1);
        work(program, path, 6, depth + 1);
        leave(0);
    }
    reap(child, 0);
}

/* More is taken than freed, on the whole, and now and then much is freed. Then all stay a little
 * below that: were anything left in the session of who was killed, it would be a peak. */
static void work(const char* program, const char* path, int steps, int depth) {
    const pid_t parent = getppid();
    for (int i = 0; i < steps && getppid() == parent; ++i) {
        const uint32_t what = below(100);
        const int is_rising = i < steps / 2;
        const int most = is_rising ? 20 + 2 * most_blocks * i / steps : most_blocks * 19 / 20;
        while (held > most + 10) let_go((int)below((uint32_t)held));
        if (what < 60 && held < most && held < most_blocks) take(10000 + below(60000));
        if (what >= 60 && what < 90 && held > 0) let_go((int)below((uint32_t)held));
        if (what == 90 && below(4) == 0)
            while (held > most / 2) let_go(0);
        if (what >= 91 && what < 94 && depth < 2) start_child(program, path, depth);
        if (what == 94 && below(8) == 0 && depth < 2 && i > 3)
            start_image(program, path, steps - i, depth);
        reap(-1, WNOHANG);
        if (below(4) == 0) usleep(below(500));
    }
}

static int dies(int pid_descriptor, int milliseconds) {
    struct pollfd end = {pid_descriptor, POLLIN, 0};
    return poll(&end, 1, milliseconds) == 1;
}

static void kill_some(int count, int is_for_the_young) {
    int64_t looked_at = 0;
    for (int killed = 0, tries = 0; killed < count && tries < 2000; ++tries) {
        usleep(is_for_the_young ? 200 : below(250000));
        const int64_t there = atomic_load(&file_log->count);
        if (there == looked_at) continue;
        int64_t at = there - 1 - below(there < 60 ? (uint32_t)there : 60);
        if (is_for_the_young) {
            for (at = there - 1; at >= looked_at; --at) {
                const int kind = atomic_load(&file_log->records[at].kind);
                const int is_young = kind == STARTS || (kind == LEAVES && below(2) == 0);
                if (is_young && file_log->records[at].pid != file_log->records[0].pid) break;
            }
        }
        if (at < looked_at && is_for_the_young) continue;
        looked_at = there;
        if (atomic_load(&file_log->records[at].kind) == NOTHING) continue;
        const pid_t pid = file_log->records[at].pid;
        const int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);
        if (descriptor < 0) continue;
        if (is_for_the_young) usleep(below(1500));
        if (!dies(descriptor, 0)) {
            say_of(pid, KILLS, 0);
            syscall(SYS_pidfd_send_signal, descriptor, SIGKILL, NULL, 0);
            dies(descriptor, 5000);
            usleep(time_to_be_noticed);
            say_of(pid, GONE, 0);
            ++killed;
        }
        close(descriptor);
    }
}

int main(int count, char** words) {
    const int file = open(words[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const size_t bytes = sizeof *file_log + most_records * sizeof(struct record);
    if (ftruncate(file, (off_t)bytes) != 0) return 8;
    file_log = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (strcmp(words[2], "kill") == 0) {
        seed_by(strtoull(words[3], NULL, 10));
        kill_some(atoi(words[4]), strcmp(words[5], "young") == 0);
        return 0;
    }
    say(STARTS, 0);
    const uint64_t seed = strtoull(words[2], NULL, 10);
    const int steps = atoi(words[3]), is_image = count > 4;
    seed_by(seed);
    for (int i = 0; i < workers && !is_image; ++i) {
        if (fork() != 0) continue;
        say(STARTS, 0);
        seed_by(seed + 100 + (uint64_t)i);
        work(words[0], words[1], steps, 1);
        leave(0);
    }
    work(words[0], words[1], steps, is_image ? atoi(words[4]) : 0);
    while (reap(-1, 0)) {
    }
    leave(0);
}
