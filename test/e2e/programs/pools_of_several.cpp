// Pools that work for whoever asks, several at once. What a job takes stays.
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

static void take(std::size_t bytes) {
    for (int i = 0; i < 16; ++i) {
        void* volatile block = std::malloc(bytes / 16);
        (void)block;
    }
}

// ---- a queue of jobs, each on the stack of whoever asks ----

struct job {
    std::size_t bytes;
    job* next;
    int* left;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t come = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static job* first;

static void run(job* one) {
    take(one->bytes);
    pthread_mutex_lock(&lock);
    if (--*one->left == 0) pthread_cond_broadcast(&done);
    pthread_mutex_unlock(&lock);
}
static void* works(void*) {
    for (;;) {
        pthread_mutex_lock(&lock);
        while (first == nullptr) pthread_cond_wait(&come, &lock);
        job* one = first;
        first = one->next;
        pthread_mutex_unlock(&lock);
        run(one);
    }
}
extern "C" void ask_queue(std::size_t bytes, int jobs) {
    void* volatile own = std::malloc(64);
    std::free(own);
    int left = jobs;
    std::vector<job> all(jobs);
    pthread_mutex_lock(&lock);
    for (job& one : all) {
        one = {bytes / jobs, first, &left};
        first = &one;
    }
    pthread_cond_broadcast(&come);
    while (left != 0) pthread_cond_wait(&done, &lock);
    pthread_mutex_unlock(&lock);
}

// ---- functions and their futures, on the heap ----

// Never destroyed: the threads still wait there when the program ends.
static auto& mutex = *new std::mutex;
static auto& any = *new std::condition_variable;
static auto& tasks = *new std::deque<std::function<void()>>;

static void works_off() {
    for (;;) {
        std::function<void()> task;
        {
            std::unique_lock hold(mutex);
            any.wait(hold, [] { return !tasks.empty(); });
            task = std::move(tasks.front());
            tasks.pop_front();
        }
        task();
    }
}
extern "C" void ask_futures(std::size_t bytes, int jobs) {
    std::vector<std::future<void>> all;
    for (int i = 0; i < jobs; ++i) {
        auto task = std::make_shared<std::packaged_task<void()>>([=] { take(bytes / jobs); });
        all.push_back(task->get_future());
        {
            const std::lock_guard hold(mutex);
            tasks.push_back([task] { (*task)(); });
        }
        any.notify_one();
    }
    for (auto& each : all) each.get();
}

// ---- waits that end after some time, by the steady clock ----

static auto& timed_mutex = *new std::mutex;
static auto& timed_any = *new std::condition_variable;
static auto& timed_tasks = *new std::deque<std::function<void()>>;

static void works_off_in_time() {
    for (;;) {
        std::function<void()> task;
        {
            std::unique_lock hold(timed_mutex);
            const auto has_some = [] { return !timed_tasks.empty(); };
            while (!timed_any.wait_for(hold, std::chrono::seconds(1), has_some)) {
            }
            task = std::move(timed_tasks.front());
            timed_tasks.pop_front();
        }
        task();
    }
}
extern "C" void ask_timed(std::size_t bytes, int jobs) {
    std::condition_variable done;
    int left = jobs;
    std::unique_lock hold(timed_mutex);
    for (int i = 0; i < jobs; ++i) {
        timed_tasks.push_back([&, share = bytes / jobs] {
            take(share);
            const std::lock_guard its(timed_mutex);
            if (--left == 0) done.notify_one();
        });
    }
    timed_any.notify_all();
    while (!done.wait_for(hold, std::chrono::seconds(1), [&] { return left == 0; })) {
    }
}

// ---- waits for an atomic ----

static std::atomic<job*> atomic_first{nullptr};

static void works_for_atomic() {
    for (;;) {
        job* one = atomic_first.load();
        if (one == nullptr) {
            atomic_first.wait(nullptr);
            continue;
        }
        pthread_mutex_lock(&lock);  // who takes a job is alone, and nobody frees it meanwhile
        one = atomic_first.load();
        if (one != nullptr) atomic_first.store(one->next);
        pthread_mutex_unlock(&lock);
        if (one == nullptr) continue;
        take(one->bytes);
        std::atomic_ref(*one->left).fetch_sub(1);
        std::atomic_ref(*one->left).notify_one();
    }
}
extern "C" void ask_atomic(std::size_t bytes, int jobs) {
    auto& left = *new int(jobs);  // stays, since it is notified after it was seen to be 0
    auto& all = *new std::vector<job>(jobs);
    pthread_mutex_lock(&lock);
    for (job& one : all) {
        one = {bytes / jobs, atomic_first.load(), &left};
        atomic_first.store(&one);
    }
    pthread_mutex_unlock(&lock);
    atomic_first.notify_all();
    for (int now = std::atomic_ref(left).load(); now != 0; now = std::atomic_ref(left).load())
        std::atomic_ref(left).wait(now);
}

// ---- a pool of each thread's own ----

extern "C" void ask_openmp(std::size_t bytes, int jobs) {
    void* volatile own = std::malloc(64);
    std::free(own);
#pragma omp parallel for schedule(dynamic) num_threads(3)
    for (int i = 0; i < jobs; ++i) take(bytes / jobs);
}

extern "C" void start(int threads) {
    for (int i = 0; i < threads; ++i) {
        pthread_t thread;
        pthread_create(&thread, nullptr, works, nullptr);
        std::thread(works_off).detach();
        std::thread(works_off_in_time).detach();
        std::thread(works_for_atomic).detach();
    }
}
