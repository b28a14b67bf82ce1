"""What a block costs a native program, in instructions: the same on every machine, however busy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from profiling import ROOT

WORK = ROOT / "bench" / "workloads" / "native_work.cpp"
LIBRARY = ROOT / "build" / "clients" / "preload" / "libfil_preload.so"
LOADER = "/lib64/ld-linux-x86-64.so.2"


def instructions(here: Path, work: str, count: int, *options: str) -> int:
    """Of the whole program. The library is handed to the loader, since LD_PRELOAD is valgrind's."""
    counts = here / "counts"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts}", LOADER, *options]
    subprocess.run(
        [*command, str(here / "work"), work, str(here / "seconds"), str(count)],
        env={**os.environ, "FIL_OUTPUT": str(here / "out")},
        check=True,
        capture_output=True,
    )
    return int(re.search(r"^(?:summary|totals): (\d+)", counts.read_text(), re.M)[1])


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind counts the instructions")
@pytest.mark.parametrize(
    "work, most",
    [
        ("pair1", 475),  # 450 when this was written
        ("pair50", 870),  # 828: 7.7 for each frame that is compared
    ],
)
def test_a_pair_of_malloc_and_free_costs_few_instructions(here, work, most):
    subprocess.run(["g++", "-g", "-O2", "-std=c++20", str(WORK), "-o", "work"], check=True)
    costs = [
        instructions(here, work, 12000, *options) - instructions(here, work, 2000, *options)
        for options in ([], ["--preload", str(LIBRARY)])
    ]
    ours = (costs[1] - costs[0]) / 10000
    assert 100 < ours < most
