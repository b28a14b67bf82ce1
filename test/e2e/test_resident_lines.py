"""Why resident memory is not the peak: lines that add up to what was resident, in the page's model
and in JSON."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from profiling import FIL_PROFILE, MIB, Profiled, run_profiled
from test_private_allocators import WITH_ROOM, built, with_jemalloc
from test_what_is_tracked import model

__all__ = ["built"]  # the fixture


def lines_of(profiled: Profiled) -> dict[str, int]:
    """Bytes by kind. They add up; next to nothing is unknown."""
    resident = model(profiled)["facts"]["resident"]
    lines: dict[str, int] = {}
    for line in resident["lines"]:
        lines[line["kind"]] = lines.get(line["kind"], 0) + line["bytes"]
    shown = sum(bytes for kind, bytes in lines.items() if kind != "none")
    assert abs(shown - resident["total"]) < resident["total"] / 20
    assert lines.get("unknown", 0) < resident["total"] / 20
    return lines


def run_script(tmp_path: Path, text: str) -> Profiled:
    script = tmp_path / "job.py"
    script.write_text(text)
    profiled = run_profiled(tmp_path / "out", [str(script)])
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    return profiled


RESERVE = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
void *hold(size_t bytes);
void give_back(void *block);
static void *blocks[30000];
void *more;
int main(void) {
    for (int i = 0; i < 30000; ++i) blocks[i] = hold(2048);
    for (int i = 0; i < 30000; i += 2) give_back(blocks[i]);
    more = memset(malloc(60 << 20), 1, 60 << 20);
    usleep(500000);
}
"""


def test_what_a_jemalloc_keeps_is_its_reserve(built: Path, tmp_path: Path) -> None:
    program = with_jemalloc(built, tmp_path, RESERVE)
    profiled = run_profiled(tmp_path / "out", [program], env=WITH_ROOM)
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    half = 15000 * 2048
    assert profiled.peak == pytest.approx(half + 60 * MIB, rel=0.02)
    lines = lines_of(profiled)
    assert lines["counted"] == pytest.approx(profiled.peak, rel=0.02)
    assert lines["reserve"] == pytest.approx(half, abs=4 * MIB)
    text = subprocess.check_output(
        [FIL_PROFILE, "report", "--format", "json", profiled.report], text=True
    )
    told = json.loads(text)["resident"]["lines"]
    assert [line["text"] for line in told if line["kind"] == "reserve"] == [
        "reserve of the allocator in the program"
    ]


def test_what_is_not_touched_is_counted_and_not_resident(tmp_path: Path) -> None:
    text = "import mmap, time\nblock = mmap.mmap(-1, 300 << 20, mmap.MAP_PRIVATE)\ntime.sleep(0.5)"
    lines = lines_of(run_script(tmp_path, text))
    assert lines["none"] == pytest.approx(300 * MIB, rel=0.02)


def test_what_malloc_keeps_is_told_and_a_short_run_has_it(tmp_path: Path) -> None:
    text = """
import ctypes, time
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
blocks = [libc.malloc(100_000) for _ in range(600)]
for block in blocks:
    ctypes.memset(block, 1, 100_000)
for block in blocks[::2]:
    libc.free(block)
more = bytearray(b"1") * (80 << 20)
time.sleep(0.25)
"""
    lines = lines_of(run_script(tmp_path, text))
    assert lines["kept"] == pytest.approx(30_000_000, abs=6 * MIB)
    assert lines["counted"] > 105 * MIB


KEPT_BY_ANOTHER = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static char *blocks[40];
int main(void) {
    for (int i = 0; i < 40; ++i) blocks[i] = memset(malloc(1 << 20), 1, 1 << 20);
    for (int i = 0; i < 40; i += 2) free(blocks[i]);
    char *more = memset(malloc(60 << 20), 1, 60 << 20);
    usleep(500000);
    return more[7] - 1;
}
"""


# Of its large blocks none lies beside small ones.
@pytest.mark.parametrize("library", ["libjemalloc.so.2", "libmimalloc.so.2"])
def test_what_an_allocator_keeps_that_is_preloaded_is_not_unknown(
    library: str, tmp_path: Path
) -> None:
    source, program = tmp_path / "keeps.c", str(tmp_path / "keeps")
    source.write_text(KEPT_BY_ANOTHER)
    subprocess.run(["cc", "-g", "-O1", "-fno-builtin", source, "-o", program], check=True)
    environment = {**os.environ, "LD_PRELOAD": library}
    profiled = run_profiled(tmp_path / "out", [program], env=environment)
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    assert profiled.peak == pytest.approx(80 * MIB, abs=MIB)
    lines = lines_of(profiled)
    assert lines["counted"] == pytest.approx(80 * MIB, abs=MIB)
    assert lines["kept"] == pytest.approx(20 * MIB, abs=3 * MIB)


THREE_WORKERS = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        own = bytearray(b"1") * (20 << 20)
        time.sleep(0.7)
        os._exit(0)
time.sleep(0.6)
for _ in range(3):
    os.wait()
"""


def test_of_several_processes_shared_pages_count_once(tmp_path: Path) -> None:
    text = 'common = bytearray(b"1") * (60 << 20)' + THREE_WORKERS
    profiled = run_script(tmp_path, text)
    lines = lines_of(profiled)
    assert lines["counted"] == pytest.approx(120 * MIB, rel=0.1)
    assert model(profiled)["facts"]["resident"]["total"] < 200 * MIB


def test_blocks_that_are_hardly_touched_are_told_at_any_size(tmp_path: Path) -> None:
    text = """
import ctypes, time
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype = ctypes.c_void_p
blocks = [libc.malloc(size << 20) for size in (1, 2, 5, 12, 40)]
more = bytearray(b"1") * (30 << 20)
time.sleep(0.4)
"""
    lines = lines_of(run_script(tmp_path, text))
    assert lines["none"] == pytest.approx(60 * MIB, rel=0.02)


def test_what_the_interpreter_keeps_of_its_small_objects_is_told(tmp_path: Path) -> None:
    text = """
import time
objects = [float(i) for i in range(2_000_000)]  # 24 bytes each, in places of 32
del objects[::2]
more = bytearray(b"1") * (80 << 20)
time.sleep(0.4)
"""
    profiled = run_script(tmp_path, text)
    told = model(profiled)["facts"]["resident"]["lines"]
    named = {line["text"]: line["bytes"] for line in told}
    assert named["reserve of the interpreter's small objects"] == pytest.approx(40e6, rel=0.1)
    lines_of(profiled)


UNSEEN = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void *map(size_t bytes) {
    long result;
    register long flags __asm__("r10") = 0x22, file __asm__("r8") = -1, offset __asm__("r9") = 0;
    __asm__ volatile("syscall" : "=a"(result) : "a"(9L), "D"(0L), "S"(bytes), "d"(3L), "r"(flags),
                     "r"(file), "r"(offset) : "rcx", "r11", "memory");
    return (void *)result;
}
int main(void) {
    char *kept = malloc(50 << 20);
    memset(kept, 1, 50 << 20);
    memset(map(40 << 20), 1, 40 << 20);
    usleep(400000);
    return kept[1000] - 1;
}
"""


def test_what_nobody_saw_being_mapped_is_named_unknown(tmp_path: Path) -> None:
    (tmp_path / "unseen.c").write_text(UNSEEN)
    program = tmp_path / "unseen"
    subprocess.run(["cc", "-g", "-O1", tmp_path / "unseen.c", "-o", program], check=True)
    profiled = run_profiled(tmp_path / "out", [str(program)])
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    resident = model(profiled)["facts"]["resident"]
    lines = {line["kind"]: line["bytes"] for line in resident["lines"]}
    assert lines["unknown"] == pytest.approx(40 * MIB, rel=0.02)
    assert lines["counted"] == pytest.approx(50 * MIB, rel=0.02)


def test_of_forked_workers_nothing_is_unknown(tmp_path: Path) -> None:
    text = """
import ctypes, threading
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype = ctypes.c_void_p
def small():
    for _ in range(400):
        ctypes.memset(libc.malloc(50_000), 1, 50_000)
thread = threading.Thread(target=small)
thread.start(), thread.join()
objects = [float(i) for i in range(400_000)]
"""
    profiled = run_script(tmp_path, text + THREE_WORKERS)
    lines = lines_of(profiled)
    assert lines["counted"] == pytest.approx(profiled.peak, rel=0.03)


STAYS = RESERVE.replace(
    "more = memset", "for (int i = 1; i < 30000; i += 2) give_back(blocks[i]); more = memset"
).replace("usleep(500000)", "usleep(100000); free(more); usleep(700000)")


def test_what_stays_resident_when_the_data_is_gone_is_told_with_whose_it_is(
    built: Path, tmp_path: Path
) -> None:
    program = with_jemalloc(built, tmp_path, STAYS)
    profiled = run_profiled(tmp_path / "out", [program], env=WITH_ROOM)
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    text = subprocess.check_output(
        [FIL_PROFILE, "report", "--format", "json", profiled.report], text=True
    )
    stays = json.loads(text)["resident"]["afterwards"]
    named = {line["text"]: line["bytes"] for line in stays["lines"]}
    assert named["reserve of the allocator in the program"] > 40 * MIB, stays
    assert named.get("in use", 0) < MIB
    assert stays["seconds"] > 0.2


# Its last block stays in malloc's own list of what the thread just freed: nothing is given back.
EMPTIED = """
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static char *blocks[40 * 1024];
static void *fill_and_empty(void *unused) {
    for (int i = 0; i < 40 * 1024; ++i) blocks[i] = memset(malloc(1008), 1, 1008);
    usleep(100000);
    for (int i = 40 * 1024; i-- > 0;) free(blocks[i]);
    usleep(700000);
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, fill_and_empty, NULL);
    pthread_join(thread, NULL);
}
"""


def test_the_heap_of_a_thread_that_freed_all_its_blocks_is_kept_by_malloc(tmp_path: Path) -> None:
    (tmp_path / "emptied.c").write_text(EMPTIED)
    program = tmp_path / "emptied"
    subprocess.run(["cc", "-g", "-O1", tmp_path / "emptied.c", "-o", program], check=True)
    profiled = run_profiled(tmp_path / "out", [str(program)])
    text = subprocess.check_output(
        [FIL_PROFILE, "report", "--format", "json", profiled.report], text=True
    )
    stays = json.loads(text)["resident"]["afterwards"]
    named = {line["text"]: line["bytes"] for line in stays["lines"]}
    assert named["free pages that malloc keeps"] > 39 * MIB, stays
    assert not [text for text, bytes in named.items() if "unknown" in text and bytes > MIB]
