"""What a forked child makes its own by writing to what it inherited is said beside the graph."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from command import profiled, script
from profiling import FIL_PROFILE, MIB

WRITES = """
    import os, sys, time
    block = bytearray(200 * 2**20)
    for at in range(0, len(block), 4096):
        block[at] = 1
    children = []
    for part in map(int, sys.argv[1:]):
        pid = os.fork()
        if pid == 0:
            kept = bytearray(2**20)
            for at in range(0, part * 2**20, 4096):
                block[at] = 2
            time.sleep(1)
            os._exit(0)
        children.append(pid)
    sys.exit(sum(os.waitpid(pid, 0)[1] for pid in children))
"""


def copied(*megabytes: int) -> tuple[list[float], int]:
    script("x.py", WRITES)
    ended = profiled("x.py", *map(str, megabytes))
    assert ended.status == 0, ended.stderr.decode()
    command = [FIL_PROFILE, "report", "--format", "json", ended.report]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    notes = [process.get("note") or "" for process in report["processes"]]
    found = [re.search(r"([\d.]+) MiB inherited and copied by writing", note) for note in notes]
    return sorted(float(one[1]) for one in found if one), ended.peak


@pytest.mark.parametrize("written", [(0,), (100,), (50, 150)])
def test_a_child_that_writes_to_what_it_inherited(here, written):
    """Besides, an interpreter writes to a few MiB of its own objects."""
    found, peak = copied(*written)
    expected = [one for one in sorted(written) if one > 0]
    assert len(found) >= len(expected)
    for number, truth in zip(reversed(found), reversed(expected)):
        assert truth * 0.99 <= number <= truth * 1.02 + 6
    assert all(number < 8 for number in found[: len(found) - len(expected)])
    assert 200 * MIB < peak < 225 * MIB, "what was copied is in no peak"


MANY = """
    import os, time
    block = bytearray(b"1") * (100 * 2**20)
    hold, let_go = os.pipe()
    ready, done = os.pipe()
    for _ in range(40):
        if os.fork() == 0:
            os.close(let_go)
            kept = bytearray(b"1") * (2 * 2**20)
            for at in range(0, 4 * 2**20, 4096):
                block[at] = 2
            os.write(done, b".")
            os.read(hold, 1)
            os._exit(0)
    for _ in range(40):
        os.read(ready, 1)
    time.sleep(2)
    os.close(let_go)
    for _ in range(40):
        os.wait()
"""


def test_of_many_processes_resident_memory_is_explained(here):
    """What they copied is no reserve of malloc's."""
    script("x.py", MANY)
    ended = profiled("x.py")
    assert ended.status == 0, ended.stderr.decode()
    command = [FIL_PROFILE, "report", "--format", "json", ended.report]
    resident = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)[
        "resident"
    ]
    lines = {line["kind"]: line["bytes"] for line in resident["lines"]}
    assert lines["counted"] == pytest.approx(180 * MIB, rel=0.1)
    assert 40 * 4 * MIB < lines["copied"] < 40 * 7 * MIB
    assert lines.get("unknown", 0) < resident["bytes"] / 20
    assert lines.get("kept", 0) < 40 * MIB, resident


def test_the_curve_counts_once_what_forked_children_share(here):
    """Forty that have 100 MiB of their parent's, and write to 4."""
    script("x.py", MANY)
    ended = profiled("x.py")
    command = [FIL_PROFILE, "report", "--format", "json", ended.report]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    highest = max(sample[2] or 0 for sample in report["timelines"][0]["samples"])
    assert 200 * MIB < highest < 1000 * MIB, "where statm adds up to more than 4,000"
