// With threads that really begin: test/capi/record_test.cpp.

#include "process/new_thread.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string_view>

#include "process_fixture.hpp"

namespace fil {
namespace {

std::uintptr_t in_the_c_library() {
    return reinterpret_cast<std::uintptr_t>(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"));
}
std::uintptr_t in_the_program() {
    return reinterpret_cast<std::uintptr_t>(&in_the_c_library);
}

// Somebody's callstack.
callstack_id creator(process_recorder& recorder) {
    const function_id work =
        recorder.functions().intern({function_kind::announced, "work", "work.py", "", 1});
    return recorder.tree().child(callstack_id::unknown, work, 7);
}

// Whether it holds inside an event of a process that has just begun.
template <typename Body>
bool in_an_event(Body body) {
    return elsewhere([body] {
        this_process.start(privately());
        bool holds = false;
        entry::event([&](process_recorder& recorder, thread_state&) { holds = body(recorder); });
        return holds;
    });
}

TEST(new_thread, of_a_library_stands_below_its_creator_by_the_librarys_name) {
    EXPECT_TRUE(in_an_event([](process_recorder& recorder) {
        const callstack_id by = creator(recorder);
        const callstack_id marked = callstack_of_new_thread(recorder, by, in_the_c_library());
        const function_id threads = recorder.tree().function_of(marked);
        const std::string_view file = recorder.functions().text_of(threads).file;
        return marked != by && recorder.functions().kind_of(threads) == function_kind::threads &&
               file.find("libc.so") != file.npos &&
               callstack_of_new_thread(recorder, by, in_the_c_library()) == marked;
    }));
}

TEST(new_thread, of_the_program_is_its_creators) {
    EXPECT_TRUE(in_an_event([](process_recorder& recorder) {
        const callstack_id by = creator(recorder);
        return callstack_of_new_thread(recorder, by, in_the_program()) == by &&
               callstack_of_new_thread(recorder, by, 0) == by;
    }));
}

TEST(new_thread, of_nobody_is_nobodys_and_no_thread_stands_below_another) {
    EXPECT_TRUE(in_an_event([](process_recorder& recorder) {
        for (const callstack_id none : {callstack_id::none, callstack_id::unknown})
            if (callstack_of_new_thread(recorder, none, in_the_c_library()) != none) return false;
        const callstack_id marked =
            callstack_of_new_thread(recorder, creator(recorder), in_the_c_library());
        return callstack_of_new_thread(recorder, marked, in_the_c_library()) == marked;
    }));
}

}  // namespace
}  // namespace fil
