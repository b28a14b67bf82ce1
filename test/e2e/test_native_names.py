"""Names of native code, however its program was linked."""

from __future__ import annotations

import subprocess

import pytest
from command import profiled, script

PROGRAM = """\
#include <cstdlib>
#include <cstring>
static inline char* wrap(int bytes) {
    char* block = (char*)malloc(bytes);
    memset(block, 1, bytes);
    return block;
}
__attribute__((noinline)) char* store(int bytes) {
    char* block = wrap(bytes);
    asm volatile("");
    return block;
}
int main() { return store(9 << 20)[3] != 1; }
"""


@pytest.mark.parametrize(
    "linked",
    [
        "-Wl,-z,max-page-size=2097152",  # the segments are apart
        "-Wl,-z,max-page-size=2097152 -no-pie",
        "-Wl,-z,max-page-size=65536 -Wl,-z,separate-code",
        "-Wl,-z,noseparate-code -no-pie",
        "-fuse-ld=gold",
        "-Wl,--build-id=none",  # what ran cannot be told from another
        "-Wl,--build-id=none -Wl,-z,max-page-size=2097152",
    ],
)
def test_a_program_has_names(here, linked):
    script("p.cpp", PROGRAM)
    subprocess.run(["g++", "-g", "-O1", "p.cpp", "-o", "p", *linked.split()], check=True)
    frames = [stack for stack, size in profiled("./p").callstacks.items() if size == 9 << 20]
    assert frames == [
        (f"{here}/p.cpp:13 (main)", f"{here}/p.cpp:9 (store(int))", f"{here}/p.cpp:4 (wrap)")
    ]
