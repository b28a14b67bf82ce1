/* operator new and delete: each a jump to where its place in fil_preload_operators leads
 * (operators.cpp). So where the C++ library's own is behind it, no frame of ours is on the stack when
 * that throws std::bad_alloc or calls the program's new handler. Before the places are filled, they
 * lead to code that has it done; the operators' arguments are kept meanwhile, and the third push
 * keeps the stack aligned. */

    .section .data.rel.local, "aw"
    .globl  fil_preload_operators
    .hidden fil_preload_operators
    .balign 8
fil_preload_operators:

    .text
#define FIL_OPERATOR(kind, name)           \
    .pushsection .data.rel.local, "aw";    \
place_##name:                              \
    .quad   first_##name;                  \
    .popsection;                           \
    .globl  name;                          \
    .type   name, @function;               \
    .balign 16;                            \
name:                                      \
    .cfi_startproc;                        \
    endbr64;                               \
    jmp     *place_##name(%rip);           \
first_##name:                              \
    pushq   %rdi;                          \
    .cfi_adjust_cfa_offset 8;              \
    pushq   %rsi;                          \
    .cfi_adjust_cfa_offset 8;              \
    pushq   %rdx;                          \
    .cfi_adjust_cfa_offset 8;              \
    call    fil_preload_find_operators;    \
    popq    %rdx;                          \
    .cfi_adjust_cfa_offset -8;             \
    popq    %rsi;                          \
    .cfi_adjust_cfa_offset -8;             \
    popq    %rdi;                          \
    .cfi_adjust_cfa_offset -8;             \
    jmp     *place_##name(%rip);           \
    .cfi_endproc;                          \
    .size   name, . - name;
#include "operators.def"

    .section .note.GNU-stack, "", @progbits
