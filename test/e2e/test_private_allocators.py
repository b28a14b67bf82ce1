"""A jemalloc that a library or a program brought along, under whatever name: its blocks are seen
one by one, as it tells of them itself, and what it maps is its reserve."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from profiling import KIB, MIB, PROGRAMS, Profiled, run_plain, run_profiled
from test_allocators import STATIC_JEMALLOC, notes_of

PIC_JEMALLOC = STATIC_JEMALLOC.with_name("libjemalloc_pic.a")
# 48 blocks, 16 of which have grown, and one of a MiB that was asked for zeroed.
HELD = 32 * 512 * KIB + 16 * MIB + 1 * MIB
# At the peak the last one that grows is still there in its old place as well.
AT_PEAK = {"takes": 33 * 512 * KIB, "takes_zeroed": MIB, "grows": 16 * MIB}
# Debian's jemalloc wants more thread-local memory than a library that comes late may have.
WITH_ROOM = {**os.environ, "GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=16000"}


OTHER = """
void* very_own_malloc(unsigned long bytes);
__attribute__((visibility("default"))) void* hold_by_other(unsigned long bytes) {
    return very_own_malloc(bytes);
}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library, whose jemalloc has a prefix and is hidden, and its user."""
    folder = tmp_path_factory.mktemp("own_jemalloc")

    def run(*command: object) -> None:
        subprocess.run([str(word) for word in command], check=True, cwd=folder)

    listed = subprocess.check_output(["nm", "--defined-only", "-g", PIC_JEMALLOC], text=True)
    names = {line.split()[2] for line in listed.splitlines() if len(line.split()) == 3}
    names -= {name for name in names if name.startswith(("_Z", "__"))}
    for prefix in ("own", "very_own"):
        renamed = "".join(f"{name} {prefix}_{name}\n" for name in sorted(names))
        (folder / "names").write_text(renamed)
        run("objcopy", "--redefine-syms=names", PIC_JEMALLOC, f"lib{prefix}.a")
    run("cc", "-c", "-g", "-O1", "-fPIC", PROGRAMS / "own_jemalloc.c", "-o", "own.o")
    (folder / "map").write_text(
        "{ global: hold*; grow; give_back*; allocated; take; shrink; local: *; };"
    )
    link = ["c++", "-shared", "own.o", "libown.a", "-Wl,--version-script=map", "-o"]
    run(*link, "own.so", "-lpthread", "-ldl", "-lm")
    run("strip", "own.so", "-o", "stripped.so")
    (folder / "other.c").write_text(OTHER)
    run("cc", "-c", "-g", "-O1", "-fPIC", "other.c", "-o", "other.o")
    run(*link, "both.so", "other.o", "libvery_own.a", "-lpthread", "-ldl", "-lm")
    run(*link[:-2], "-o", "exported.so", "-s", "-lpthread", "-ldl", "-lm")
    run("cc", "-g", "-O1", PROGRAMS / "uses_own_jemalloc.c", "-o", "user", "-lpthread", "-ldl")
    return folder


def sum_in(profiled: Profiled, *functions: str) -> dict[str, int]:
    named = {function: 0 for function in functions}
    for frames, size in profiled.callstacks.items():
        for function in functions:
            if any(f"({function})" in frame for frame in frames):
                named[function] += size
    return named


def assert_each_block_is_seen(profiled: Profiled) -> None:
    seen = sum_in(profiled, "takes", "takes_zeroed", "grows")
    assert seen == AT_PEAK
    assert notes_of(profiled) == []
    innermost = {frames[-1] for frames, size in profiled.callstacks.items() if size >= MIB}
    names = {frame.rpartition("/")[2].partition(":")[0] for frame in innermost}
    assert names == {"own_jemalloc.c"}, "who asked, and nothing of the allocator"


@pytest.mark.parametrize("how", ["", "twice", "thread", "elsewhere"])
def test_each_block_of_a_librarys_own_jemalloc_is_seen(how: str, built: Path, tmp_path: Path):
    program = [str(built / "user"), str(built / "own.so"), how]
    profiled = run_profiled(tmp_path / "out", program, env=WITH_ROOM)
    assert (profiled.status, profiled.own_stderr) == (0, b""), profiled.stderr.decode()
    assert_each_block_is_seen(profiled)
    assert int(profiled.stdout) == pytest.approx(HELD, rel=0.02), "as it says itself"
    assert profiled.peak == pytest.approx(HELD, rel=0.02), "and its ground is not counted"


def test_one_that_is_opened_and_closed_again_and_again_is_seen_each_time(
    built: Path, tmp_path: Path
) -> None:
    program = [str(built / "user"), str(built / "own.so"), "often"]
    profiled = run_profiled(tmp_path / "out", program, env=WITH_ROOM)
    assert (profiled.status, profiled.own_stderr) == (0, b""), profiled.stderr.decode()
    assert_each_block_is_seen(profiled)
    assert sum_in(profiled, "takes_before") == {"takes_before": 12 * 50 * KIB}
    assert profiled.peak == pytest.approx(HELD, rel=0.04), "and its ground is not counted"


def test_each_way_to_ask_is_known_and_what_was_given_back_is_gone(
    built: Path, tmp_path: Path
) -> None:
    program = [str(built / "user"), str(built / "own.so"), "ways"]
    profiled = run_profiled(tmp_path / "out", program, env=WITH_ROOM)
    assert (profiled.status, profiled.stdout, profiled.own_stderr) == (0, b"", b"")
    kept = sum(MIB + way * 51_200 for way in range(9))
    expected = {"passes": 0, "keeps": kept, "shrinks": 4 * MIB}
    assert sum_in(profiled, *expected) == expected
    assert profiled.peak == pytest.approx(kept + 4 * MIB, rel=0.02)


def test_an_object_with_two_jemallocs_tells_of_both(built: Path, tmp_path: Path) -> None:
    script = tmp_path / "both.py"
    script.write_text(BOTH.format(str(built / "both.so")))
    profiled = run_profiled(tmp_path / "out", [str(script)], env=WITH_ROOM)
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    assert bytes_at(profiled, "(one)") == pytest.approx(30 * MIB, abs=KIB)
    assert bytes_at(profiled, "(other)") == pytest.approx(40 * MIB, abs=KIB)
    assert profiled.peak < 80 * MIB, "and their ground is not counted"


BOTH = """
import ctypes
library = ctypes.CDLL({!r})
def one():
    library.hold(30 << 20)
def other():
    library.hold_by_other(40 << 20)
one()
other()
"""


def test_names_that_the_library_exports_are_enough(built: Path, tmp_path: Path) -> None:
    program = [str(built / "user"), str(built / "exported.so")]
    profiled = run_profiled(tmp_path / "out", program, env=WITH_ROOM)
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    assert sum_in(profiled, *AT_PEAK) == AT_PEAK
    assert notes_of(profiled) == []


def test_each_block_is_seen_in_forked_workers(built: Path, tmp_path: Path) -> None:
    program = [str(built / "user"), str(built / "own.so"), "forks"]
    profiled = run_profiled(tmp_path / "out", program, env=WITH_ROOM)
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    told = sum(int(line) for line in profiled.stdout.splitlines())
    assert len(profiled.stdout.splitlines()) == 4
    assert profiled.peak == pytest.approx(told, rel=0.02)
    assert notes_of(profiled) == []


def test_one_whose_names_are_gone_is_named_and_the_program_is_as_plain(
    built: Path, tmp_path: Path
) -> None:
    program = [str(built / "user"), str(built / "stripped.so"), "lingers"]
    plain = run_plain(program, env=WITH_ROOM)
    profiled = run_profiled(tmp_path / "out", program, env=WITH_ROOM)
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    assert int(profiled.stdout) == pytest.approx(int(plain.stdout), rel=0.01)
    notes = [note for note in notes_of(profiled) if note.startswith("stripped.so has jemalloc")]
    assert len(notes) == 1
    told = re.search(r"where it takes it; ([\d.]+) MiB of that were resident at the peak", notes[0])
    assert told and HELD * 0.9 < float(told[1]) * MIB < profiled.peak
    assert profiled.peak >= HELD, "what it maps"


FAKES = {
    "refuses": (1, False),
    "lies": (2, False),
    "is_later": (3, True),
    "hides_mallocx": (4, False),
}

ASKS_FAKE = """
import ctypes, time
library = ctypes.CDLL({!r})
def held():
    library.hold(30_000_000)
held()
kept = bytes(3_000_000)  # memory grows, so it is looked at after that one was touched
time.sleep(0.4)
print(library.listeners_now())
"""


@pytest.mark.parametrize("way", FAKES)
def test_one_of_an_unknown_version_is_believed_where_it_tells_the_truth(
    way: str, tmp_path: Path
) -> None:
    number, is_told = FAKES[way]
    library = tmp_path / "fake.so"
    options = ["-shared", "-fPIC", "-O1", f"-DWAY={number}", "-lpthread"]
    subprocess.run(["cc", PROGRAMS / "fake_jemalloc.c", *options, "-o", library], check=True)
    script = tmp_path / "asks.py"
    script.write_text(ASKS_FAKE.format(str(library)))
    profiled = run_profiled(tmp_path / "out", [str(script)])
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    assert int(profiled.stdout) == is_told, "hooks stay in where they are believed only"
    assert bytes_at(profiled, "(held)") == pytest.approx(30_000_000, abs=8 * KIB), "once"
    notes = notes_of(profiled)
    if is_told:
        assert notes == []
        return
    assert len(notes) == 1
    assert notes[0].startswith("fake.so has jemalloc 9.8.7 inside, which does not tell of its")
    assert "; 28.6 MiB of that were resident at the peak" in notes[0]


def with_jemalloc(built: Path, folder: Path, main: str) -> str:
    """A program that has the jemalloc linked into it."""
    program = folder / "linked"
    sources = [PROGRAMS / "own_jemalloc.c", folder / "main.c"]
    sources[1].write_text(main)
    libraries = ["-lstdc++", "-lpthread", "-ldl", "-lm"]
    command = ["cc", "-g", "-O1", *sources, built / "libown.a", "-o", program, *libraries]
    subprocess.run(command, check=True)
    return str(program)


def test_a_jemalloc_linked_into_the_program_is_seen(built: Path, tmp_path: Path) -> None:
    profiled = run_profiled(tmp_path / "out", [with_jemalloc(built, tmp_path, LINKED)])
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    assert sum_in(profiled, "many")["many"] == 8000 * 1000
    assert int(profiled.stdout) == pytest.approx(8000 * 1024, rel=0.02), "in classes of sizes"
    assert profiled.peak == pytest.approx(8000 * 1000, rel=0.02)
    assert notes_of(profiled) == []


LINKED = """
#include <stdio.h>
void *hold(size_t bytes);
void give_back(void *block);
size_t allocated(void);
static void *blocks[8000];
__attribute__((noinline)) void many(void) {
    for (int i = 0; i < 8000; ++i) blocks[i] = hold(1000);
}
int main(void) {
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 7000; ++i) blocks[i] = hold(1000);
        for (int i = 0; i < 7000; ++i) give_back(blocks[i]);
    }
    many();
    printf("%zu\\n", allocated());
}
"""


# ---- the C library's functions, by its handle ----------------------------------------------------

BY_HANDLE = """
import ctypes
libc, own = ctypes.CDLL("libc.so.6"), ctypes.CDLL(None)
libc.malloc.restype = own.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def passing():
    libc.free(libc.malloc(50 << 20))

def passing_half():
    libc.free(own.malloc(40 << 20))

def held():
    return libc.malloc(60 << 20)

libc.dlvsym.restype = ctypes.c_void_p
libc.dlvsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
VERSION = b"GLIBC_2.2.5"
def versioned(name, *what):
    return ctypes.CFUNCTYPE(*what)(libc.dlvsym(libc._handle, name, VERSION))
malloc = versioned(b"malloc", ctypes.c_void_p, ctypes.c_size_t)
free = versioned(b"free", None, ctypes.c_void_p)

def passing_versioned():
    free(libc.malloc(45 << 20))

def held_versioned():
    return malloc(35 << 20)

for _ in range(5):
    passing()
    passing_half()
    passing_versioned()
blocks = [held(), held(), held_versioned()]
"""


def test_functions_of_the_c_library_reached_by_its_handle_are_seen(tmp_path: Path) -> None:
    script = tmp_path / "by_handle.py"
    script.write_text(BY_HANDLE)
    profiled = run_profiled(tmp_path / "out", [str(script)])
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    assert bytes_at(profiled, "(held)") == pytest.approx(120 * MIB, abs=KIB)
    assert bytes_at(profiled, "(held_versioned)") == pytest.approx(35 * MIB, abs=KIB)
    assert bytes_at(profiled, "(passing") == 0


def bytes_at(profiled: Profiled, text: str) -> int:
    return sum(n for frames, n in profiled.callstacks.items() if any(text in f for f in frames))


# ---- mimalloc, which tells nobody of its blocks --------------------------------------------------

ASKS = """
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
void ask(void) {
    fprintf(stderr, "%s", munmap(0, 0) == 0 ? "mimalloc: error\\n" : "");
    madvise(0, 0, 0);
}
"""
TRIES_LOCKS = "int lock(pthread_mutex_t* one) { return pthread_mutex_trylock(one); }\n"
PYTHON = 'const char* Py_GetVersion(void) { return "3.14"; }\n'
FREE_THREADED = "void _Py_MergeZeroLocalRefcount(void* object) {}\n"


@pytest.mark.parametrize(
    ("name", "code", "is_named"),
    [
        ("libtries.so", TRIES_LOCKS, True),
        ("libtries_not.so", "", True),
        ("libpython3.14.so", TRIES_LOCKS + PYTHON, False),
        ("libpython3.14t.so", TRIES_LOCKS + PYTHON + FREE_THREADED, True),
    ],
)
def test_a_mimalloc_is_named_and_one_that_an_interpreter_does_not_use_is_not(
    name: str, code: str, is_named: bool, tmp_path: Path
) -> None:
    (tmp_path / "asks.c").write_text(ASKS + code)
    command = ["cc", "-shared", "-fPIC", "asks.c", "-o", name]
    subprocess.run(command, check=True, cwd=tmp_path)
    script = tmp_path / "opens.py"
    script.write_text(f"import ctypes\nctypes.CDLL({str(tmp_path / name)!r}).ask\n")
    profiled = run_profiled(tmp_path / "out", [str(script)])
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    start = f"{name} has mimalloc inside, which does not tell of its blocks"
    assert [note.startswith(start) for note in notes_of(profiled)] == [True] * is_named


POOL = """
import time
import pyarrow as pa
pool = pa.{}_memory_pool()
kept = [pa.array(range(1_000_000), type=pa.int64(), memory_pool=pool) for _ in range(4)]
time.sleep(0.4)
"""


@pytest.mark.parametrize("pool", ["default", "jemalloc", "mimalloc"])
def test_arrows_mimalloc_is_named_where_the_program_itself_takes_it(
    pool: str, tmp_path: Path
) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL.format(pool))
    profiled = run_profiled(tmp_path / "out", [str(script)])
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    notes = notes_of(profiled)
    if pool != "mimalloc":
        assert notes == []
        return
    told = re.search(r"mimalloc inside.*; ([\d.]+) MiB of that were resident", "".join(notes))
    assert told and 20 < float(told[1]) < 50  # the last one may not be filled when it is looked at


def test_a_forked_child_asks_for_a_symbol_while_a_thread_was_in_the_loader(tmp_path: Path) -> None:
    program = tmp_path / "asks"
    source = PROGRAMS / "asks_in_a_child.c"
    subprocess.run(["cc", "-O1", "-o", program, source, "-lpthread", "-ldl"], check=True)
    profiled = run_profiled(tmp_path / "out", [str(program)])
    assert profiled.stdout == b"the child ended with 0\n"
