"""The laboratory from programs of one's own: a trace written, an allocator class replayed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from command import SECONDS, fil_profile, script
from profiling import FIL_PROFILE
from traces import events, recorded


@pytest.mark.usefixtures("here")
def test_a_trace_that_another_tool_recorded_is_read_as_ours() -> None:
    """By the C interface, as examples/mtrace_to_trace.c does with what glibc's mtrace() wrote."""
    log = [
        "= Start",
        "@ ./m:(main+0x1d)[0x119e] + 0x5000 0x64",
        "@ ./m:[0x11b3] < 0x5000",
        "@ ./m:[0x11b3] > 0x6000 0x1388",
        "@ ./m:[0x11c6] + 0x5000 0x15",
        "@ ./m:[0x11d6] - 0x4000",  # came before mtrace()
        "@ ./m:[0x11fc] - 0x6000",
        "= End",
    ]
    script("log", "\n".join(log) + "\n")
    example = FIL_PROFILE.parents[1] / "examples" / "mtrace_to_trace"
    ended = subprocess.run([example, "log", "log.filtrace"], capture_output=True, check=True)
    assert ended.stdout == b"4 events; 1 made no sense\n"
    assert [(one.what, one.block, one.bytes) for one in events("log.filtrace")] == [
        ("malloc", 0, 100),
        ("realloc", 0, 5000),
        ("malloc", 2, 21),
        ("free", 1, 5000),
    ]
    assert fil_profile("replay", "log.filtrace", timeout=SECONDS).status == 0
    said = fil_profile("understand", "log.filtrace", timeout=SECONDS).stdout.decode()
    assert "1 times a block is reallocated" in said
    assert any(line.endswith("./m:[0x11b3]") and "4.9 KiB" in line for line in said.splitlines())
    moment = fil_profile("report", "--format", "folded", "log.filtrace", timeout=SECONDS)
    assert moment.stdout.decode().splitlines() == [" (./m:[0x11b3]) 5000", " (./m:[0x11c6]) 21"]


@pytest.mark.usefixtures("here")
def test_an_allocator_class_is_replayed_in_its_own_process(traced: str) -> None:
    example = FIL_PROFILE.parents[1] / "examples" / "lab_allocator"
    if not example.exists():
        pytest.skip("Google Benchmark is not installed")
    source = Path(__file__).parents[2] / "examples" / "lab_allocator.cpp"
    assert len(source.read_text().splitlines()) <= 30
    recorded(traced, "all")
    few = "--benchmark_min_time=0.01"
    asked = {**os.environ, "TRACE": "trace.filtrace"}
    command = [str(example), few, "--benchmark_format=json"]
    ended = subprocess.run(command, env=asked, capture_output=True, check=True, timeout=SECONDS)
    found = json.loads(ended.stdout)["benchmarks"]
    assert len(found) == 3
    assert all(one["items_per_second"] > 0 for one in found)
