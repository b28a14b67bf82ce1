"""A program that puts up a seccomp filter for itself runs as without us, and is counted.

programs/sandboxed.c allows what it will call, and dies of the rest: that it does not die without
us says that its list is whole.
"""

from __future__ import annotations

import ctypes.util
import subprocess
import sys
from pathlib import Path

import pytest
from profiling import MIB, PROGRAMS, run_plain, run_profiled
from session_folder import environment, held_in, sessions

WORK = 64 * 300_000


@pytest.fixture(scope="module")
def sandboxed(tmp_path_factory: pytest.TempPathFactory) -> str:
    program = tmp_path_factory.mktemp("sandboxed") / "sandboxed"
    source = PROGRAMS / "sandboxed.c"
    subprocess.run(["cc", "-g", "-O1", "-pthread", source, "-o", program], check=True)
    return str(program)


def as_plain(program: str, way: str, what: str, output: Path):
    plain = run_plain([program, way, what])
    profiled = run_profiled(output, [program, way, what])
    assert (plain.status, plain.stdout) == (0, b"confined\ndone\n")
    assert (profiled.status, profiled.stdout, profiled.own_stderr) == (0, plain.stdout, b"")
    return profiled


@pytest.mark.parametrize(
    "way, what",
    [
        ("prctl", "work"),
        ("seccomp", "work"),
        ("syscall", "work"),
        ("twice", "work"),
        ("one more", "work"),
        ("prctl", "threads"),
        ("seccomp", "threads"),
        ("prctl", "signals"),
        ("prctl", "mappings"),
        ("prctl", "too much"),
    ],
)
def test_nothing_is_called_that_a_filter_refuses(
    way: str, what: str, sandboxed: str, tmp_path: Path
) -> None:
    profiled = as_plain(sandboxed, way, what, tmp_path / "out")
    at_work = sum(
        size for frames, size in profiled.callstacks.items() if "(work)" in " ".join(frames)
    )
    assert at_work == WORK if what != "threads" else at_work >= WORK
    assert b"(seccomp)" not in profiled.stderr


def test_in_strict_mode_nothing_at_all_is_called(sandboxed: str, tmp_path: Path) -> None:
    profiled = as_plain(sandboxed, "strict", "work", tmp_path / "out")
    assert MIB <= profiled.peak < 2 * MIB


def test_children_that_could_not_join_are_unrecorded_and_counted(
    sandboxed: str, tmp_path: Path
) -> None:
    profiled = as_plain(sandboxed, "prctl", "children", tmp_path / "out")
    line = b"2 processes were not recorded: they run in a sandbox (seccomp) that they put up"
    assert line in profiled.stderr
    assert '"sandboxed":2' in (profiled.report / "index.html").read_text()


def test_children_that_may_join_are_recorded(sandboxed: str, tmp_path: Path) -> None:
    profiled = as_plain(sandboxed, "prctl", "free children", tmp_path / "out")
    assert b"all processes together" in profiled.stderr
    assert b"(seccomp)" not in profiled.stderr


def test_what_is_started_in_a_sandbox_runs_without_us_and_is_counted(
    sandboxed: str, tmp_path: Path
) -> None:
    profiled = as_plain(sandboxed, "prctl", "exec", tmp_path / "out")
    assert b"1 process was not recorded: it runs in a sandbox (seccomp)" in profiled.stderr


def test_a_report_asked_for_in_a_sandbox_is_not_waited_for(sandboxed: str, tmp_path: Path) -> None:
    profiled = run_profiled(tmp_path / "out", [sandboxed, "prctl", "asks"])
    assert (profiled.status, profiled.stdout) == (0, b"confined\ndone\n")


def test_python_in_a_sandbox_is_recorded(tmp_path: Path) -> None:
    if ctypes.util.find_library("seccomp") is None:
        pytest.skip("there is no libseccomp")
    program = str(PROGRAMS / "confined.py")
    plain = run_plain([sys.executable, program])
    profiled = run_profiled(tmp_path / "out", [program])
    assert (plain.status, plain.stdout) == (0, b"done\n")
    assert (profiled.status, profiled.stdout, profiled.own_stderr) == (0, b"done\n", b"")
    at_work = [size for frames, size in profiled.callstacks.items() if "(work)" in ";".join(frames)]
    assert max(at_work) >= 20 * 500_000
    assert b"1 process was not recorded: it runs in a sandbox" in profiled.stderr


@pytest.mark.parametrize(
    "way, what",
    [
        ("prctl", "work"),
        ("prctl", "threads"),
        ("prctl", "children"),
        ("twice", "work"),
        ("one more", "work"),
        ("strict", "work"),
    ],
)
def test_where_nobody_supervises_nothing_is_called_either(
    here: Path, way: str, what: str, sandboxed: str
) -> None:
    """Its recording is a file, which gets its room before."""
    ended = run_plain([sandboxed, way, what], env=environment())
    assert (ended.status, ended.stdout, ended.stderr) == (0, b"confined\ndone\n", b"")
    (session,) = sessions()
    held = [of for of in held_in(session).values() if of]
    assert len(held) == 1
    assert way == "strict" or what == "children" or max(held[0].values()) >= WORK // 4
