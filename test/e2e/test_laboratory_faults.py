"""The laboratory on what is no trace, no allocator, or no room: a clear line each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import SECONDS, fil_profile, script, wait_until
from profiling import FIL_PROFILE
from traces import recorded


@pytest.mark.usefixtures("here")
def test_an_allocator_that_is_none_or_crashes_is_said_in_a_line(traced: str) -> None:
    recorded(traced, "many", "100")
    script("bad.c", "void abort(void); void* malloc(unsigned long n) { abort(); return 0; }")
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", "bad.so", "bad.c"], check=True)
    said = {
        "nothere.so": "nothere.so: it cannot be loaded: no such library, or one of another kind",
        "libz.so.1": "libz.so.1: it has no malloc",
        "./bad.so": "bad.so: it crashed: Aborted",
    }
    for allocator, why in said.items():
        ended = fil_profile("replay", "--allocator", allocator, "trace.filtrace", timeout=SECONDS)
        assert (ended.status, ended.stderr.decode()) == (1, f"=fil-profile= {why}\n")


@pytest.mark.usefixtures("here")
def test_what_is_no_whole_trace_is_said_in_a_line(traced: str) -> None:
    recorded(traced, "many", "1000")
    whole = Path("trace.filtrace").read_bytes()
    Path("cut.filtrace").write_bytes(whole[:-30])
    place = whole.index(b"tblk", 65) + 80  # in its first events
    damaged = whole[:place] + b"\0\0\0\0" + whole[place + 4 :]
    Path("damaged.filtrace").write_bytes(damaged)
    Path("foreign.filtrace").write_bytes(b"hello" * 100)
    Path("empty.filtrace").touch()
    cut = fil_profile("replay", "cut.filtrace", timeout=SECONDS)
    assert cut.status == 0
    assert b"cut.filtrace ends early" in cut.stderr
    said = {
        "damaged.filtrace": "it is damaged",
        "foreign.filtrace": "it is no trace",
        "empty.filtrace": "it is no trace",
        "nowhere.filtrace": "No such file or directory",
        ".": "Is a directory",
    }
    for name, why in said.items():
        ended = fil_profile("replay", name, timeout=SECONDS)
        assert (ended.status, ended.stderr.decode()) == (
            2,
            f"=fil-profile= cannot read {name}: {why}\n",
        )


@pytest.mark.usefixtures("here")
def test_the_program_goes_on_where_the_trace_cannot(traced: str) -> None:
    nowhere = fil_profile("record", "-o", "/nowhere/x", traced, "all", timeout=SECONDS)
    assert nowhere.status == 2
    assert nowhere.stderr.startswith(b"=fil-profile= cannot write the trace: /nowhere/x")
    full = fil_profile("record", "-o", "/dev/full", traced, "all", timeout=SECONDS)
    assert full.status == 2
    # A disk that is full after a while, as a limit of a file's length has it.
    limited = subprocess.run(
        [
            "sh",
            "-c",
            f"ulimit -f 8; exec {FIL_PROFILE} record {sys.executable} -c 'print(sum(range(9)))'",
        ],
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert limited.stdout == b"36\n"
    assert limited.returncode == 0
    assert b"The trace ends early: " in limited.stderr


@pytest.mark.usefixtures("here")
def test_where_fil_profile_is_killed_the_trace_is_read_as_far_as_it_goes() -> None:
    script(
        "waits.py",
        "import time\nkept = [bytes(1000) for _ in range(50_000)]\n"
        "print('ready', flush=True)\ntime.sleep(60)\n",
    )
    command = [str(FIL_PROFILE), "record", sys.executable, "waits.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        supervisor.stdout.readline()
        size = Path("trace.filtrace")
        wait_until(lambda: size.stat().st_size > 40_000, "the trace is written")
        os.kill(supervisor.pid, signal.SIGKILL)
    ended = fil_profile("replay", "trace.filtrace", timeout=SECONDS)
    assert ended.status == 0
    assert b"trace.filtrace ends early" in ended.stderr


# Each command that takes a trace.
COMMANDS = {
    "print": ["replay", "--print"],
    "replay": ["replay"],
    "pages": ["replay", "--pages"],
    "understand": ["understand"],
    "json": ["understand", "--json"],
    "synthesize": ["synthesize", "-o", "made.cpp"],
    "compare": "--no-browser compare-allocators --repeat 1 --allocator glibc".split(),
    "report": ["report", "--at", "0.001", "--format", "text"],
}


@pytest.mark.usefixtures("here")
def test_each_command_says_in_a_line_what_is_no_whole_trace(traced: str) -> None:
    recorded(traced, "many", "1000")
    whole = Path("trace.filtrace").read_bytes()
    place = whole.index(b"tblk", 65) + 80  # in its first events
    bad = {
        "damaged": (whole[:place] + b"\0\0\0\0" + whole[place + 4 :], "it is damaged"),
        "foreign": (b"hello" * 100, "it is no trace"),
        "empty": (b"", "it is no trace"),
        "newer": (whole[:8] + b"\x09" + whole[9:], "it is of version 9, and only"),
        "head": (whole[:64], "it is cut short: nothing of it is whole"),
        "nowhere": (None, "No such file or directory"),
    }
    for name, (content, why) in bad.items():
        if content is not None:
            Path(name).write_bytes(content)
        for words in COMMANDS.values():
            ended = fil_profile(*words, name, timeout=SECONDS)
            [line] = ended.stderr.decode().splitlines()
            assert ended.status != 0, (words, name)
            assert ended.stdout == b"", (words, name)
            assert line.startswith("=fil-profile= ") and name in line
            assert why in line or words[0] == "report", line
    Path("cut").write_bytes(whole[:-30])
    for name, words in COMMANDS.items():
        ended = fil_profile(*words, "cut", timeout=SECONDS)
        said = ended.stderr.decode()
        assert ended.status == 0, (words, said)
        # Its events are there, and who allocated: nothing is missing.
        if name not in ("print", "report"):
            assert "cut ends early" in said, words


LACKING = """
    #include <stddef.h>
    static char pool[1 << 24]; static size_t at;
    void* malloc(size_t n) {
        size_t mine = __sync_fetch_and_add(&at, (n + 31) & ~15ul);
        return mine + n + 16 > sizeof pool ? 0 : pool + mine + 16;
    }
    void free(void* p) { }
"""
# One that has all of the family, from a pool, with the fault that is asked for.
POOL = """
    #define _GNU_SOURCE
    #include <stddef.h>
    #include <string.h>
    #include <unistd.h>
    static char pool[1 << 26]; static size_t at, count;
    static void* take(size_t n, size_t a) {
        size_t here = (at + 16 + a - 1) & ~(a - 1);
        if (here + n > sizeof pool) return 0;
        ++count;
        AT_MALLOC;
        at = here + n;
        memcpy(pool + here - 8, &n, 8);
        return pool + here;
    }
    void* malloc(size_t n) { return take(n, 16); }
    void* calloc(size_t n, size_t m) { return take(n * m, 16); }
    void* realloc(void* p, size_t n) {
        size_t old = 0;
        void* q = take(n, 16);
        if (p) memcpy(&old, (char*)p - 8, 8);
        return q && p ? memcpy(q, p, old < n ? old : n) : q;
    }
    int posix_memalign(void** p, size_t a, size_t n) { *p = take(n, a); return *p ? 0 : 12; }
    void* aligned_alloc(size_t a, size_t n) { return take(n, a); }
    size_t malloc_usable_size(void* p) {
        size_t n = 0;
        if (p) memcpy(&n, (char*)p - 8, 8);
        return n;
    }
    void free(void* p) { }
    AT_LOAD
"""
STUBS = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <stdlib.h>
    #include <unistd.h>
    static int count;
    void* malloc(size_t n) {
        static void* (*real)(size_t);
        if (!real) real = dlsym(RTLD_NEXT, "malloc");
        ++count;
        AT_MALLOC;
        return real(n);
    }
"""


def library(name: str, text: str, *options: str) -> str:
    script(name + ".c", text)
    command = ["cc", "-shared", "-fPIC", "-w", "-fno-builtin", *options, name + ".c"]
    subprocess.run([*command, "-o", name + ".so"], check=True)
    return f"./{name}.so"


@pytest.mark.usefixtures("here")
def test_an_allocator_that_is_bad_has_a_row_that_says_so_and_the_others_are_there() -> None:
    script(
        "asks.c",
        "#include <stdlib.h>\n"
        "int main(void) { void* k[50] = {0}; for (int i = 0; i < 3000; ++i) { int j = i % 50;\n"
        "if (i % 7 == 0) k[j] = realloc(k[j], i % 900 + 1); else { free(k[j]);\n"
        "k[j] = i % 5 ? malloc(i % 700) : i % 2 ? calloc(3, i % 50 + 1) : aligned_alloc(64, 128);"
        " } } }\n",
    )
    subprocess.run(["cc", "-w", "-O0", "-fno-builtin", "asks.c", "-o", "asks"], check=True)
    recorded("./asks")
    library("lacks", LACKING)
    library("late", STUBS, "-DAT_MALLOC=if (count > 500) abort()")
    library("hangs", STUBS, "-DAT_MALLOC=while (count > 500) pause()")
    library("prints", STUBS, '-DAT_MALLOC=write(1, "done\\nsteps 7\\nmalloc me\\n", 23)')
    library("gives_none", STUBS, "-DAT_MALLOC=if (count > 500 && count % 3 == 0) return 0")
    library("frees_only", "void free(void* p) { }")
    nothing = ("-DAT_MALLOC=", "-DAT_LOAD=")
    library("leaks", POOL, *nothing)
    library("crooked", POOL, "-DAT_MALLOC=if (count % 2) here += 4", nothing[1])
    twice = "if (count > 900 && count % 9 == 0 && a <= 16) return pool + (at - 700 & ~15ul)"
    library("twice", POOL, f"-DAT_MALLOC={twice}", nothing[1])
    library("crashes", POOL, "-DAT_MALLOC=if (count == 1000) *(volatile int*)0 = 1", nothing[1])
    leaves = "__attribute__((constructor)) static void gone(void) { _exit(0); }"
    library("leaves", POOL, nothing[0], f"-DAT_LOAD={leaves}")
    says = '__attribute__((constructor)) static void say(void) { write(1, "hello\\n", 6); }'
    library("greets", POOL, nothing[0], f"-DAT_LOAD={says}")
    foreign = bytearray(Path("late.so").read_bytes())
    foreign[18:20] = b"\xb7\x00"  # of AArch64
    Path("foreign.so").write_bytes(foreign)
    Path("text.so").write_text("no library\n")
    Path("empty.so").touch()
    cannot = "it cannot be loaded: no such library, or one of another kind"
    failures = {
        "lacks.so": "it crashed: Aborted (it has no calloc, realloc, posix_memalign)",
        "late.so": "it crashed: Aborted (it has no free, calloc, realloc, posix_memalign)",
        "hangs.so": "it was not done after 2 s (it has no free, calloc, realloc, posix_memalign)",
        "frees_only.so": "it has no malloc",
        "crashes.so": "it crashed: Segmentation fault",
        "leaves.so": "it ended before it was done",
        "foreign.so": cannot,
        "text.so": cannot,
        "empty.so": cannot,
        "nowhere.so": cannot,
    }
    measured = ["prints", "gives_none", "leaks", "crooked", "twice", "greets"]
    names = ["glibc", *(f"./{name}" for name in failures), *(f"./{name}.so" for name in measured)]
    words = [word for name in names for word in ("--allocator", name)]
    ended = fil_profile(
        *("--no-browser", "compare-allocators", "--repeat", "1", "--seconds", "2", *words),
        "trace.filtrace",
        timeout=60,
    )
    assert ended.status == 0, ended.stderr
    said = ended.stderr.decode().splitlines()
    for name, why in failures.items():
        assert f"=fil-profile= {name} was not measured: {why}." in said
    text = Path("allocator-comparison/figures.json").read_text()
    found = {one["name"]: one for one in json.loads(text)["traces"][0]["allocators"]}
    assert {name: one["failure"] for name, one in found.items() if "failure" in one} == failures
    assert "answers" in found["glibc"]
    # What it wrote was not taken for figures.
    assert found["prints.so"]["library"].endswith("/prints.so")
    assert found["prints.so"]["samples"][-1][0] > 3000
    assert "blocks could not be had" in found["gives_none.so"]["odd"]
    odd = {
        "leaks": "freed blocks again: it only leaks",
        "greets": "freed blocks again: it only leaks",
        "crooked": "blocks were not aligned as asked",
        "twice": "blocks were given while others had them",
    }
    for name, what in odd.items():
        assert what in found[f"{name}.so"]["odd"], found[f"{name}.so"].get("odd")
        assert any(line.startswith(f"=fil-profile= {name}.so: ") for line in said)
    page = Path("allocator-comparison/index.html").read_text()
    assert "leaks.so: it gave none of " in page
    assert all("odd" not in found[name] for name in ("glibc", "prints.so"))
    # And a replay by itself says so, too.
    alone = fil_profile("replay", "--allocator", "./leaks.so", "trace.filtrace", timeout=SECONDS)
    assert "odd         it gave none of " in alone.stdout.decode()
    assert any("gives_none.so: " in line and "could not be had" in line for line in said)


@pytest.mark.usefixtures("here")
def test_more_threads_than_processors_are_replayed_all_the_same() -> None:
    script(
        "crowd.c",
        "#include <pthread.h>\n#include <stdlib.h>\n"
        "void* work(void* all) { for (int i = 0; i < 200; ++i) free(malloc(i + 1)); return 0; }\n"
        "int main(void) { pthread_t t[40];\n"
        "for (int i = 0; i < 40; ++i) pthread_create(t + i, 0, work, 0);\n"
        "for (int i = 0; i < 40; ++i) pthread_join(t[i], 0); }\n",
    )
    subprocess.run(
        ["cc", "-w", "-O0", "-fno-builtin", "-pthread", "crowd.c", "-o", "crowd"], check=True
    )
    recorded("./crowd")
    for order in ("strict", "free"):
        ended = fil_profile("replay", "--order", order, "trace.filtrace", timeout=SECONDS)
        assert ended.status == 0, ended.stderr
        assert int(ended.stdout.decode().splitlines()[1].split()[1]) > 16_000
