"""Stacks of native programs that are not as compilers usually make them."""

from __future__ import annotations

import subprocess

import pytest
from command import profiled, script

FLAGS = "-g -O1 -fno-inline -fno-builtin -fomit-frame-pointer".split()

START = """\
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
static char *take(long n) { char *p = malloc(n); memset(p, 1, n); return p; }
"""

WRONG_TABLE = (
    START
    + r"""
__asm__(".text\n.type clobber, @function\nclobber:\n.cfi_startproc\npush %rbp\n"
    ".cfi_def_cfa_offset 16\n.cfi_offset %rbp, -16\nmov %rsp, %rbp\n.cfi_def_cfa_register %rbp\n"
    "push %rbx\npush %rbx\nmov %rbp, %rbx\nmov $12345, %ebp\ncall callback\n"
    "mov %rbx, %rbp\npop %rbx\npop %rbx\npop %rbp\nret\n.cfi_endproc\n.size clobber, .-clobber\n");
void clobber(void);
static char *got;
void callback(void) { got = take(9 << 20); }
int main(void) { clobber(); printf("%d\n", got[4]); }
"""
)
HANDLER = (
    START
    + r"""
static char stack[262144], *got;
static void handler(int s) { got = take(9 << 20); }
int main(void) {
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, 0);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, 0);
    raise(SIGUSR1);
    printf("%d\n", got[4]);
}
"""
)
FIBRE = (
    START
    + r"""
static ucontext_t outside, inside;
static char *got;
static void body(void) { got = take(9 << 20); }
int main(void) {
    getcontext(&inside);
    inside.uc_stack.ss_sp = malloc(65536);
    inside.uc_stack.ss_size = 65536;
    inside.uc_link = &outside;
    makecontext(&inside, body, 0);
    swapcontext(&outside, &inside);
    printf("%d\n", got[4]);
}
"""
)
ALIGNED = (
    START
    + r"""
static char *got;
static void aligned(int n) {
    _Alignas(64) char line[64];
    char more[n];
    memset(line, n, 64), memset(more, n, n);
    got = take(9 << 20);
    got[4] = line[3] + more[2] - 2 * n + 1;
}
int main(int count, char **words) { aligned(100 * count); printf("%d\n", got[4]); }
"""
)


@pytest.mark.parametrize(
    "program, callers",
    [
        (WRONG_TABLE, ["clobber", "callback", "take"]),
        (HANDLER, ["main", "handler", "take"]),
        (FIBRE, ["body", "take"]),
        (ALIGNED, ["main", "aligned", "take"]),
    ],
    ids=["wrong table", "handler on an alternate stack", "fibre", "aligned stack"],
)
def test_the_functions_that_called_are_shown(here, program, callers):
    script("p.c", program)
    subprocess.run(["gcc", *FLAGS, "p.c", "-o", "p"], check=True)
    run = profiled("./p")
    assert (run.status, run.stdout) == (0, b"1\n")
    [stack] = [stack for stack, size in run.callstacks.items() if size == 9 << 20]
    named = [frame.rpartition("(")[2].rstrip(")") for frame in stack]
    assert [name for name in named if name in callers] == callers
    assert named[-1] == "take"
