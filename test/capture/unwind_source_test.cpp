#include "fil/capture/unwind_source.hpp"

#include <errno.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "plugin.hpp"
#include "scratch_recording.hpp"

namespace {

using fil::callstack_id;
using fil::test::recorded_frame;

// Mapped, as the product's is: most of it stays untouched.
template <typename Source>
struct memory_of {
    memory_of() : bytes(fil::system_pages::map(Source::thread_bytes)) {}
    ~memory_of() { fil::system_pages::unmap(bytes, Source::thread_bytes); }
    memory_of(const memory_of&) = delete;
    void* bytes;
};

// Both sources stand in a plugin, whose frames are left out.
struct unwind_source : testing::Test {
    fil::test::scratch_recording recording;
    fil::function_table<fil::linux_system> functions{recording.memory()};
    fil::call_tree<fil::linux_system> tree{recording.memory()};
    fil::modules<fil::system_modules, fil::linux_system> modules{functions};
    std::uintptr_t own = reinterpret_cast<std::uintptr_t>(&plugin_compare);
    compared_source compared{functions, tree, modules, own};
    memory_of<compared_source> memory;
    fast_source fast{functions, tree, modules, own};
    memory_of<fast_source> fast_memory;

    int differences() { return plugin_compare(compared, memory.bytes); }
    std::vector<recorded_frame> frames() {
        return recording.stack(plugin_capture_fast(fast, fast_memory.bytes));
    }
};

// ---- any stack is that of the portable source
// -----------------------------------------------------

// A tree of calls of all kinds of frames, the same for the same numbers. Captures at each step.
struct caller {
    std::mt19937 random;
    std::function<void()> capture;
    int left = 0;

    unsigned pick(unsigned kinds) { return static_cast<unsigned>(random()) % kinds; }

    void go(int depth) {
        while (left > 0 && pick(5) != 0) {
            --left;
            capture();
            if (depth < 40) call(depth + 1);
        }
    }
    void call(int depth) {
        switch (pick(6)) {
            case 0:
                return plain(depth);
            case 1:
                return with_array(depth);
            case 2:
                return aligned(depth);
            case 3:
                return throwing(depth);
            case 4:
                return jumping(depth);
            default:
                return through_plugin(depth);
        }
    }

    [[gnu::noinline]] void plain(int depth) {
        go(depth);
        asm volatile("");
    }
    // Of a size known at run time: found by the frame pointer.
    [[gnu::noinline]] void with_array(int depth) {
        const std::size_t bytes = 16 + pick(500);
        auto* array = static_cast<char*>(__builtin_alloca(bytes));
        std::memset(array, 0, bytes);
        asm volatile("" ::"r"(array) : "memory");
        go(depth);
        asm volatile("");
    }
    // The stack is aligned: its beginning is a word in the frame.
    [[gnu::noinline]] void aligned(int depth) {
        alignas(64) char line[64] = {};
        asm volatile("" ::"r"(line) : "memory");
        char* more = static_cast<char*>(__builtin_alloca(16 + pick(100)));
        asm volatile("" ::"r"(more) : "memory");
        go(depth);
        asm volatile("");
    }
    [[gnu::noinline]] void throwing(int depth) {
        try {
            plain(depth);
            if (pick(2) == 0) throw std::runtime_error("on purpose");
        } catch (const std::runtime_error&) {
            capture();
        }
    }
    [[gnu::noinline]] void jumping(int depth) {
        jmp_buf back;
        if (setjmp(back) == 0) jump_from(depth, back);
        capture();
    }
    [[gnu::noinline]] void jump_from(int depth, jmp_buf& back) {
        plain(depth);
        longjmp(back, 1);
    }
    [[gnu::noinline]] void through_plugin(int depth) {
        struct request {
            caller* self;
            int depth;
        } ask{this, depth};
        plugin_call(
            [](void* context) {
                const auto& r = *static_cast<request*>(context);
                r.self->go(r.depth);
            },
            &ask);
    }
};

TEST_F(unwind_source, agrees_with_the_portable_source_over_random_programs) {
    int different = 0, captured = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        caller one{std::mt19937(seed), [&] {
                       different += differences();
                       ++captured;
                   }};
        one.left = 300;
        one.go(0);
    }
    EXPECT_EQ(different, 0);
    EXPECT_GT(captured, 3000);
}

TEST_F(unwind_source, what_is_remembered_changes_nothing) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        caller one{std::mt19937(seed), [&] {
                       memory_of<fast_source> fresh;
                       callstack_id seen[2];
                       void* memories[] = {fast_memory.bytes, fresh.bytes};
                       for (int i = 0; i < 2; ++i) {
                           asm volatile("" : "+r"(i));  // one place in the code
                           seen[i] = plugin_capture_fast(fast, memories[i]);
                       }
                       EXPECT_EQ(seen[0], seen[1]);
                   }};
        one.left = 60;
        one.go(0);
    }
}

[[gnu::noinline]] void recurse(int depth, const std::function<void()>& leaf) {
    if (depth == 0) {
        leaf();
    } else {
        recurse(depth - 1, leaf);
    }
    asm volatile("");
}

TEST_F(unwind_source, agrees_on_deep_stacks_and_keeps_their_innermost_frames) {
    for (int depth : {900, 990, 950, 1500, 1500, 1500, 999, 20, 1700, 900}) {
        recurse(depth, [&] { EXPECT_EQ(differences(), 0) << depth; });
    }
    recurse(1500, [&] { EXPECT_EQ(frames().size(), 101); });
}

TEST_F(unwind_source, agrees_in_a_thread_that_gets_the_memory_of_another) {
    for (int i = 0; i < 5; ++i) {
        std::thread([&] {
            compared.begin_thread(memory.bytes);
            recurse(i * 7, [&] { EXPECT_EQ(differences(), 0); });
        }).join();
    }
}

// ---- other stacks than the thread's
// ---------------------------------------------------------------

unwind_source* test;
ucontext_t outside, inside;
std::vector<recorded_frame> seen_frames;
int seen_differences;

void capture_here() {
    seen_frames = test->frames();
    seen_differences += test->differences();
}

TEST_F(unwind_source, agrees_on_a_fibre) {
    constexpr std::size_t size = 256 * 1024;
    const auto stack = std::make_unique<char[]>(size);
    test = this;
    seen_differences = 0;
    for (int i = 0; i < 3; ++i) {
        getcontext(&inside);
        inside.uc_stack.ss_sp = stack.get();
        inside.uc_stack.ss_size = size;
        inside.uc_link = &outside;
        makecontext(
            &inside, [] { recurse(5, capture_here); }, 0);
        swapcontext(&outside, &inside);
        EXPECT_GE(seen_frames.size(), 7);
        EXPECT_EQ(differences(), 0);
    }
    EXPECT_EQ(seen_differences, 0);
}

TEST_F(unwind_source, goes_through_a_handler_on_an_alternate_stack) {
    std::vector<char> space(64 * 1024);
    stack_t alternate{space.data(), 0, space.size()};
    stack_t old_stack;
    ASSERT_EQ(sigaltstack(&alternate, &old_stack), 0);
    test = this;
    struct sigaction action {
    }, old_action;
    action.sa_handler = [](int) { recurse(3, [] { seen_frames = test->frames(); }); };
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, &old_action);
    const auto ordinary = frames();
    for (int i = 0; i < 3; ++i) {
        raise(SIGUSR1);
        EXPECT_GE(seen_frames.size(), ordinary.size() + 6);
        for (std::size_t k = 0; k + 2 < ordinary.size(); ++k)
            EXPECT_EQ(seen_frames[k].line, ordinary[k].line) << k;
        EXPECT_EQ(differences(), 0);
    }
    sigaction(SIGUSR1, &old_action, nullptr);
    sigaltstack(&old_stack, nullptr);
}

// As little as there may be on a signal handler's stack.
std::ptrdiff_t stack_taken(unwind_source& by) {
    constexpr std::size_t size = 256 * 1024;
    std::vector<unsigned char> stack(size, 0xA5);
    test = &by;
    getcontext(&inside);
    inside.uc_stack.ss_sp = stack.data();
    inside.uc_stack.ss_size = size;
    inside.uc_link = &outside;
    makecontext(
        &inside, [] { plugin_capture_fast(test->fast, test->fast_memory.bytes); }, 0);
    swapcontext(&outside, &inside);
    return stack.end() - std::find_if(stack.begin(), stack.end(), [](auto b) { return b != 0xA5; });
}

TEST_F(unwind_source, takes_little_of_the_stack) {
    const std::ptrdiff_t at_first = stack_taken(*this);
    modules.forget_unloaded();
    frames();
    const std::ptrdiff_t again = stack_taken(*this);
    RecordProperty("at_first", static_cast<int>(at_first));
    RecordProperty("again", static_cast<int>(again));
    EXPECT_LE(at_first, 2560);
    EXPECT_LE(again, 1536);
    EXPECT_GT(again, 200);
}

// ---- tables that are wrong, missing, or need all registers
// ----------------------------------------

extern "C" void call_with_wrong_table(void (*callee)());
extern "C" void call_without_table(void (*callee)());
extern "C" void call_by_another_register(void (*callee)());
asm(R"(
    .pushsection .text
    .globl call_with_wrong_table
    .type call_with_wrong_table, @function
call_with_wrong_table:
    .cfi_startproc
    push %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    mov %rsp, %rbp
    .cfi_def_cfa_register %rbp
    push %rbx
    push %rbx
    mov %rbp, %rbx
    mov $12345, %ebp
    call *%rdi
    mov %rbx, %rbp
    pop %rbx
    pop %rbx
    pop %rbp
    ret
    .cfi_endproc
    .size call_with_wrong_table, . - call_with_wrong_table

    .globl call_without_table
    .type call_without_table, @function
call_without_table:
    push %rbp
    mov %rsp, %rbp
    call *%rdi
    pop %rbp
    ret
    .size call_without_table, . - call_without_table

    .globl call_by_another_register
    .type call_by_another_register, @function
call_by_another_register:
    .cfi_startproc
    push %rbx
    .cfi_def_cfa_offset 16
    .cfi_offset %rbx, -16
    mov %rsp, %rbx
    .cfi_def_cfa_register %rbx
    sub $64, %rsp
    and $-64, %rsp
    call *%rdi
    mov %rbx, %rsp
    .cfi_def_cfa_register %rsp
    pop %rbx
    .cfi_def_cfa_offset 8
    ret
    .cfi_endproc
    .size call_by_another_register, . - call_by_another_register
    .popsection
)");

TEST_F(unwind_source, a_wrong_table_ends_the_stack) {
    test = this;
    seen_frames.clear();
    for (int i = 0; i < 3; ++i) {
        call_with_wrong_table([] { seen_frames = test->frames(); });
        EXPECT_GE(seen_frames.size(), 2);
        EXPECT_LE(seen_frames.size(), 5);
    }
}

TEST_F(unwind_source, without_a_table_the_frame_pointer_leads_on) {
    test = this;
    const std::size_t ordinary = frames().size();
    for (int i = 0; i < 3; ++i) {
        call_without_table([] { seen_frames = test->frames(); });
        EXPECT_GT(seen_frames.size(), ordinary);
    }
}

TEST_F(unwind_source, a_frame_found_by_another_register_is_found) {
    test = this;
    for (int i = 0; i < 3; ++i) {
        seen_differences = 0;
        call_by_another_register([] { recurse(2, capture_here); });
        EXPECT_EQ(seen_differences, 0);
        EXPECT_GT(seen_frames.size(), 8);
    }
}

// ---- as every source
// ------------------------------------------------------------------------------

// Says of each address that it is in a module of the name given last.
struct renamed_module {
    static inline const char* name = "";
    static void find(std::uintptr_t pc, fil::module_visit visit, void* context) {
        struct request {
            fil::module_visit visit;
            void* context;
        } ask{visit, context};
        fil::system_modules::find(
            pc,
            [](void* asked, const fil::loaded_module* found) {
                auto& r = *static_cast<request*>(asked);
                if (found == nullptr) return r.visit(r.context, nullptr);
                fil::loaded_module renamed = *found;
                renamed.file = name;
                r.visit(r.context, &renamed);
            },
            &ask);
    }
    static void for_each(fil::code_visit, void*) {}
};

TEST_F(unwind_source, what_was_remembered_of_unloaded_code_is_forgotten) {
    fil::modules<renamed_module, fil::linux_system> table{functions};
    using source = fil::unwind_source<renamed_module, fil::linux_system, fil::system_stack_ends>;
    source renamed{functions, tree, table, 0};
    memory_of<source> own_memory;
    for (const char* name : {"old.so", "new.so"}) {
        renamed_module::name = name;
        const auto stack = recording.stack(renamed.capture(own_memory.bytes));
        ASSERT_GE(stack.size(), 5);
        for (const recorded_frame& frame : stack) EXPECT_EQ(frame.file, name);
        table.forget_unloaded();
    }
}

TEST_F(unwind_source, without_thread_memory_it_does_not_know) {
    EXPECT_EQ(plugin_capture_fast(fast, nullptr), callstack_id::none);
}

TEST_F(unwind_source, keeps_errno) {
    errno = 77;
    frames();
    modules.forget_unloaded();
    plugin_capture_fast(fast, fast_memory.bytes);
    EXPECT_EQ(errno, 77);
}

TEST_F(unwind_source, a_full_recording_gives_unknown_stacks) {
    fil::test::scratch_recording tiny(1 << 20);
    fil::function_table<fil::linux_system> few_functions{tiny.memory()};
    fil::call_tree<fil::linux_system> small_tree{tiny.memory()};
    fil::modules<fil::system_modules, fil::linux_system> table{few_functions};
    while (tiny.memory().take(1) != fil::page_number::none) {
    }
    fast_source starved{few_functions, small_tree, table, own};
    EXPECT_EQ(plugin_capture_fast(starved, fast_memory.bytes), callstack_id::unknown);
}

TEST_F(unwind_source, threads_agree_while_modules_are_forgotten) {
    std::atomic<bool> stop{false};
    std::vector<callstack_id> ids[2];
    std::vector<std::thread> threads;
    for (auto& seen : ids) {
        threads.emplace_back([this, &seen] {
            memory_of<fast_source> mine;
            for (int i = 0; i < 2000; ++i) {
                const callstack_id id = plugin_capture_fast(fast, mine.bytes);
                if (seen.empty() || seen.back() != id) seen.push_back(id);
            }
        });
    }
    std::thread forgetting([&] {
        while (!stop) {
            modules.forget_unloaded();
            std::this_thread::yield();
        }
    });
    for (auto& thread : threads) thread.join();
    stop = true;
    forgetting.join();
    EXPECT_EQ(ids[0].size(), 1);
    EXPECT_EQ(ids[0], ids[1]);
}

}  // namespace
