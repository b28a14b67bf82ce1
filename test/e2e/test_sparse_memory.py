"""Which lines' blocks keep memory that is nearly empty: programs that know it themselves."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from profiling import FIL_PROFILE, MIB, Profiled, run_profiled
from test_what_is_tracked import model

# One block in sixteen stays. It says what the pages under those lack to be full.
SPARSE = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
enum { count = 64000, size = 1000, page = 4096 };
__attribute__((noinline)) void *stays(void) { return memset(malloc(size), 1, size); }
__attribute__((noinline)) void *passes(void) { return memset(malloc(size), 1, size); }
static char *all[count];
static long lacking(void) {
    long sum = 0;
    uintptr_t last = 0, taken = 0;
    for (int i = 0; i < count; i += 16) {
        const uintptr_t from = (uintptr_t)all[i], to = from + size;
        for (uintptr_t at = from; at < to;) {
            const uintptr_t here = at / page, end = (here + 1) * page < to ? (here + 1) * page : to;
            if (here != last) {
                if (last != 0 && taken * 2 <= page) sum += page - taken;
                last = here;
                taken = 0;
            }
            taken += end - at;
            at = end;
        }
        taken += 8;  /* of a header */
    }
    return sum + (taken * 2 <= page ? page - taken : 0);
}
int main(int argc, char **argv) {
    const int none = argc > 1;
    for (int i = 0; i < count; i++) all[i] = i % 16 ? passes() : stays();
    for (int i = 0; i < count - 1; i++) if (i % 16 || none) free(all[i]);
    printf("%ld\n", none ? 0 : lacking());
    fflush(stdout);
    void *data = memset(malloc(128 << 20), 1, 128 << 20);
    usleep(1000000);
    free(data);
    usleep(1000000);
}
"""


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sparse")
    (folder / "sparse.c").write_text(SPARSE)
    subprocess.run(
        ["cc", "-O1", "-g", "-w", "-fno-builtin", "sparse.c", "-o", "sparse"],
        cwd=folder,
        check=True,
    )
    return folder / "sparse"


def told(profiled: Profiled, form: str) -> str:
    return subprocess.check_output(
        [FIL_PROFILE, "report", "--format", form, profiled.report], text=True
    )


def resident(profiled: Profiled) -> dict:
    return json.loads(told(profiled, "json"))["resident"]


def test_the_line_whose_blocks_keep_pages_is_named_with_the_bytes(
    sparse: Path, tmp_path: Path
) -> None:
    profiled = run_profiled(tmp_path / "out", [sparse])
    assert profiled.status == 0
    truth = int(profiled.stdout)
    assert truth > 10 * MIB
    seen = resident(profiled)
    for moment in (seen, seen["afterwards"]):
        kept = moment["sparse"]
        assert kept["bytes"] == pytest.approx(truth, rel=0.01)
        [line] = [one for one in kept["lines"] if one["bytes"] > truth / 20]
        assert line["function"] == "stays"
        assert line["bytes"] == pytest.approx(truth, rel=0.01)
        assert sum(one["bytes"] for one in kept["lines"]) + kept["rest"] == kept["bytes"]
    # What malloc keeps is on these pages, or has no block at all.
    kept = {one["text"]: one["bytes"] for one in seen["lines"] if one["kind"] == "kept"}
    assert kept["freed but kept by malloc, and its headers"] == pytest.approx(truth, rel=0.1)
    assert kept["free pages that malloc keeps"] > 30 * MIB
    text = told(profiled, "text")
    words = text.replace("\n", " ")
    assert words.count("are what half-empty pages and arenas lack, which blocks keep: ") == 2
    assert "sparse.c:8 stays" in words.split("which blocks keep: ", 1)[1][:150]
    page = model(profiled)["facts"]["resident"]
    assert page["sparse"]["bytes"] == seen["sparse"]["bytes"]
    assert page["last_sparse"]["lines"][0]["bytes"] > truth * 0.95


def test_where_whole_pages_were_freed_no_line_keeps_them(sparse: Path, tmp_path: Path) -> None:
    """One block alone, the last one, keeps malloc from giving the others' pages back."""
    profiled = run_profiled(tmp_path / "out", [sparse, "none"])
    assert profiled.status == 0
    seen = resident(profiled)
    assert seen["sparse"] == seen["afterwards"]["sparse"] == {"bytes": 0, "lines": [], "rest": 0}
    kept = {one["text"]: one["bytes"] for one in seen["afterwards"]["lines"]}
    assert kept["free pages that malloc keeps"] > 55 * MIB
    assert kept.get("freed but kept by malloc, and its headers", 0) < MIB
    assert "half-empty" not in told(profiled, "text")


def test_an_object_that_stays_keeps_an_arena_of_the_interpreters(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text(
        "import time\n"
        "def passes(i):\n"
        "    return float(i)\n"
        "def stays(i):\n"
        "    return float(i)\n"
        "kept, gone = [], []\n"
        "for i in range(3_000_000):\n"
        "    if i % 20_000:\n"
        "        gone.append(passes(i))\n"
        "    else:\n"
        "        kept.append(stays(i))\n"
        "time.sleep(0.5)\n"
        "del gone\n"
        "time.sleep(1.2)\n"
    )
    profiled = run_profiled(tmp_path / "out", [str(script)])
    assert (profiled.status, profiled.own_stderr) == (0, b"")
    seen = resident(profiled)
    assert seen["sparse"]["bytes"] == 0, "all arenas were full"
    kept = seen["afterwards"]["sparse"]
    [line] = [one for one in kept["lines"] if one["bytes"] > kept["bytes"] / 10]
    assert (Path(line["file"]).name, line["line"], line["function"]) == ("job.py", 5, "stays")
    assert line["bytes"] == pytest.approx(3_000_000 * 32, rel=0.15)
