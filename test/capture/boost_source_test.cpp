#include "fil/capture/boost_source.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "os/system_modules.hpp"
#include "os/system_signal_stacks.hpp"
#include "plugin.hpp"
#include "scratch_recording.hpp"

// ---- malloc, counted --------------------------------------------------------------------------

namespace {
thread_local int allocations = 0;
}

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
[[gnu::visibility("default")]] void* malloc(std::size_t bytes) {
    ++allocations;
    return __libc_malloc(bytes);
}
[[gnu::visibility("default")]] void* calloc(std::size_t count, std::size_t bytes) {
    ++allocations;
    return __libc_calloc(count, bytes);
}
[[gnu::visibility("default")]] void* realloc(void* old, std::size_t bytes) {
    ++allocations;
    return __libc_realloc(old, bytes);
}
}

namespace {

using fil::callstack_id;
using fil::test::recorded_frame;

struct thread_memory {
    thread_memory() : bytes(static_cast<char*>(std::calloc(1, source_type::thread_bytes))) {}
    ~thread_memory() { std::free(bytes); }
    char* bytes;
};

struct boost_source : testing::Test {
    fil::test::scratch_recording recording;
    fil::function_table<fil::linux_system> functions{recording.memory()};
    fil::call_tree<fil::linux_system> tree{recording.memory()};
    fil::modules<fil::system_modules, fil::linux_system> modules{functions};
    source_type source{functions, tree, modules, 0};
    thread_memory memory;

    std::vector<recorded_frame> frames(callstack_id id) { return recording.stack(id); }
};

// Where the program's code stands: what a frame's line is to be compared with.
std::uintptr_t program_bias() {
    std::uintptr_t bias = 0;
    const auto remember = [](void* context, const fil::loaded_module* found) {
        *static_cast<std::uintptr_t*>(context) = found->bias;
    };
    fil::system_modules::find(reinterpret_cast<std::uintptr_t>(&program_bias), remember, &bias);
    return bias;
}

std::uint32_t offset_before(void* return_address) {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(return_address) - 1 -
                                      program_bias());
}

struct captured {
    callstack_id id;
    std::uint32_t callers[2];  // offsets of the calls of inner() and of outer()
};

[[gnu::noinline]] captured inner(boost_source& test, void* outer_return) {
    captured result{test.source.capture(test.memory.bytes), {}};
    result.callers[0] = offset_before(__builtin_return_address(0));
    result.callers[1] = offset_before(outer_return);
    return result;
}

[[gnu::noinline]] captured outer(boost_source& test) {
    captured result = inner(test, __builtin_return_address(0));
    asm volatile("");
    return result;
}

// Keeps a loop's body one place in the code.
int not_unrolled(int& i) {
    asm volatile("" : "+r"(i));
    return i;
}

TEST_F(boost_source, frames_are_the_calls_in_their_module_outermost_first) {
    const captured result = outer(*this);
    const auto stack = frames(result.id);
    ASSERT_GE(stack.size(), 5);
    const std::size_t innermost = stack.size() - 1;
    // Innermost stands capture() itself: without own code nothing is left out.
    std::size_t at = innermost;
    while (at > 0 && stack[at].line != result.callers[0]) --at;
    ASSERT_GT(at, 0) << "the call of inner() is on no frame";
    EXPECT_LE(innermost - at, 4);
    EXPECT_EQ(stack[at - 1].line, result.callers[1]);
    EXPECT_EQ(stack[at].file, stack[at - 1].file);
    EXPECT_TRUE(stack[at].file.ends_with("boost_source_test"));
    EXPECT_GE(stack[at].name.size(), 16) << "the build id";
    EXPECT_TRUE(stack[1].file.find("libc") != std::string::npos) << "main() is called by libc";
}

TEST_F(boost_source, one_place_is_one_callstack_and_two_places_are_two) {
    callstack_id ids[2];
    for (int i = 0; i < 2; ++i) ids[not_unrolled(i)] = outer(*this).id;
    const callstack_id elsewhere = outer(*this).id;
    EXPECT_EQ(ids[0], ids[1]);
    EXPECT_NE(ids[0], elsewhere);
}

TEST_F(boost_source, what_is_remembered_changes_nothing) {
    std::vector<std::function<callstack_id(void*)>> places = {
        [&](void* at) { return source.capture(at); },
        [&](void* at) { return plugin_capture(source, at); },
        [&](void* at) {
            std::function<callstack_id(void*)> deeper = [&](void* m) { return source.capture(m); };
            return deeper(at);
        }};
    for (int turn = 0; turn < 60; ++turn) {
        callstack_id seen[2];
        thread_memory fresh;
        void* memories[2] = {memory.bytes, fresh.bytes};
        for (int i = 0; i < 2; ++i) seen[not_unrolled(i)] = places[turn * 7 % 3](memories[i]);
        EXPECT_EQ(seen[0], seen[1]);
    }
}

TEST_F(boost_source, never_allocates_and_keeps_errno) {
    errno = 77;
    const int before = allocations;
    source.capture(memory.bytes);  // everything is new
    outer(*this);
    modules.forget_unloaded();
    outer(*this);
    const int after = allocations;
    EXPECT_EQ(errno, 77);
    EXPECT_EQ(after, before);
    std::free(std::malloc(1));
    EXPECT_GT(allocations, after) << "allocations are not counted";
}

TEST_F(boost_source, frames_of_its_own_module_are_left_out) {
    source_type in_plugin{functions, tree, modules,
                          reinterpret_cast<std::uintptr_t>(&plugin_capture)};
    const auto stack = frames(plugin_capture(in_plugin, memory.bytes));
    ASSERT_FALSE(stack.empty());
    EXPECT_TRUE(stack.back().file.ends_with("boost_source_test"));

    // Only the innermost ones are: here the plugin calls back.
    struct request {
        boost_source* test;
        source_type* source;
        callstack_id id;
    } ask{this, &in_plugin, callstack_id::none};
    plugin_call(
        [](void* context) {
            auto& r = *static_cast<request*>(context);
            r.id = plugin_capture(*r.source, r.test->memory.bytes);
        },
        &ask);
    const auto through = frames(ask.id);
    ASSERT_GE(through.size(), 3);
    EXPECT_TRUE(through.back().file.ends_with("boost_source_test"));
    EXPECT_TRUE(through[through.size() - 2].file.find("plugin") != std::string::npos);
}

TEST_F(boost_source, linked_into_the_program_it_leaves_nothing_out) {
    source_type own{functions, tree, modules, reinterpret_cast<std::uintptr_t>(&outer)};
    EXPECT_GE(frames(own.capture(memory.bytes)).size(), 5);
}

[[gnu::noinline]] callstack_id recurse(boost_source& test, int depth) {
    const callstack_id id =
        depth == 0 ? test.source.capture(test.memory.bytes) : recurse(test, depth - 1);
    asm volatile("");
    return id;
}

TEST_F(boost_source, a_very_deep_stack_keeps_its_innermost_frames) {
    const auto stack = frames(recurse(*this, 1500));
    ASSERT_EQ(stack.size(), 101);
    EXPECT_EQ(stack[0].name, "[more than 1000 frames]");
    const auto deeper = frames(recurse(*this, 1700));
    ASSERT_EQ(deeper.size(), 101);
    EXPECT_EQ(stack[50].line, deeper[50].line);

    const std::uint32_t before = recording.memory().header().callstacks.load();
    for (int depth = 1700; depth < 1800; ++depth) recurse(*this, depth);
    EXPECT_LT(recording.memory().header().callstacks.load(), before + 200);

    const auto shallow = frames(recurse(*this, 900));
    EXPECT_GT(shallow.size(), 900) << "the whole stack fits";
    EXPECT_EQ(shallow[0].line, frames(recurse(*this, 0))[0].line);
}

// Says of each address that it is in a module of the name given last.
struct renamed_module {
    static inline const char* name = "";
    static void find(std::uintptr_t, fil::module_visit visit, void* context) {
        const fil::loaded_module all{0, ~std::uintptr_t{0}, 0, false, name, ""};
        visit(context, &all);
    }
    static void for_each(fil::code_visit, void*) {}
};

TEST_F(boost_source, what_was_remembered_of_unloaded_code_is_forgotten) {
    fil::modules<renamed_module, fil::linux_system> table{functions};
    fil::boost_source<renamed_module, fil::linux_system> renamed{functions, tree, table, 0};
    for (const char* name : {"old.so", "new.so"}) {
        renamed_module::name = name;
        const auto stack = frames(renamed.capture(memory.bytes));
        ASSERT_GE(stack.size(), 5);
        for (const recorded_frame& frame : stack) EXPECT_EQ(frame.file, name);
        table.forget_unloaded();
    }
}

TEST_F(boost_source, without_thread_memory_it_does_not_know) {
    EXPECT_EQ(source.capture(nullptr), callstack_id::none);
}

TEST_F(boost_source, a_full_recording_gives_unknown_stacks) {
    fil::test::scratch_recording tiny(1 << 20);
    fil::function_table<fil::linux_system> few_functions{tiny.memory()};
    fil::call_tree<fil::linux_system> small_tree{tiny.memory()};
    fil::modules<fil::system_modules, fil::linux_system> table{few_functions};
    while (tiny.memory().take(1) != fil::page_number::none) {
    }
    source_type starved{few_functions, small_tree, table, 0};
    EXPECT_EQ(starved.capture(memory.bytes), callstack_id::unknown);
}

// ---- stacks that are small --------------------------------------------------------------------

boost_source* handler_test;
callstack_id in_handler;
void handler(int) {
    in_handler = handler_test->source.capture(handler_test->memory.bytes);
}

TEST_F(boost_source, does_not_answer_on_an_alternate_stack) {
    std::vector<char> space(64 * 1024);
    stack_t alternate{space.data(), 0, space.size()};
    stack_t old_stack;
    ASSERT_EQ(sigaltstack(&alternate, &old_stack), 0);
    handler_test = this;
    for (int flags : {SA_ONSTACK, 0}) {
        struct sigaction action {};
        struct sigaction old_action;
        action.sa_handler = handler;
        action.sa_flags = flags;
        sigaction(SIGUSR1, &action, &old_action);
        raise(SIGUSR1);
        sigaction(SIGUSR1, &old_action, nullptr);
        if (flags == SA_ONSTACK) {
            EXPECT_EQ(in_handler, callstack_id::none);
        } else {
            EXPECT_GT(frames(in_handler).size(), 5);
        }
    }
    sigaltstack(&old_stack, nullptr);
}

TEST_F(boost_source, takes_at_most_8_kib_of_stack) {
    constexpr std::size_t size = 256 * 1024;
    auto* stack = static_cast<unsigned char*>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::memset(stack, 0xA5, size);
    struct request {
        boost_source* test;
        unsigned char* before;
        callstack_id id;
    } ask{this, nullptr, callstack_id::none};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, size);
    pthread_t thread;
    const auto run = [](void* context) -> void* {
        auto& r = *static_cast<request*>(context);
        r.before = static_cast<unsigned char*>(__builtin_frame_address(0));
        std::memset(r.before - 100 * 1024, 0xA5, 99 * 1024);  // what starting the thread used
        r.id = r.test->source.capture(r.test->memory.bytes);
        return nullptr;
    };
    ASSERT_EQ(pthread_create(&thread, &attributes, run, &ask), 0);
    pthread_join(thread, nullptr);
    EXPECT_FALSE(frames(ask.id).empty());
    const unsigned char* lowest = stack;
    while (*lowest == 0xA5) ++lowest;
    RecordProperty("stack_bytes", static_cast<int>(ask.before - lowest));
    EXPECT_LE(ask.before - lowest, 8192);
    EXPECT_GT(ask.before - lowest, 1000);
    munmap(stack, size);
}

// ---- threads ----------------------------------------------------------------------------------

TEST_F(boost_source, threads_agree_while_modules_are_forgotten) {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    std::vector<callstack_id> ids[2];
    for (auto& seen : ids) {
        threads.emplace_back([this, &seen] {
            thread_memory mine;
            for (int i = 0; i < 3000; ++i) {
                const callstack_id id = source.capture(mine.bytes);
                if (seen.empty() || seen.back() != id) seen.push_back(id);
            }
        });
    }
    std::thread forgetting([&] {
        while (!stop) modules.forget_unloaded();
    });
    for (auto& thread : threads) thread.join();
    stop = true;
    forgetting.join();
    EXPECT_EQ(ids[0].size(), 1);
    EXPECT_EQ(ids[0], ids[1]);
}

}  // namespace
