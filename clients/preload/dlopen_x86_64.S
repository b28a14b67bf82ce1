/* dlopen, dlsym and dlvsym must be jumped to, not called: see loader.cpp. Their arguments, three at
 * most, are kept on the stack around our own call; three pushes keep it aligned. */

#define JUMP_AFTER(before, name)     \
    .globl  name;                    \
    .type   name, @function;         \
name:                                \
    .cfi_startproc;                  \
    endbr64;                         \
    pushq   %rdi;                    \
    .cfi_adjust_cfa_offset 8;        \
    pushq   %rsi;                    \
    .cfi_adjust_cfa_offset 8;        \
    pushq   %rdx;                    \
    .cfi_adjust_cfa_offset 8;        \
    call    before;                  \
    popq    %rdx;                    \
    .cfi_adjust_cfa_offset -8;       \
    popq    %rsi;                    \
    .cfi_adjust_cfa_offset -8;       \
    popq    %rdi;                    \
    .cfi_adjust_cfa_offset -8;       \
    jmp     *%rax;                   \
    .cfi_endproc;                    \
    .size   name, . - name

    .text
    JUMP_AFTER(fil_preload_before_dlopen, dlopen)
    JUMP_AFTER(fil_preload_before_dlsym, dlsym)
    JUMP_AFTER(fil_preload_before_dlvsym, dlvsym)

    .section .note.GNU-stack, "", @progbits
