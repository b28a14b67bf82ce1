"""Native stacks of programs whose control flow is not call and return: each block has the callers
that it had, and what is remembered of one stack is not taken for another."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from command import profiled, script

START = """\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define APART __attribute__((noinline))
extern "C" APART char *take(long n) {
    char *p = (char *)malloc(n);
    memset(p, 1, n);
    asm volatile("" : : "r"(p) : "memory");
    return p;
}
"""
ROUNDS = 300  # so that stacks are remembered, and met again
FIBRES = (
    START
    + """
#include <ucontext.h>
static ucontext_t outside, fibres[2];
static long sizes[2] = {1000, 3000};
extern "C" APART void body(int which) {
    for (;;) {
        take(sizes[which]);
        swapcontext(&fibres[which], &outside);
    }
}
static void first() { body(0); }
static void second() { body(1); }
int main() {
    void (*bodies[2])() = {first, second};
    for (int i = 0; i < 2; ++i) {
        getcontext(&fibres[i]);
        fibres[i].uc_stack.ss_sp = malloc(65536);
        fibres[i].uc_stack.ss_size = 65536;
        makecontext(&fibres[i], bodies[i], 0);
    }
    for (int round = 0; round < 300; ++round) {
        swapcontext(&outside, &fibres[round % 2]);
        take(100);
    }
}
"""
)
COROUTINES = (
    START
    + """
#include <coroutine>
struct task {
    struct promise_type {
        task get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() {}
    };
    std::coroutine_handle<promise_type> handle;
};
APART task first(long n) { for (;;) { take(n); co_await std::suspend_always(); } }
APART task second(long n) { for (;;) { take(n); co_await std::suspend_always(); } }
extern "C" APART void resume(task &some) { some.handle.resume(); asm volatile(""); }
int main() {
    task tasks[] = {first(1000), second(3000)};
    for (int round = 0; round < 300; ++round) {
        resume(tasks[round % 2]);
        take(100);
    }
}
"""
)
JUMPS = (
    START
    + """
#include <setjmp.h>
static jmp_buf back;
extern "C" APART void deep(int more) {
    if (more == 0) {
        take(1000);
        longjmp(back, 1);
    }
    deep(more - 1);
    asm volatile("");
}
int main() {
    for (volatile int round = 0; round < 300; ++round) {
        if (setjmp(back) == 0) deep(round % 3 + 1);
        take(100);
    }
}
"""
)
EXCEPTIONS = (
    START
    + """
struct guard { ~guard() { take(3000); } };
extern "C" APART void thrower(int more) {
    guard one;
    if (more == 0) throw 1;
    thrower(more - 1);
    asm volatile("");
}
extern "C" APART void catcher(int more) {
    try { thrower(more); } catch (int) { take(1000); }
    asm volatile("");
}
int main() {
    for (int round = 0; round < 300; ++round) {
        catcher(0);
        take(500);  // more than an exception, whose end would be after the peak
    }
}
"""
)
VFORK = (
    START
    + """
#include <sys/wait.h>
#include <unistd.h>
extern "C" APART void start(void) {
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)0);
        _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
    take(1000 + status);
}
int main() {
    for (int round = 0; round < 10; ++round) start();
}
"""
)
TAIL_CALLS = (
    START
    + """
extern "C" APART char *last(long n) { char *p = take(n); asm volatile(""); return p; }
extern "C" APART char *gone(long n) { return last(n + 1); }
extern "C" APART char *kept(long n) { char *p = gone(n); asm volatile(""); return p; }
int main() {
    for (int round = 0; round < 300; ++round) kept(999);
}
"""
)
# A function compiled at run time, that calls the one it is given: with a frame pointer and without.
COMPILED = (
    START
    + r"""
#include <sys/mman.h>
extern "C" APART void callback() { take(1000); asm volatile(""); }
extern "C" APART void jump(void (*code)(void (*)())) { code(callback); asm volatile(""); }
int main(int count, char **) {
    static const unsigned char framed[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
    static const unsigned char bare[] = {0x50, 0xff, 0xd7, 0x58, 0xc3};
    const int all = PROT_READ | PROT_WRITE | PROT_EXEC;
    void *page = mmap(0, 4096, all, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, count == 1 ? framed : bare, 8);
    for (int round = 0; round < 300; ++round) jump((void (*)(void (*)()))page);
}
"""
)
# A fibre whose first function has no tables, and a frame pointer to memory that is given back.
GONE = (
    START
    + r"""
#include <sys/mman.h>
__asm__(".text\nenter:\npush %rbp\npush %rbx\nmov %rsp, %rbx\nmov %rdi, %rsp\nmov %rdx, %rbp\n"
        "call *%rsi\nmov %rbx, %rsp\npop %rbx\npop %rbp\nret\n");
extern "C" void enter(void *stack, void (*function)(), void *frame);
extern "C" APART void leaf() { take(1000); asm volatile(""); }
extern "C" APART void body() { leaf(); asm volatile(""); }
int main() {
    const int how = MAP_PRIVATE | MAP_ANONYMOUS;
    char *stack = (char *)mmap(0, 1 << 20, PROT_READ | PROT_WRITE, how, -1, 0);
    void **frames = (void **)(stack + (768 << 10));
    for (int i = 0; i < 4; ++i) {
        frames[8 * i] = &frames[8 * (i + 1)];
        frames[8 * i + 1] = (void *)((char *)main + 1);
    }
    for (int pass = 0; pass < 2; ++pass) {
        for (int round = 0; round < 150; ++round) enter(stack + (256 << 10), body, frames);
        munmap(stack + (512 << 10), 512 << 10);
    }
}
"""
)


def built(here: Path, source: str, *flags: str) -> str:
    script("p.cpp", source)
    how = "-g -std=c++20 -fno-builtin -fomit-frame-pointer".split()
    subprocess.run(["g++", *how, *(flags or ("-O1",)), "p.cpp", "-o", "p"], check=True)
    return "./p"


def by_functions(*command: str) -> dict[tuple[str, ...], int]:
    """Bytes by the names of the program's own functions, outermost first."""
    run = profiled(*command)
    assert run.status == 0
    held: dict[tuple[str, ...], int] = {}
    for stack, size in run.callstacks.items():
        names = [f.partition("(")[2].split("(")[0].rstrip(")") for f in stack if "p.cpp:" in f]
        if names and names[-1] == "take":
            held[tuple(names)] = held.get(tuple(names), 0) + size
    return held


@pytest.mark.parametrize("flags", ["-O1", "-O2"])
def test_fibres(here, flags):
    assert by_functions(built(here, FIBRES, flags, "-fno-optimize-sibling-calls")) == {
        ("main", "take"): 100 * ROUNDS,
        ("first", "body", "take"): 1000 * ROUNDS // 2,
        ("second", "body", "take"): 3000 * ROUNDS // 2,
    }


def test_coroutines(here):
    held = by_functions(built(here, COROUTINES))
    assert held.pop(("main", "take")) == 100 * ROUNDS
    for name, size in (("first", 1000), ("second", 3000)):
        [stack] = [stack for stack in held if name in stack]
        assert stack[:2] == ("main", "resume") and stack[-2:] == (name, "take")
        assert held[stack] == size * ROUNDS // 2
    assert len(held) == 2


def test_jumps_out_of_functions(here):
    assert by_functions(built(here, JUMPS)) == {
        ("main", "take"): 100 * ROUNDS,
        **{("main", *["deep"] * n, "take"): 1000 * ROUNDS // 3 for n in (2, 3, 4)},
    }


def test_exceptions(here):
    held = by_functions(built(here, EXCEPTIONS))
    assert held.pop(("main", "take")) == 500 * ROUNDS
    assert held.pop(("main", "catcher", "take")) == 1000 * ROUNDS
    [(cleaned, size)] = held.items()  # while the stack is unwound
    assert cleaned[:3] == ("main", "catcher", "thrower") and size == 3000 * ROUNDS


def test_a_child_of_vfork_leaves_its_parents_stacks_alone(here):
    assert by_functions(built(here, VFORK)) == {("main", "start", "take"): 10 * 1000}


def test_a_tail_call_takes_the_place_of_its_caller(here):
    assert by_functions(built(here, TAIL_CALLS, "-O2")) == {
        ("main", "kept", "last", "take"): 1000 * ROUNDS
    }


def test_code_that_was_compiled_at_run_time_with_frame_pointers(here):
    held = by_functions(built(here, COMPILED))
    assert held == {("main", "jump", "callback", "take"): 1000 * ROUNDS}


def test_of_code_without_tables_and_frame_pointers_nobody_knows_the_caller(here):
    [(stack, size)] = by_functions(built(here, COMPILED), "bare").items()
    assert stack[-2:] == ("callback", "take") and size == 1000 * ROUNDS


def test_a_fibre_that_led_to_memory_that_is_gone(here):
    held = by_functions(built(here, GONE))
    assert sum(held.values()) == 1000 * ROUNDS // 2  # at the peak, before it goes
    assert {stack[-3:] for stack in held} == {("body", "leaf", "take")}


def test_another_library_at_the_place_of_one_that_is_gone(here):
    script(
        "host.cpp",
        """
        #include <dlfcn.h>
        #include <stdio.h>
        int main() {
            void *places[2];
            for (int round = 0; round < 100; ++round) {
                void *plugin = dlopen(round % 2 ? "./b.so" : "./a.so", RTLD_NOW);
                if (plugin == 0) return 2;
                void *function = dlsym(plugin, round % 2 ? "of_b" : "of_a");
                ((char *(*)(long))function)(round % 2 ? 3000 : 1000);
                places[round % 2] = function;
                dlclose(plugin);
            }
            puts(places[0] == places[1] ? "same place" : "other place");
        }
        """,
    )
    text = """
        #include <stdlib.h>
        extern "C" char *NAME(long n) { char *p = (char *)malloc(n); p[0] = 1; return p; }
    """
    for name in "ab":
        script(f"{name}.cpp", text.replace("NAME", f"of_{name}"))
        flags = ["-g", "-O1", "-fno-builtin", "-shared", "-fPIC"]
        subprocess.run(["g++", *flags, f"{name}.cpp", "-o", f"{name}.so"], check=True)
    subprocess.run(["g++", "-g", "host.cpp", "-o", "host"], check=True)
    run = profiled("./host")
    assert (run.status, run.stdout) == (0, b"same place\n")
    held = {
        name: sum(size for stack, size in run.callstacks.items() if f"(of_{name}" in stack[-1])
        for name in "ab"
    }
    assert held == {"a": 50 * 1000, "b": 50 * 3000}
