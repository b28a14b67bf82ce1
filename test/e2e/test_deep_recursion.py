"""A recursion of 100,000 calls and more takes the time of as many calls, and its numbers are right.

Where each call looked at all those below it, these programs took minutes.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conservation import model_of
from profiling import MIB, PROGRAMS, run_profiled
from pythons import Interpreter, find

PROGRAM = PROGRAMS / "deep_recursion.py"
LARGE = PROGRAM.read_text().splitlines().index("        kept.append(bytes(8 << 20))") + 1
SMALL = 88  # bytes that a call keeps: a list of one number


def check(output: Path, python: str, depth: int) -> None:
    run = run_profiled(output, [str(PROGRAM), str(depth)], python, timeout=120)
    assert run.status == 0, run.stderr.decode()
    assert run.stdout == b"%d\n" % (depth + 1)
    (frames,) = [stack for stack, size in run.callstacks.items() if size >= 8 * MIB]
    assert frames[-1] == f"{PROGRAM}:{LARGE} (descend)"
    left_out = [re.fullmatch(r"\[(\d+) frames\]", frame) for frame in frames]
    shown = sum(frame.endswith("(descend)") for frame in frames)
    assert shown + sum(int(some[1]) for some in left_out if some) == depth
    model = model_of(run.report)
    assert model["facts"]["peak"] >= 8 * MIB + depth * SMALL
    # All calls count where the memory was asked for, also those that are not shown; and the
    # recursion is one box, not one for each call.
    held = sum(line["bytes"] for line in model["lines"] if line["function"] == "descend")
    assert held >= 8 * MIB + depth * SMALL
    assert max(times for _, times, *_ in model["tree"]["joined"]) >= depth - 1
    assert (run.report / "index.html").stat().st_size < 400_000


@pytest.mark.parametrize("interpreter", find(), ids=str)
def test_it_ends_and_is_right_on_each_python(interpreter: Interpreter, tmp_path: Path) -> None:
    check(tmp_path, interpreter.path, 70_000)


def test_it_ends_and_is_right_300_000_calls_deep(tmp_path: Path) -> None:
    check(tmp_path, find()[0].path, 300_000)
