#include "os/cold/call_name.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "os/refused_call.hpp"

namespace fil::os {
namespace {

// All that is noted in lib/ (note_refusal).
TEST(call_name, is_the_one_of_the_manual) {
    const std::map<long, std::string> noted{{SYS_connect, "connect"},
                                            {SYS_fallocate, "fallocate"},
                                            {SYS_fcntl, "fcntl"},
                                            {SYS_ftruncate, "ftruncate"},
                                            {SYS_getsockopt, "getsockopt"},
                                            {SYS_madvise, "madvise"},
                                            {SYS_memfd_create, "memfd_create"},
                                            {SYS_mkdirat, "mkdirat"},
                                            {SYS_mmap, "mmap"},
                                            {SYS_openat, "openat"},
                                            {SYS_recvmsg, "recvmsg"},
                                            {SYS_sendmsg, "sendmsg"},
                                            {SYS_setsockopt, "setsockopt"},
                                            {SYS_socket, "socket"}};
    for (const auto& [call, name] : noted) EXPECT_EQ(call_name(call), name);
}

TEST(call_name, of_no_call_is_what_the_c_library_refuses) {
    EXPECT_STREQ(call_name(refused_call::none), "pthread_key_create");
}

TEST(call_name, of_one_that_nobody_notes_is_no_other_ones) {
    EXPECT_STREQ(call_name(SYS_getpid), "a system call");
    EXPECT_STREQ(call_name(-1), "a system call");
}

}  // namespace
}  // namespace fil::os
