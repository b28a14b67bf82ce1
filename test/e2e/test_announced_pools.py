"""Programs that tell of their pools with fil_announce.h: plain, profiled, and each byte once."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command import profiled, script
from conservation import model_of
from parts import in_python
from profiling import FIL_PROFILE, MIB, ROOT, Profiled, run_plain

BUILD = FIL_PROFILE.parent.parent
EXAMPLE = ROOT / "examples" / "announced_pool.c"

# A pool in two files' worth of lines, in C and in C++ alike.
POOL = """
#include <fil_announce.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
static char *unused, *chunk;
static int chunk_new(int told, size_t bytes) {
    if (told) fil_announce_pool_begin();
    chunk = unused = (char *)HOW;
    if (told) fil_announce_pool_end();
    return chunk == MAP_FAILED;
}
extern "C" __attribute__((noinline)) void *pool_take(size_t bytes) {
    char *block = unused;
    unused += bytes;
    fil_announce_alloc(block, bytes);
    return block;
}
extern "C" void pool_close(size_t bytes) {
    fil_announce_free_range(chunk, bytes);
    GIVE_BACK;
}
"""
MMAP = "mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)"
MALLOC = "malloc(bytes)"
PROGRAM = """
int main(int count, char **words) {
    if (chunk_new(count == 1, 100 << 20)) return 2;
    pool_take(3 << 20); /* three */
    for (int i = 0; i < 4; ++i)
        pool_take(1 << 20); /* four */
    pool_close(100 << 20);
    return words[0] == 0;
}
"""


def built(how: list[str], source: str, name: str = "pool", **words: str) -> str:
    in_c = "++" not in how[0]
    for word, text in {"HOW": MMAP, "GIVE_BACK": "munmap(chunk, bytes)", **words}.items():
        source = source.replace(word, text)
    source = source.replace('extern "C" ', "") if in_c else source
    file = Path(f"{name}.{'c' if in_c else 'cpp'}")
    file.write_text("#define _GNU_SOURCE\n" * in_c + source)
    command = [*how, "-g", f"-I{ROOT / 'capi'}", str(file), "-o", name]
    subprocess.run(command, check=True)
    return f"./{name}"


def at_marks(run: Profiled) -> dict[str, int]:
    """MiB by the comment at the end of the line that holds them."""
    found: dict[str, int] = {}
    for frames, size in run.callstacks.items():
        if size < MIB // 10:
            continue  # the C library's own
        file, _, line = frames[-1].partition(" ")[0].rpartition(":")
        mark = Path(file).read_text().splitlines()[int(line) - 1]
        assert "/*" in mark, (frames, mark)
        mark = mark.rpartition("/*")[2].strip(" */")
        found[mark] = found.get(mark, 0) + size
    return {mark: size // MIB for mark, size in found.items()}


def beside(run: Profiled, kind: str) -> int:
    mappings = model_of(run.report)["mappings"]
    return sum(one["bytes"] for one in mappings if one["kind"] == kind)


def test_the_example_links_nothing_of_ours_and_runs_alone():
    program = BUILD / "examples" / "announced_pool"
    assert b"libfil" not in run_plain(["ldd", str(program)]).stdout
    alone = run_plain([str(program)])
    assert (alone.status, alone.stdout[:13], alone.stderr) == (0, b"1024 visitors", b"")


def test_under_fil_profile_the_lines_that_asked_hold_the_pools_blocks(here):
    alone = run_plain([str(BUILD / "examples" / "announced_pool")])
    # Compiled as the example says; the build's names are relative to its folder.
    subprocess.run(["cc", "-g", f"-I{ROOT / 'capi'}", str(EXAMPLE), "-o", "example"], check=True)
    run = profiled("./example")
    assert (run.status, run.stdout) == (0, alone.stdout)
    lines = {}
    for frames, size in run.callstacks.items():
        file, _, line = frames[-1].partition(" ")[0].rpartition(":")
        lines[Path(file).read_text().splitlines()[int(line) - 1].split(" /*")[0].strip()] = size
    assert lines == {
        "visitor->history = pool_take(8 * KIB);": 8 * MIB,
        "visitor->scratch = pool_take(4 * KIB);": 4 * MIB,
    }
    assert b"12.0 MiB" in run.stderr and b"remember" in run.stderr
    assert beside(run, "reserved") == 64 * MIB
    assert beside(run, "arena") == 0  # what is resident in the pool are its blocks


WAYS = {
    "c": ["gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"],
    "optimised": ["gcc", "-O2"],
    "fixed place": ["gcc", "-O2", "-no-pie", "-fno-pic"],
    "gold": ["gcc", "-O2", "-fuse-ld=gold"],
    "lld": ["gcc", "-O2", "-fuse-ld=lld"],
    "lto": ["gcc", "-O2", "-flto"],
    "c++": ["g++", "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"],
    "clang, fixed place": ["clang", "-O2", "-no-pie", "-fno-pic"],
}


@pytest.mark.parametrize("way", WAYS)
def test_however_it_is_compiled(here, way):
    tools = {"gold": "ld.gold", "lld": "ld.lld"}
    if shutil.which(WAYS[way][0]) is None or shutil.which(tools.get(way, "cc")) is None:
        pytest.skip("no such compiler or linker")
    program = built(WAYS[way], POOL + PROGRAM)
    assert run_plain([program]).status == 0
    assert at_marks(profiled(program)) == {"three": 3, "four": 4}


@pytest.mark.parametrize("way", ["-static", "-static-pie"])
def test_in_a_static_program_nobody_listens(here, way):
    program = built(["gcc", "-O2", way], POOL + PROGRAM)
    assert run_plain([program]).status == 0


def test_an_allocators_function_may_be_inlined(here):
    inlined = POOL.replace("__attribute__((noinline)) void", "static inline void")
    program = built(["gcc", "-O2"], inlined + PROGRAM)
    assert at_marks(profiled(program)) == {"three": 3, "four": 4}


# ---- each byte once ------------------------------------------------------------------------------


def test_memory_of_malloc_that_was_taken_for_the_pool_is_not_counted(here):
    program = built(["gcc", "-O1"], POOL + PROGRAM, HOW=MALLOC, GIVE_BACK="free(chunk)")
    run = profiled(program)
    assert at_marks(run) == {"three": 3, "four": 4}
    assert run.peak < 7.2 * MIB


def test_a_mapping_that_nobody_spoke_of_is_the_pools_with_its_first_block(here):
    program = built(["gcc", "-O1"], POOL + PROGRAM)
    run = profiled(program, "untold")
    assert at_marks(run) == {"three": 3, "four": 4}
    assert run.peak < 7.2 * MIB


def test_the_guides_pool_does_what_the_guide_says(here):
    page = (ROOT / "docs/guide/own-pools.md").read_text()
    source = re.search(r"^```c\n(.*?)^```$", page, re.M | re.S)[1]
    main = """
        int main(void) {
            pool_open();
            char *block = pool_take(30 << 20); /* thirty */
            pool_take(5 << 20); /* five */
            pool_give_back(block);
            return 0;
        }
    """
    program = built(["gcc", "-O1", "-Wall", "-Werror"], source + main)
    run = profiled(program)
    assert at_marks(run) == {"thirty": 30, "five": 5}
    assert beside(run, "reserved") == 64 * MIB


def test_the_guides_database_holds_what_the_guide_says(here):
    page = (ROOT / "docs/guide/your-allocator.md").read_text()
    source = re.search(r"^```cpp\n(.*?)^```$", page, re.M | re.S)[1]
    Path("database.cpp").write_text(source)
    command = ["g++", "-g", "-std=c++20", "-Wall", "-Wextra", "-Werror", "database.cpp"]
    subprocess.run([*command, "-o", "database", f"-I{ROOT / 'capi'}"], check=True)
    assert run_plain(["./database"]).stdout == b"done\n"
    run = profiled("./database")
    lines = source.splitlines()
    held = {}
    for stack, size in run.callstacks.items():
        file, _, number = stack[-1].partition(" ")[0].rpartition(":")
        if not file.endswith("database.cpp"):
            continue
        held[lines[int(number) - 1].split("//")[0].strip()] = size / MIB
    loop = "for (int i = 0; i < {}; ++i) {}"
    assert {line: size for line, size in held.items() if size > 0.1} == {
        loop.format(512, "pool.take();"): 4,
        loop.format(65536, "heap.make();"): 2,
        "upload(6 << 20);": 6,
        "arena.take(10 << 20);": 10,
    }
    assert 22 * MIB <= run.peak < 22.2 * MIB


@pytest.mark.parametrize("example", ["own_allocator_c", "own_allocator_cpp"])
def test_a_program_that_counts_for_itself_is_counted_by_fil_profile_where_that_runs_it(
    here, example
):
    """Its blocks are at its own callstacks, its pool is not counted beside them."""
    run = profiled(str(BUILD / "examples" / example))
    assert run.status == 0 and not Path("fil-result").exists()
    assert 14 * MIB < run.peak < 70 * MIB
    at = -1 if example == "own_allocator_c" else 0
    own = [size for stack, size in run.callstacks.items() if "own_allocator" in stack[at]]
    if example == "own_allocator_c":  # sorting takes memory of malloc's
        assert sum(own) == 32 * MIB and run.peak < 41 * MIB
    else:
        assert sum(own) > 0.99 * run.peak


# ---- plugins, and Python -------------------------------------------------------------------------

HOST = """
#include <dlfcn.h>
int main(int count, char **words) {
    void *plugin = dlopen("./plugin", RTLD_NOW | (count > 1 ? RTLD_DEEPBIND : 0));
    void *(*take)(long) = (void *(*)(long))dlsym(plugin, "take");
    if (take == 0) return 2;
    take(5 << 20); /* five */
    return words[0] == 0;
}
"""
PLUGIN = """
__attribute__((visibility("default"))) void *take(size_t bytes) {
    if (chunk == 0 && chunk_new(1, 100 << 20)) return 0;
    char *block = unused;
    unused += bytes;
    fil_announce_alloc(block, bytes);
    return block;
}
"""


@pytest.mark.parametrize("deep", [[], ["deep"]], ids=["plain", "deepbind"])
def test_a_plugin_is_heard_too(here, deep):
    built(["gcc", "-O1", "-shared", "-fPIC"], POOL + PLUGIN, "plugin")
    program = built(["gcc", "-O1"], HOST, "host")
    assert run_plain([program, *deep]).status == 0
    assert at_marks(profiled(program, *deep)) == {"five": 5}


def test_a_python_line_is_charged_with_what_its_extension_announces(here):
    built(["gcc", "-O1", "-shared", "-fPIC"], POOL + PLUGIN, "plugin")
    program = script(
        "pools.py",
        """
        import ctypes
        take = ctypes.CDLL("./plugin").take
        take(6 << 20)
        take(20 << 20)
        """,
    )
    assert run_plain([sys.executable, str(program)]).status == 0
    run = profiled(str(program))
    lines = {stack[-1]: size // MIB for stack, size in run.callstacks.items() if size > MIB}
    assert {"pools.py:4 (<module>)": 6, "pools.py:5 (<module>)": 20}.items() <= lines.items()
    assert sum(lines.values()) < 60  # and no mapping of 100 MiB


def test_in_a_part_of_a_program_its_blocks_are_told(here):
    built(["gcc", "-O1", "-shared", "-fPIC"], POOL + PLUGIN, "plugin")
    said = in_python(
        """
        import ctypes
        from filprofiler.api import profiling
        take = ctypes.CDLL("./plugin").take
        take(50 << 20)
        with profiling("out") as part:
            take(6 << 20)
        print(part.peak_bytes >> 20)
        """
    )
    assert said == "6\n"
