/* dlopen and dlsym must be jumped to, not called: see loader.cpp. Their two arguments are kept on
 * the stack around our own call; the third push keeps the stack aligned. */

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
    pushq   %rax;                    \
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

    .section .note.GNU-stack, "", @progbits
