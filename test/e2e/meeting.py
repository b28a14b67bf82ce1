"""Programs of several processes whose truth is known: who held how much on which line at the peak.

Each process takes its blocks, on lines that are known, and then arrives: it says that it is there,
and waits. When all are there, the test, which is outside, lets them go. So the peak is the moment
of the meeting, whatever the machine does, and what was held then is what the program's text says.

Blocks are so many units, and a unit is a MiB: or half of one, in a second run, which tells what the
processes hold besides (interpreters, imports). The head of the report is the sum of both.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from command import SECONDS, script
from conservation import check_report, check_said, model_of
from profiling import FIL_PROFILE, MIB, Ended, Profiled

# For programs in Python: `from meet import MIB, arrive`.
MEET = """
    import os, time
    MIB = int(os.environ["UNIT"])
    def arrive():
        open(os.environ["MEETING"] + "/" + str(os.getpid()), "w").close()
        while not os.path.exists(os.environ["MEETING"] + "/go"):
            time.sleep(0.002)
"""
# For those in C: `#include "meet.h"`.
MEET_H = """
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>
    static size_t units(size_t count) { return count * atol(getenv("UNIT")) + 1; }
    static void *touched(void *block, size_t count) { return memset(block, 1, units(count)); }
    static void arrive(void) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%d", getenv("MEETING"), (int)getpid());
        fclose(fopen(path, "w"));
        snprintf(path, sizeof path, "%s/go", getenv("MEETING"));
        while (access(path, F_OK) != 0) usleep(2000);
    }
"""


@dataclass(frozen=True)
class Kind:
    """A way to be several processes."""

    name: str
    command: list[str]
    # By line, `file.py:3`: how many units each of those that held something there held.
    held: dict[str, list[int]]
    arrive: int  # how many processes come to the meeting
    files: dict[str, str] = field(default_factory=dict)
    together: str = ""  # what several of them are called together
    status: int = 0
    # What it needs from outside until all have arrived, and to end.
    meanwhile: Callable[[Meeting], None] = lambda _: None
    at_the_end: Callable[[Meeting], None] = lambda _: None
    comparable: Callable[[bytes], object] = bytes  # of stdout, where it is not always the same


@dataclass(frozen=True)
class Meeting:
    process: subprocess.Popen
    place: Path
    variables: dict[str, str]

    def arrived(self) -> int:
        return sum(1 for there in self.place.iterdir() if there.name != "go")

    def wait_for(self, count: int) -> None:
        end = time.monotonic() + 2 * SECONDS
        while self.arrived() < count and self.process.poll() is None:
            assert time.monotonic() < end, "they never met"
            time.sleep(0.005)

    def let_go(self) -> None:
        (self.place / "go").touch()


def run_meeting(kind: Kind, command: list[str], unit: int, name: str) -> tuple[Ended, float]:
    """Of the command, in the folder of the kind's files; and how long it took."""
    place = Path(f"meeting-{name}").resolve()
    place.mkdir()
    paths = os.pathsep.join([str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])])
    variables = {**os.environ, "UNIT": str(unit), "MEETING": str(place), "PYTHONPATH": paths}
    out, err = Path(f"{name}.out"), Path(f"{name}.err")
    began = time.monotonic()
    with (
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        ) as process,
    ):
        meeting = Meeting(process, place, variables)
        try:
            kind.meanwhile(meeting)
            meeting.wait_for(kind.arrive)
            assert process.poll() is None, err.read_text()
            meeting.let_go()
            kind.at_the_end(meeting)
            status = process.wait(2 * SECONDS)
        finally:
            meeting.let_go()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    return Ended(status, out.read_bytes(), err.read_bytes()), time.monotonic() - began


def profiled_meeting(kind: Kind, python: str, unit: int, name: str) -> tuple[Profiled, float]:
    options = ["--no-browser", "-o", f"out-{name}", "--python", python]
    ended, took = run_meeting(kind, [str(FIL_PROFILE), *options, "run", *kind.command], unit, name)
    check_said(ended.stderr.decode(errors="replace"))
    run = Profiled(ended.status, ended.stdout, ended.stderr, Path(f"out-{name}"))
    check_report(run.report)
    return run, took


def in_your_lines(model: dict, place: str) -> int:
    lines = model["lines"]
    return sum(one["bytes"] for one in lines if f"{one['file']}:{one['line']}".endswith(place))


def in_the_list(run: Profiled, place: str) -> int:
    """What peak-memory.prof has below that line."""
    mark = re.compile(rf"(^|/){re.escape(place)} ")
    stacks = run.callstacks.items()
    return sum(size for stack, size in stacks if any(mark.search(frame) for frame in stack))


def by_process(model: dict, place: str) -> list[int]:
    """What each process held below that line, in the graph; one that is alone has no frame."""
    tree, frames = model["tree"], model["frames"]
    file, _, number = place.rpartition(":")
    is_there = [f["p"].endswith(file) and f["l"] == int(number) for f in frames]
    is_alone = len(model["facts"]["processes"]) < 2
    top, inside, sums = [-1], [False], {}
    for node in range(1, len(tree["parent"])):
        above, frame = tree["parent"][node], tree["frame"][node]
        top.append(frame if above == 0 and not is_alone else top[above])
        inside.append(inside[above] or is_there[frame])
        if inside[node]:
            sums[top[node]] = sums.get(top[node], 0) + tree["self"][node]
    return sorted(sums.values())


def about(units: float) -> object:
    """To the pages and headers of the blocks, which are no more than that."""
    return pytest.approx(units * MIB, rel=0.01, abs=64 << 10)


@dataclass(frozen=True)
class Measured:
    truth: float  # in MiB, of all processes
    head: float
    facts: dict
    seconds: tuple[float, float]  # as plain, and under fil-profile
    wrong: list[str]


def check_kind(kind: Kind, python: str = sys.executable) -> Measured:
    """Runs it three times; what the report said, and what of that was not true."""
    for name, text in {"meet.py": MEET, "meet.h": MEET_H, **kind.files}.items():
        script(name, text.lstrip("\n"))
    for name in filter(lambda name: name.endswith(".c"), kind.files):
        subprocess.run(["cc", "-g", "-O0", name, "-o", name[:-2]], check=True)
    is_python = kind.command[0].endswith(".py") or kind.command[0] == "-m"
    plain, plain_seconds = run_meeting(kind, [python] * is_python + kind.command, MIB, "plain")
    half = model_of(profiled_meeting(kind, python, MIB // 2, "half")[0].report)["facts"]["peak"]
    run, seconds = profiled_meeting(kind, python, MIB, "run")
    model = model_of(run.report)
    facts, wrong = model["facts"], []

    def must_be(what: str, found: object, right: object) -> None:
        if found != right:
            wrong.append(f"{what}: {found}, not {right}")

    must_be("the status", run.status, plain.status)
    must_be("stdout", kind.comparable(run.stdout), kind.comparable(plain.stdout))
    must_be("the status of both", run.status, kind.status)
    for place, each in kind.held.items():
        must_be(f"your line {place}", in_your_lines(model, place), about(sum(each)))
        must_be(f"{place} in the list", in_the_list(run, place), about(sum(each)))
        held = [size for size in by_process(model, place) if size > MIB]  # others import
        must_be(f"{place} by process", held, [about(units) for units in sorted(each)])
    truth = half + MIB // 2 * sum(map(sum, kind.held.values()))
    must_be("the head", facts["peak"], pytest.approx(truth, rel=0.01))
    if kind.together:
        must_be("called together", kind.together in facts["equals"], right=True)
    return Measured(truth / MIB, facts["peak"] / MIB, facts, (plain_seconds, seconds), wrong)
