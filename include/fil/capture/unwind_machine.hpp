#pragma once
// What unwinding knows of the machine: x86-64, as its System V ABI and Linux have it.
//
// Another machine is another struct of this shape. Registers are numbered as DWARF does.
// Hot path: no malloc, no throw.

#include <cstddef>
#include <cstdint>

#include "fil/base/inlining.hpp"

namespace fil {

// A frame on its way to the next: where its code waits, and the two registers that lead on.
struct frame_place {
    std::uintptr_t pc;  // a return address
    std::uintptr_t sp;
    std::uintptr_t fp;
};

struct x86_64 {
    static constexpr unsigned registers = 17;
    static constexpr unsigned fp = 6, sp = 7, pc = 16;

    // A call pushes the address to return to; so it stands below the caller's stack.
    static constexpr std::uintptr_t return_slot = 8;

    // What the prologue with frame pointers leaves: the caller's fp at fp, its stack above the
    // return address.
    static constexpr int framed_stack = 16;

    // A signal handler returns into code whose sp points to the kernel's ucontext: the interrupted
    // code's registers, in the order of <sys/ucontext.h>, from `saved` on.
    static constexpr std::uintptr_t saved = 40;
    static constexpr std::uintptr_t saved_fp = saved + 10 * 8, saved_sp = saved + 15 * 8,
                                    saved_pc = saved + 16 * 8;

    // The place that this is inlined into.
    FIL_HOT static frame_place here() {
        frame_place at;
        asm volatile(
            "lea 0f(%%rip), %0\n"
            "0: mov %%rsp, %1\n"
            "mov %%rbp, %2"
            : "=&r"(at.pc), "=&r"(at.sp), "=&r"(at.fp));
        return at;
    }

    // The same, with all registers that functions keep.
    FIL_HOT static void all_here(std::uintptr_t (&values)[registers]) {
        asm volatile(
            "mov %%rbx, 24(%0)\n"
            "mov %%rbp, 48(%0)\n"
            "mov %%rsp, 56(%0)\n"
            "mov %%r12, 96(%0)\n"
            "mov %%r13, 104(%0)\n"
            "mov %%r14, 112(%0)\n"
            "mov %%r15, 120(%0)\n"
            "lea 0f(%%rip), %%rax\n"
            "0: mov %%rax, 128(%0)"
            :
            : "r"(values)
            : "rax", "memory");
    }
};

}  // namespace fil
