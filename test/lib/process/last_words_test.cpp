// With the recorder: test/capi/out_of_memory_test.cpp.

#include "process/last_words.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <thread>

#include "checking_child.hpp"
#include "dead_process.hpp"
#include "os/sandbox.hpp"
#include "process/session_words.hpp"

namespace fil {
namespace {

// What process and supervisor share.
struct words_of_two {
    session_page page{};
    recording_header header{};
};

struct last_words_test : testing::Test {
    last_words_test()
        : both(*new (mmap(nullptr, sizeof(words_of_two), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0)) words_of_two) {
        both.page.supervisor_pid = getpid();
    }
    ~last_words_test() override { munmap(&both, sizeof both); }

    // In a child: 1,000 bytes could not be had.
    void fail_request() {
        both.header.pid = getpid();
        end_for_failed_request(both.page, both.header, 1000, callstack_id{7});
    }
    words_of_two& both;
};

TEST_F(last_words_test, a_process_asks_is_heard_and_ends) {
    const pid_t child = fork();
    if (child == 0) {
        fail_request();
        _exit(1);
    }
    while (both.header.last_word != last_words::asked) sched_yield();
    EXPECT_EQ(both.header.request_bytes, 1000u);
    EXPECT_EQ(both.header.request_callstack, callstack_id{7});
    while (both.page.asking != 1) sched_yield();
    hear_last_words(both.header);
    EXPECT_EQ(both.header.last_word, last_words::heard);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), out_of_memory_status);
}

TEST_F(last_words_test, who_said_nothing_is_not_heard) {
    hear_last_words(both.header);
    EXPECT_EQ(both.header.last_word, last_words::none);
}

TEST_F(last_words_test, where_the_supervisor_is_gone_it_goes_on) {
    both.page.supervisor_pid = test::dead_process();
    EXPECT_EQ(status_of_child([&] {
                  errno = 77;
                  fail_request();
                  HOLDS(1, errno == 77);
                  HOLDS(2, both.header.last_word == last_words::unheard);
              }),
              0);
}

TEST_F(last_words_test, of_two_threads_that_fail_one_asks) {
    EXPECT_EQ(status_of_child([&] {
                  both.header.last_word = last_words::being_written;  // by the other
                  std::thread other([&] {
                      std::this_thread::sleep_for(std::chrono::milliseconds(20));
                      both.header.last_word = last_words::unheard;
                  });
                  fail_request();
                  HOLDS(1, both.header.last_word == last_words::unheard);
                  HOLDS(2, both.page.asking == 0 && both.header.request_bytes == 0);
                  other.join();
              }),
              0);
}

TEST_F(last_words_test, who_may_not_end_or_has_its_parents_memory_says_nothing) {
    EXPECT_EQ(status_of_child([&] {
                  both.header.pid = getppid();  // as in a vfork child
                  end_for_failed_request(both.page, both.header, 1000, callstack_id{7});
                  sandbox::refused = sandbox::of_ending;
                  fail_request();
                  HOLDS(1, both.header.last_word == last_words::none && both.page.asking == 0);
              }),
              0);
}

TEST_F(last_words_test, memory_that_is_low_ends_who_was_told_once) {
    EXPECT_EQ(status_of_child([&] {
                  both.page.supervisor_pid = 1 << 22;  // nobody
                  both.header.pid = getpid();
                  session_words words(both.page, both.header);
                  both.header.memory_is_low = 1;
                  words.add(100);
                  HOLDS(1, both.header.last_word == last_words::unheard);
                  HOLDS(2, both.header.memory_is_low == 0 && both.header.request_bytes == 0);
                  words.add(100);
                  HOLDS(3, both.page.asking == 1);
              }),
              0);
}

}  // namespace
}  // namespace fil
