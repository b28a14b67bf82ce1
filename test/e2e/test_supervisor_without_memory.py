"""Each request for memory that fil-profile's supervisor makes is refused, one run after the other.

The program runs to its end, and its output and status are what they are without us; and there is a
report, or a line that says what could not be done. programs/no_memory.c refuses.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from profiling import FIL_PROFILE, PREFIX, PROGRAMS, Ended, run_plain

# Before main() nothing is caught, and nothing was started.
BEFORE_MAIN = 40
ONE, ALL_THAT_FOLLOW = 1, 10**9


@dataclass(frozen=True)
class Refused(Ended):
    has_report: bool
    has_files: bool
    came_so_far: bool

    @property
    def lines(self) -> list[str]:
        lines = self.stderr.decode().splitlines()
        return [line for line in lines if line.startswith(PREFIX.decode())]

    @property
    def is_said(self) -> bool:
        return any("could not" in line or "No report: " in line for line in self.lines)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    cc = ["cc", "-g", "-O1", str(PROGRAMS / "faulted.c"), "-o", "faulted"]
    subprocess.run(cc, check=True, cwd=folder)
    library = ["cc", "-O1", "-shared", "-fPIC", str(PROGRAMS / "no_memory.c"), "-o", "refuse.so"]
    subprocess.run(library, check=True, cwd=folder)
    return folder


def takes_files(said: str) -> bool:
    """Where a recording was kept; it is not left there."""
    kept = re.search(r"is kept in (/\S+\.recording)", said)
    if kept is None:
        return False
    Path(kept[1]).unlink()
    return True


def without(build: Path, folder: Path, number: int, how_many: int) -> Refused:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tmp").mkdir(parents=True)
    variables = {
        **os.environ,
        "LD_PRELOAD": str(build / "refuse.so"),
        "NO_MEMORY": str(number),
        "NO_MEMORY_FOR": str(how_many),
        "NO_MEMORY_FILE": str(folder / "came so far"),
        "TMPDIR": str(folder / "tmp"),
    }
    command = [str(FIL_PROFILE), "--no-browser", "-o", str(folder / "out"), "run"]
    ended = run_plain([*command, str(build / "faulted")], env=variables, timeout=60)
    return Refused(
        ended.status,
        ended.stdout,
        ended.stderr,
        has_report=bool(list(folder.glob("out/2*/index.html"))),
        has_files=takes_files(ended.stderr.decode()),
        came_so_far=(folder / "came so far").exists(),
    )


def walk(build: Path, folder: Path, first: int, step: int, how_many: int) -> list[Refused]:
    """Of those runs in which the program was started."""
    plain = run_plain([str(build / "faulted")])
    ran = []
    number = first
    while (ended := without(build, folder, number, how_many)).came_so_far:
        what = f"{number}: {ended.status} {ended.stderr.decode()}"
        number += step
        if ended.stdout == b"":
            was_refused = ended.status == 2 and "fil-profile failed: " in ended.lines[-1]
            is_before_main = number - step <= BEFORE_MAIN and ended.status == -signal.SIGABRT
            assert was_refused or is_before_main, what
            continue
        assert (ended.status, ended.stdout) == (plain.status, plain.stdout), what
        assert ended.own_stderr == b"", what
        assert ended.has_report or ended.is_said, what
        ran.append(ended)
    return ran


EACH = pytest.param(1, 1, marks=pytest.mark.slow)


@pytest.mark.parametrize(("first", "step"), [(3, 16), EACH])
def test_a_request_for_memory_that_is_refused_costs_no_result(build, tmp_path, first, step):
    ran = walk(build, tmp_path / "one", first, step, ONE)
    assert len(ran) > 400 / step
    for ended in ran:
        runs_unrecorded = any("runs unrecorded" in line for line in ended.lines)
        cannot_keep = any("could not keep the recordings" in line for line in ended.lines)
        assert ended.has_report or ended.has_files or runs_unrecorded or cannot_keep, ended.stderr
    assert sum(ended.has_report for ended in ran) > len(ran) / 3


@pytest.mark.parametrize(("first", "step"), [(5, 24), EACH])
def test_where_no_more_memory_is_left_the_program_and_its_status_are_kept(
    build, tmp_path, first, step
):
    ran = walk(build, tmp_path / "all", first, step, ALL_THAT_FOLLOW)
    assert len(ran) > 400 / step
    assert all(len(ended.lines) < 12 for ended in ran)
