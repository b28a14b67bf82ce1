// Whoever waits is seen to, by whatever function of the C library, and waits as without us.

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "fake_recorder.hpp"

namespace {

constexpr timespec past{1, 0};

// What was told of one wait, by this very function.
template <typename Wait>
int told(Wait wait) {
    fake::start();
    const int result = wait();
    EXPECT_EQ(fake::names(), "waits");
    return result;
}

struct waits : testing::Test {
    waits() {
        sem_init(&semaphore, 0, 0);
        mtx_init(&simple, mtx_plain);
        cnd_init(&event);
        pthread_mutex_lock(&mutex);
        mtx_lock(&simple);
    }
    ~waits() override {
        mtx_unlock(&simple);
        pthread_mutex_unlock(&mutex);
    }
    // Each is let go by another thread, which may take the mutex once this one waits.
    template <typename Wait, typename Release>
    int let_go(Wait wait, Release release) {
        std::thread other(release);
        const int result = told(wait);
        other.join();
        return result;
    }

    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    sem_t semaphore;
    mtx_t simple;
    cnd_t event;
};

TEST_F(waits, for_a_condition_are_seen) {
    const auto release = [this] {
        pthread_mutex_lock(&mutex);
        pthread_cond_signal(&condition);
        pthread_mutex_unlock(&mutex);
    };
    EXPECT_EQ(let_go([&] { return pthread_cond_wait(&condition, &mutex); }, release), 0);
    EXPECT_EQ(told([&] { return pthread_cond_timedwait(&condition, &mutex, &past); }), ETIMEDOUT);
    EXPECT_EQ(
        told([&] { return pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &past); }),
        ETIMEDOUT);
}

TEST_F(waits, for_a_condition_of_c11s_are_seen) {
    const auto release = [this] {
        mtx_lock(&simple);
        cnd_signal(&event);
        mtx_unlock(&simple);
    };
    EXPECT_EQ(let_go([&] { return cnd_wait(&event, &simple); }, release), thrd_success);
    EXPECT_EQ(told([&] { return cnd_timedwait(&event, &simple, &past); }), thrd_timedout);
}

TEST_F(waits, for_a_semaphore_are_seen) {
    sem_post(&semaphore);
    EXPECT_EQ(told([&] { return sem_wait(&semaphore); }), 0);
    EXPECT_EQ(told([&] { return sem_timedwait(&semaphore, &past); }), -1);
    EXPECT_EQ(errno, ETIMEDOUT);
    EXPECT_EQ(told([&] { return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &past); }), -1);
    EXPECT_EQ(errno, ETIMEDOUT);
}

TEST_F(waits, for_others_are_seen) {
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, nullptr, 1);
    EXPECT_EQ(told([&] { return pthread_barrier_wait(&barrier); }), PTHREAD_BARRIER_SERIAL_THREAD);
    EXPECT_EQ(told([] { return sched_yield(); }), 0);
    int word = 1;
    for (const int how : {FUTEX_WAIT, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG}) {
        EXPECT_EQ(
            told([&] {
                return static_cast<int>(syscall(SYS_futex, &word, how, 0, nullptr, nullptr, ~0u));
            }),
            -1);
        EXPECT_EQ(errno, EAGAIN);
    }
}

// libstdc++ spins a little, yields, and then waits by a system call.
TEST_F(waits, for_an_atomic_are_seen) {
    std::atomic<int> word{0};
    fake::start();
    std::thread other([&] {
        usleep(200'000);
        word = 1;
        word.notify_one();
    });
    word.wait(0);
    other.join();
    EXPECT_NE(fake::names().find("waits"), std::string::npos);
}

}  // namespace
