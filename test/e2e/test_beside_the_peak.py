"""What stands beside the peak, and numbers that must not disagree, in small native programs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from command import profiled
from conservation import model_of
from profiling import MIB, Profiled


def native(name: str, source: str) -> str:
    Path(f"{name}.c").write_text(source)
    flags = ["-g", "-O1", "-fno-inline", "-fno-builtin", "-pthread", "-D_GNU_SOURCE"]
    subprocess.run(["cc", *flags, f"{name}.c", "-o", name], check=True)
    return f"./{name}"


def model(run: Profiled) -> dict:
    return model_of(run.report)


def beside(run: Profiled, kind: str) -> int:
    return next(one["bytes"] for one in model(run)["mappings"] if one["kind"] == kind)


def headline(run: Profiled) -> int:
    """The peak, which page, terminal, graph and list of callstacks must agree on."""
    report = model(run)
    head = sum(report["tree"]["self"]) + report["hidden"]["bytes"]
    assert run.peak == report["listed"]["bytes"]
    assert report["facts"]["peak"] == head
    said = re.search(rb"Peak memory was ([0-9.]+) MiB", run.stderr)
    assert said is not None and said[1].decode() == f"{head / MIB:.1f}"
    return head


INCLUDES = """\
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>
static char *filled(char *p, long n) { memset(p, 1, n); return p; }
"""

FILE = """\
int main(void) {
    int f = open("data", O_RDWR);
    char *s = mmap(0, 8 << 20, PROT_READ, MAP_PRIVATE, f, 0);
    char *m = malloc(9 << 20);
    memcpy(m, s, 8 << 20);
    munmap(s, 8 << 20);
    return m[5];
}
"""
REPLACED = FILE.replace("munmap(s, 8 << 20);", "mmap(s, 8 << 20, PROT_NONE, 0x32, -1, 0);")
SYSTEM_V = """\
int main(void) {
    int id = shmget(IPC_PRIVATE, 8 << 20, IPC_CREAT | 0600);
    char *s = filled(shmat(id, 0, 0), 8 << 20), *m = filled(malloc(9 << 20), 9 << 20);
    shmdt(s);
    shmctl(id, IPC_RMID, 0);
    return m[5] - 1;
}
"""
OTHER_THREAD = """\
static void *holds(void *unused) { return filled(malloc(9 << 20), 9 << 20); }
int main(void) {
    pthread_t one;
    void *s, *m;
    int f = memfd_create("s", 0);
    if (ftruncate(f, 8 << 20)) return 9;
    s = mmap(0, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    pthread_create(&one, 0, holds, 0);
    pthread_join(one, &m);
    munmap(s, 8 << 20);
    return ((char *)m)[5] - 1;
}
"""


@pytest.mark.parametrize(
    "source, kind",
    [(FILE, "file"), (REPLACED, "file"), (SYSTEM_V, "shared"), (OTHER_THREAD, "shared")],
    ids=["unmapped", "replaced", "detached", "thread"],
)
def test_what_goes_before_the_first_block_was_beside_the_peak(here, source, kind):
    with Path("data").open("wb") as file:
        file.truncate(8 << 20)
    run = profiled(native("gone", INCLUDES + source))
    assert run.status == 0
    assert 9 * MIB <= headline(run) < 9.2 * MIB
    assert beside(run, kind) == 8 * MIB


SHARED_ANONYMOUS = """\
int main(void) {
    char *s = mmap(0, 100 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *m = filled(malloc(9 << 20), 9 << 20), *k = filled(malloc(100), 100);
    munmap(s, 100 << 20);
    free(k);
    free(m);
    return k == m;
}
"""


def test_shared_anonymous_memory_is_in_the_peak(here):
    run = profiled(native("shares", INCLUDES + SHARED_ANONYMOUS))
    assert 109 * MIB <= headline(run) < 109.2 * MIB
    assert beside(run, "shared") == 0


MANY = """\
enum { threads = 64, each = 15000 };
static pthread_barrier_t all;
static void *hold(void *unused) {
    char *m = filled(malloc(each), each);
    pthread_barrier_wait(&all);
    usleep(30000);
    pthread_barrier_wait(&all);
    free(m);
    return 0;
}
int main(int count, char **words) {
    static pthread_t started[threads];
    long first = count > 1 ? atol(words[1]) : 1;
    free(filled(malloc(first), first));
    pthread_barrier_init(&all, 0, threads + 1);
    for (int i = 0; i < threads; i++) pthread_create(&started[i], 0, hold, 0);
    pthread_barrier_wait(&all);
    pthread_barrier_wait(&all);
    for (int i = 0; i < threads; i++) pthread_join(started[i], 0);
    free(filled(malloc(first), first));
    return 0;
}
"""


@pytest.mark.parametrize("before_and_after", [1, 100_000])
def test_small_blocks_of_many_threads_are_in_head_and_graph(here, before_and_after):
    run = profiled(native("many", INCLUDES + MANY), str(before_and_after))
    held = sum(size for stack, size in run.callstacks.items() if "(hold)" in stack[-1])
    assert held == 64 * 15000
    assert held <= headline(run) < held + 64 * 1024


ARENA = """\
static char *arena, *m;
int main(int count, char **words) {
    long bytes = atol(words[1]);
    int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    arena = mmap(0, bytes, PROT_READ | PROT_WRITE, how, -1, 0);
    madvise(arena, bytes, MADV_NOHUGEPAGE);
    filled(arena, 20 << 20);
    m = filled(malloc(9 << 20), 9 << 20);
    if (count > 2) munmap(arena, bytes);
    return m[5] + (count > 2) - 1;
}
"""
CODE = """\
int main(int count, char **words) {
    long bytes = atol(words[1]);
    char *m, *code = mmap(0, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(code, bytes, PROT_READ | PROT_WRITE | PROT_EXEC);
    madvise(code, bytes, MADV_NOHUGEPAGE);
    filled(code, 20 << 20);
    m = filled(malloc(9 << 20), 9 << 20);
    _exit(m[5] + (count > 2) - 1);
}
"""


@pytest.mark.parametrize(
    "source, size, more",
    [
        (ARENA, 64 << 30, []),
        (ARENA, 64 << 20, []),
        (ARENA, 3 << 30, ["unmap"]),
        (CODE, 510 << 20, []),
    ],
    ids=["huge", "small", "unmapped", "code"],
)
def test_an_arena_is_reserved_and_its_resident_part_is_shown(here, source, size, more):
    run = profiled(native("reserves", INCLUDES + source), str(size), *more)
    assert run.status == len(more)
    assert 9 * MIB <= headline(run) < 9.2 * MIB
    assert beside(run, "reserved") == size
    assert beside(run, "arena") == 20 * MIB


@pytest.mark.parametrize("how", ["", " | MAP_NORESERVE"], ids=["of another kind", "of one kind"])
def test_what_replaces_a_part_of_an_arena_is_counted_once(here, how):
    """The kernel makes one mapping of two that touch and are alike."""
    source = f"""
    int main(void) {{
        int how = MAP_PRIVATE | MAP_ANONYMOUS, access = PROT_READ | PROT_WRITE;
        char *arena = mmap(0, 1l << 30, access, how | MAP_NORESERVE, -1, 0), *part;
        madvise(arena, 1l << 30, MADV_NOHUGEPAGE);
        filled(arena + (100 << 20), 7 << 20);
        part = mmap(arena + (512 << 20), 20 << 20, access, how | MAP_FIXED{how}, -1, 0);
        madvise(part, 20 << 20, MADV_NOHUGEPAGE);
        filled(part, 20 << 20);
        filled(arena + (600 << 20), 5 << 20);
        usleep(200000);
        return part[5] - 1;
    }}
    """
    run = profiled(native("replaces", INCLUDES + source))
    assert run.status == 0
    assert 20 * MIB <= headline(run) < 20.2 * MIB
    assert beside(run, "reserved") == (1024 - 20) * MIB
    assert beside(run, "arena") == 12 * MIB


CUT = """\
int main(void) {{
    long bytes = 4l << 30, step = 1280 << 10, part = {part} << 10;
    char *arena = mmap(0, bytes, {access}, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    madvise(arena, bytes, MADV_NOHUGEPAGE);
    {fill}
    char *m = filled(malloc(9 << 20), 9 << 20);
    for (long i = 0; i < 10000; i++) {{
        char *cut = arena + i * 7919 % 8192 * (512 << 10);
        {change}
        if (i % 100) continue;
        filled(malloc(100 << 10), 100 << 10);
        usleep(2000);
    }}
    usleep(200000);
    return m[5] - 1 + 0 * step;
}}
"""
# 16 KiB in each of 2,560 places.
FILLED = "for (long i = 0; i < 2560; i++) filled(arena + i * step, 16 << 10);"
HIDES = "mprotect(cut, part, i < 8192 ? PROT_NONE : PROT_READ | PROT_WRITE);"
# What is filled stays, whatever is replaced.
REPLACES = """\
        char *other = arena + (3l << 30) + i % 2048 * (512 << 10);
        int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
        mmap(other, part, PROT_NONE, how, -1, 0);
"""
HALF_FILLED = "for (long i = 0; i < 2048; i++) filled(arena + i * step, 16 << 10);"
# As V8 takes pages from its cage: reserved, then writable part by part.
COMMITS = """\
        mprotect(cut, part, PROT_READ | PROT_WRITE);
        if (i < 4096) filled(cut, 4 << 10);
        if (i >= 8192) mprotect(cut, part, PROT_NONE);
"""


@pytest.mark.parametrize(
    "access, fill, change, used, resident",
    [
        ("PROT_READ | PROT_WRITE", FILLED, HIDES, 0, 40 * MIB),
        ("PROT_READ | PROT_WRITE", HALF_FILLED, REPLACES, 0, 32 * MIB),
        ("PROT_NONE", "", COMMITS, 512 << 20, 0),
    ],
    ids=["hidden", "replaced", "committed"],
)
def test_an_arena_cut_thousands_of_times_while_it_is_looked_at(
    here, access, fill, change, used, resident
):
    part = 64 if used else 256
    source = CUT.format(access=access, fill=fill, change=change, part=part)
    run = profiled(native("cuts", INCLUDES + source))
    assert run.status == 0
    blocks = 82 if used else 100  # then parts go again
    assert headline(run) == pytest.approx(used + (9 << 20) + blocks * (100 << 10), abs=MIB / 10)
    assert beside(run, "arena") == resident


VIEWS = """\
int main(void) {
    int access = PROT_READ | PROT_WRITE;
    char *first = mmap(0, 20 << 20, access, MAP_SHARED | MAP_ANONYMOUS, -1, 0), *m, *k;
    char *second = mremap(filled(first, 20 << 20), 0, 20 << 20, MREMAP_MAYMOVE);
    %s
    m = filled(malloc(17 << 20), 17 << 20);
    k = filled(malloc(100), 100);
    free(k);
    return m[5] - 1;
}
"""


@pytest.mark.parametrize(
    "then, held",
    [
        ("", 20),
        ("munmap(first, 20 << 20);", 20),
        ("munmap(second, 20 << 20);", 20),
        ("munmap(first, 20 << 20); munmap(second, 20 << 20);", 3),  # 20 before, 17 afterwards
        ("munmap(first, 12 << 20); munmap(second, 5 << 20);", 15),
        ("first = mremap(first, 20 << 20, 8 << 20, 0); munmap(second, 2 << 20);", 20),
        ("mmap(first, 20 << 20, PROT_NONE, 0x32, -1, 0);", 20),
        ("mprotect(first, 20 << 20, PROT_NONE);", 20),
        ("second = mremap(second, 20 << 20, 30 << 20, MREMAP_MAYMOVE);", 30),
        ("if (fork() == 0) { munmap(first, 20 << 20); munmap(second, 20 << 20); _exit(0); }"
         " munmap(first, 20 << 20); usleep(100000);", 20),
    ],
    ids="both second first none parts shrunk replaced hidden grown forked".split(),
)  # fmt: skip
def test_shared_memory_is_counted_as_long_as_a_view_of_it_lives(here, then, held):
    run = profiled(native("views", INCLUDES + VIEWS % then))
    assert run.status == 0
    assert run.peak == pytest.approx((held + 17) * MIB, abs=MIB / 10)


def test_a_second_view_of_named_memory_is_a_mapping_more(here):
    source = """
    int main(void) {
        int access = PROT_READ | PROT_WRITE, file = memfd_create("named", 0);
        if (ftruncate(file, 2 << 20)) return 9;
        char *named = mmap(0, 2 << 20, access, MAP_SHARED, file, 0);
        mremap(named, 0, 2 << 20, MREMAP_MAYMOVE);
        char *m = filled(malloc(9 << 20), 9 << 20);
        return m[5] - 1;
    }
    """
    run = profiled(native("names", INCLUDES + source))
    assert run.status == 0
    assert 9 * MIB <= headline(run) < 9.2 * MIB
    assert beside(run, "shared") == 4 * MIB


def test_memory_that_is_reserved_and_then_used_piece_by_piece_is_in_the_peak(here):
    source = """
    int main(void) {
        char *a = mmap(0, 1l << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        mprotect(a, 128 << 20, PROT_READ | PROT_WRITE);
        char *b = mmap(a + (256 << 20), 64 << 20, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        char *block = mmap(0, 130 << 20, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return a == b || block == a;
    }
    """
    run = profiled(native("commits", INCLUDES + source))
    assert headline(run) == pytest.approx((128 + 64 + 130) * MIB, abs=MIB / 10)
    assert beside(run, "reserved") == (1024 - 128 - 64) * MIB
    assert beside(run, "arena") == 0


@pytest.mark.parametrize(("mappings", "is_told"), [(1000, False), (1100, True)])
def test_more_large_mappings_than_are_measured_are_told(here, mappings, is_told):
    source = """
    int main(void) {
        int access = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
        for (int i = 0; i < %d; ++i) { /* with a gap, or neighbours are one */
            char *place = mmap(0, 65 << 20, access, flags, -1, 0);
            munmap(place + (64 << 20), 1 << 20);
        }
        return 0;
    }
    """
    run = profiled(native("many", INCLUDES + source % mappings))
    assert run.status == 0
    notes = "".join(model(run)["facts"]["notes"])
    assert ("more than 1,024 mappings of 64 MiB" in notes) == is_told
