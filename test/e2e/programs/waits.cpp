// Waits that end as few do: cancelled, interrupted, jumped out of, in a child, on a stack that
// goes. Each case says "fine" or what was not. In a program of its own, or loaded by Python.
#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

const char* wrong = nullptr;
#define CHECK(what) \
    if (!(what)) wrong = #what

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
sem_t semaphore;
volatile int begun, undone;

// What a pool's thread does, so that it is asked for whom it works.
void take() {
    for (int i = 0; i != 100; ++i) {
        void* volatile block = malloc(100 + i);
        free(block);
    }
}
timespec in(long milliseconds) {
    timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += milliseconds * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}
pthread_t start(void* (*run)(void*), const pthread_attr_t* attributes = nullptr) {
    pthread_t thread;
    begun = 0;
    if (pthread_create(&thread, attributes, run, nullptr) != 0) wrong = "pthread_create";
    return thread;
}
void wait_for(const volatile int& word) {
    while (word == 0) usleep(500);
    usleep(2000);
}

// ---- cancelled ----

struct undo {
    ~undo() { undone = undone + 1; }
};
void unlock(void*) {
    pthread_mutex_unlock(&mutex);
    undone = undone + 1;
}
void* waits_on_condition(void*) {
    const undo its;
    take();
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, nullptr);
    begun = 1;
    for (;;) pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(0);
}
void* waits_with_limit(void*) {
    const undo its;
    take();
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, nullptr);
    begun = 1;
    const timespec until = in(20000);
    for (;;) pthread_cond_timedwait(&condition, &mutex, &until);
    pthread_cleanup_pop(0);
}
void* waits_on_semaphore(void*) {
    const undo its;
    take();
    try {
        begun = 1;
        for (;;) sem_wait(&semaphore);
    } catch (...) {  // the C library unwinds as C++ does
        undone = undone + 1;
        throw;
    }
}
void* waits_on_semaphore_with_limit(void*) {
    const undo one, another;
    take();
    begun = 1;
    const timespec until = in(20000);
    for (;;) sem_timedwait(&semaphore, &until);
}
void* cancelled_anywhere(void*) {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    begun = 1;
    for (;;) {
        sched_yield();
        syscall(SYS_futex, &wrong, FUTEX_WAIT, 1, nullptr, nullptr, 0);
    }
}
void cancel() {
    sem_init(&semaphore, 0, 0);
    for (auto* run : {waits_on_condition, waits_with_limit, waits_on_semaphore,
                      waits_on_semaphore_with_limit}) {
        undone = 0;
        pthread_t thread = start(run);
        wait_for(begun);
        void* result = nullptr;
        CHECK(pthread_cancel(thread) == 0);
        CHECK(pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
        CHECK(undone == 2);
        CHECK(pthread_mutex_trylock(&mutex) == 0);
        pthread_mutex_unlock(&mutex);
    }
    for (int i = 0; i != 60; ++i) {
        pthread_t thread = start(cancelled_anywhere);
        while (begun == 0) sched_yield();
        usleep(i * 7);
        void* result = nullptr;
        pthread_cancel(thread);
        CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    }
}

// ---- the C library's older functions, for a smaller struct ----

extern "C" {
int old_init(void*, const void*), old_signal(void*), old_wait(void*, pthread_mutex_t*);
int old_timedwait(void*, pthread_mutex_t*, const timespec*);
}
#if defined(__x86_64__) && defined(__GLIBC__)
__asm__(".symver old_init,pthread_cond_init@GLIBC_2.2.5");
__asm__(".symver old_signal,pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver old_wait,pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver old_timedwait,pthread_cond_timedwait@GLIBC_2.2.5");
struct {
    void* condition;
    long others[6];
} small = {nullptr, {7, 7, 7, 7, 7, 7}};
int come, gone;
void* waits_as_of_old(void*) {
    take();
    for (int i = 0; i != 200; ++i) {
        pthread_mutex_lock(&mutex);
        const timespec until = in(20000);
        while (come <= i) {
            if (i % 2 == 0)
                old_wait(&small, &mutex);
            else
                old_timedwait(&small, &mutex, &until);
        }
        ++gone;
        pthread_mutex_unlock(&mutex);
    }
    return nullptr;
}
void older() {
    come = gone = 0;
    old_init(&small, nullptr);
    pthread_t thread = start(waits_as_of_old);
    for (int i = 0; i != 200; ++i) {
        if (i % 20 == 0) usleep(500);
        pthread_mutex_lock(&mutex);
        ++come;
        old_signal(&small);
        pthread_mutex_unlock(&mutex);
    }
    pthread_join(thread, nullptr);
    CHECK(gone == 200);
    for (long each : small.others) CHECK(each == 7);
}
#else
void older() {}
#endif

// ---- signals ----

volatile int handled;
sem_t of_handler;
void on_signal(int) {
    const int kept = errno;
    sem_post(&of_handler);
    while (sem_wait(&of_handler) != 0) {
    }
    errno = kept;
    handled = handled + 1;
}
void handle(void (*handler)(int), int flags = 0) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(SIGUSR1, &action, nullptr);
}
void* is_interrupted(void*) {
    take();
    begun = 1;
    errno = 0;
    CHECK(sem_wait(&semaphore) == -1 && errno == EINTR);
    begun = 2;
    errno = 77;
    const timespec until = in(5);
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_timedwait(&condition, &mutex, &until) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    sched_yield();
    CHECK(errno == 77);
    begun = 3;
    while (begun == 3) take();  // and a handler that waits, in the middle of it
    return nullptr;
}
void interrupted() {
    sem_init(&semaphore, 0, 0);
    sem_init(&of_handler, 0, 0);
    handle(on_signal);
    handled = 0;
    pthread_t thread = start(is_interrupted);
    wait_for(begun);
    while (begun == 1) {
        pthread_kill(thread, SIGUSR1);
        usleep(2000);
    }
    while (begun != 3) usleep(500);
    for (int i = 0; i != 200; ++i) {
        pthread_kill(thread, SIGUSR1);
        usleep(100);
    }
    begun = 4;
    pthread_join(thread, nullptr);
    CHECK(handled > 1);
}

sigjmp_buf away;
volatile int jumps;
void jump(int) {
    siglongjmp(away, 1);
}
void* jumps_out(void*) {
    take();
    if (sigsetjmp(away, 1) != 0) jumps = jumps + 1;
    take();
    begun = 1;
    if (jumps < 20) {
        for (;;) {
            syscall(SYS_futex, &wrong, FUTEX_WAIT, 1, nullptr, nullptr, 0);
            sem_wait(&semaphore);
        }
    }
    take();
    return nullptr;
}
void jumped() {
    sem_init(&semaphore, 0, 0);
    handle(jump);
    jumps = 0;
    pthread_t thread = start(jumps_out);
    for (int seen = 0; seen != 20; ++seen) {
        while (begun == 0) usleep(200);
        begun = 0;
        usleep(300);
        pthread_kill(thread, SIGUSR1);
        while (jumps == seen) usleep(200);
    }
    CHECK(pthread_join(thread, nullptr) == 0);
    CHECK(jumps == 20);
}

// ---- children ----

void* is_left_behind(void*) {
    return waits_on_condition(nullptr);
}
void forked() {
    undone = 0;
    pthread_t thread = start(is_left_behind);
    wait_for(begun);
    for (int i = 0; i != 5; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            take();
            sem_init(&semaphore, 0, 0);
            pthread_t its = start([](void*) -> void* {
                take();
                sem_post(&semaphore);
                return nullptr;
            });
            while (sem_wait(&semaphore) != 0) {
            }
            pthread_join(its, nullptr);
            _exit(wrong == nullptr ? 5 : 6);
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
        const pid_t borrower = vfork();
        if (borrower == 0) {
            sched_yield();
            execl("/bin/true", "true", nullptr);
            _exit(1);
        }
        CHECK(waitpid(borrower, &status, 0) == borrower && status == 0);
    }
    pthread_cancel(thread);
    pthread_join(thread, nullptr);
}

struct shared_words {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    sem_t semaphore;
    int turns;
};
void shared() {
    auto* both = static_cast<shared_words*>(mmap(
        nullptr, sizeof(shared_words), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pthread_mutexattr_t of_mutex;
    pthread_condattr_t of_condition;
    pthread_mutexattr_init(&of_mutex);
    pthread_condattr_init(&of_condition);
    pthread_mutexattr_setpshared(&of_mutex, PTHREAD_PROCESS_SHARED);
    pthread_condattr_setpshared(&of_condition, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&both->mutex, &of_mutex);
    pthread_cond_init(&both->condition, &of_condition);
    sem_init(&both->semaphore, 1, 0);
    const pid_t child = fork();
    for (int i = 0; i != 200; ++i) {
        pthread_mutex_lock(&both->mutex);
        while (both->turns % 2 != (child == 0)) pthread_cond_wait(&both->condition, &both->mutex);
        ++both->turns;
        pthread_cond_signal(&both->condition);
        pthread_mutex_unlock(&both->mutex);
    }
    if (child == 0) {
        sem_post(&both->semaphore);
        _exit(0);
    }
    sem_wait(&both->semaphore);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(both->turns == 400);
    munmap(both, sizeof *both);
}

// ---- stacks ----

void* waits_a_little(void*) {
    pthread_mutex_lock(&mutex);
    begun = 1;
    const timespec until = in(1);
    pthread_cond_timedwait(&condition, &mutex, &until);
    pthread_mutex_unlock(&mutex);
    void* volatile block = malloc(10);
    free(block);
    sched_yield();
    return nullptr;
}
void tiny() {
    pthread_attr_t smallest;
    pthread_attr_init(&smallest);
    pthread_attr_setstacksize(&smallest, static_cast<size_t>(PTHREAD_STACK_MIN));
    for (int i = 0; i != 20; ++i) pthread_join(start(waits_a_little, &smallest), nullptr);
}

// A thread that ends behind the C library's back, and whose stack then goes, while another holds an
// address of it.
int* volatile on_its_stack;
volatile bool ends_by_syscall;
void* ends_alone(void*) {
    volatile int own[64] = {};
    on_its_stack = const_cast<int*>(own);
    for (int i = 0; i != 20; ++i) take();
    const timespec until = in(1);
    sem_timedwait(&semaphore, &until);
    begun = 1;
    if (ends_by_syscall) syscall(SYS_exit, 0);
#if defined(__x86_64__)
    __asm__ volatile("syscall" : : "a"(SYS_exit), "D"(0));
#endif
    return nullptr;
}
[[gnu::noinline]] void* holds_an_address(void*) {
    int* volatile job = on_its_stack;
    for (int i = 0; i != 100; ++i) {
        void* volatile block = malloc(100);
        free(block);
    }
    return job;
}
void stack_goes() {
    constexpr size_t bytes = 256 << 10;
    sem_init(&semaphore, 0, 0);
    for (int i = 0; i != 10; ++i) {
        ends_by_syscall = i % 2 == 0;
        void* stack =
            mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstack(&attributes, stack, bytes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_JOINABLE);
        pthread_t thread = start(ends_alone, &attributes);
        while (begun == 0) usleep(500);
        pthread_join(thread, nullptr);  // the kernel has told that it is gone
        munmap(stack, bytes);
        pthread_join(start(holds_an_address), nullptr);
    }
}

const struct {
    const char* name;
    void (*run)();
} cases[] = {{"cancel", cancel}, {"older", older},          {"interrupted", interrupted},
             {"jumped", jumped}, {"forked", forked},        {"shared", shared},
             {"tiny", tiny},     {"stack_goes", stack_goes}};

}  // namespace

extern "C" int run_waits(const char* only) {
    int failed = 0;
    for (const auto& each : cases) {
        if (only != nullptr && strcmp(only, each.name) != 0) continue;
        wrong = nullptr;
        each.run();
        printf("%s: %s\n", each.name, wrong == nullptr ? "fine" : wrong);
        fflush(stdout);
        failed += wrong != nullptr;
    }
    return failed;
}

// Meanwhile another thread is in the library.
static volatile int goes_on = 1;
extern "C" void work_elsewhere() {
    while (goes_on != 0) {
        take();
        usleep(200);
    }
}
extern "C" void stop_elsewhere() {
    goes_on = 0;
}

int main(int count, char** words) {
    return run_waits(count > 1 ? words[1] : nullptr);
}
