"""`fil-profile snapshot PID`: a report of a program that runs, of now or of the peak so far."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import SECONDS, fil_profile, running, script, wait_until
from conservation import model_of
from profiling import FIL_PROFILE, MIB, PREFIX

# Holds 40 MiB, lets them go, holds 10, and says who it is; then does as it is told.
PROGRAM = """
    import os, subprocess, sys
    def much():
        return bytearray(40 << 20)
    block = much()
    del block
    little = bytearray(10 << 20)
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        if line == "child\\n":
            code = "import os; kept = bytearray(20 << 20); print(os.getpid(), flush=True); input()"
            child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
        if line == "more\\n":
            more = bytearray(60 << 20)
            print("more", flush=True)
"""


@contextlib.contextmanager
def waiting_program() -> Iterator[tuple[subprocess.Popen, int]]:
    """A supervisor whose program waits, and that program's pid."""
    with running(script("x.py", PROGRAM), stdin=subprocess.PIPE) as supervisor:
        yield supervisor, int(supervisor.stdout.readline())
        supervisor.stdin.close()
        assert supervisor.wait(SECONDS) == 0


def snapshot(*words: object) -> Path:
    """Takes one, and returns its folder."""
    done = fil_profile("snapshot", *map(str, words))
    assert (done.status, done.stderr) == (0, b"")
    page = done.stdout.decode().removesuffix("\n")
    assert "\n" not in page and page.endswith("/index.html")
    assert Path(page).is_absolute() and Path(page).is_file()
    return Path(page).parent


def refused(*words: object) -> tuple[int, str]:
    done = fil_profile("snapshot", *map(str, words))
    assert done.stdout == b""
    line = done.stderr.decode()
    assert line.startswith(PREFIX.decode()) and line.count("\n") == 1
    return done.status, line.removeprefix(PREFIX.decode()).strip()


def refused_by_all(pid: int) -> tuple[int, str]:
    """When each fil-profile of the machine has answered: another test may have stopped its own."""
    answers = []

    def have_all_answered() -> bool:
        answers.append(refused(pid))
        return "does not answer" not in answers[-1][1]

    wait_until(have_all_answered, "each fil-profile of the machine answers")
    return answers[-1]


def callstacks(folded: Path) -> dict[str, int]:
    lines = [line.rpartition(" ") for line in folded.read_text().splitlines()]
    return {frames: int(size) for frames, _, size in lines}


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


ENDS = (".prof", ".svg", "-reversed.svg", ".filsnap")
NOW = {f"memory-now{end}" for end in ENDS} | {"index.html"}
PEAK = {f"peak-memory{end}" for end in ENDS} | {"index.html"}


def test_a_snapshot_is_of_now_and_the_peak_so_far_on_request(here):
    with waiting_program() as (supervisor, program):
        for pid, words in [(supervisor.pid, []), (program, ["--now"])]:
            now = snapshot(*words, pid)
            assert names(now) == NOW
            held = callstacks(now / "memory-now.prof")
            assert 10 * MIB <= held["x.py:7 (<module>)"] < 10.1 * MIB
            assert not any("(much)" in frames for frames in held)
            facts = model_of(now)["facts"]
            assert facts["moment"] == "now"
            assert facts["ending"]["text"] == "still running"
            assert facts["notes"] == []
            assert sum(held.values()) <= facts["peak"] <= 1.011 * sum(held.values()) < 30 * MIB
            assert facts["peak_seconds"] == facts["duration"]
            assert facts["resident"]["total"] >= 10 * MIB
        peak = snapshot("--peak", program)
        assert names(peak) == PEAK
        assert callstacks(peak / "peak-memory.prof")["x.py:5 (<module>);x.py:4 (much)"] >= 40 * MIB
        assert model_of(peak)["facts"]["moment"] == "peak"
        supervisor.stdin.write(b"more\n")
        supervisor.stdin.flush()
        assert supervisor.stdout.readline() == b"more\n"
        assert callstacks(snapshot(program) / "memory-now.prof")["x.py:14 (<module>)"] >= 60 * MIB
        supervisor.stdin.close()
        errors = supervisor.stderr.read().decode()
    assert errors.count("Wrote HTML report") == 1, "the program's terminal hears of its own alone"
    assert len(list(Path("out").glob("[0-9]*"))) == 5


def test_a_page_of_now_says_now_and_not_peak(here):
    with waiting_program() as (_, program):
        page = (snapshot(program) / "index.html").read_text()
    plain = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "in use now" in plain
    assert "hold memory now" in plain
    assert "peak" not in re.sub(r"<style.*?</style>|class=\"peak\"", "", plain, flags=re.DOTALL)


def test_a_child_leads_to_the_session_and_is_in_the_report(here):
    with waiting_program() as (supervisor, program):
        supervisor.stdin.write(b"child\n")
        supervisor.stdin.flush()
        child = int(supervisor.stdout.readline())
        now = snapshot(child)
        facts = model_of(now)["facts"]
        assert {process["pid"] for process in facts["processes"]} == {program, child}
        held = {process["pid"]: process["bytes"] for process in facts["processes"]}
        assert 10 * MIB <= held[program] < 20 * MIB <= held[child] < 30 * MIB


def test_what_cannot_be_is_one_line(here):
    assert refused()[0] == 2
    assert (
        refused("x")[0]
        == refused("-1")[0]
        == refused("1", "2")[0]
        == refused("--then", "1")[0]
        == 2
    )
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert refused(ended.pid) == (1, f"there is no process {ended.pid}")
    status, line = refused_by_all(os.getpid())
    assert status == 1
    assert line.startswith(f"process {os.getpid()} is not profiled")


def test_a_supervisor_that_is_stopped_is_said_to_be(here):
    with waiting_program() as (supervisor, program):
        supervisor.send_signal(signal.SIGSTOP)
        wait_until(lambda: state_of(supervisor.pid) == "T", "it has stopped")
        status, line = refused(program)
        supervisor.send_signal(signal.SIGCONT)
        assert status == 1
        assert "does not answer: it is stopped, or busy" in line
        snapshot(program)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_may_not_ask_and_root_may(here):
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    with waiting_program() as (_, program):
        asked = subprocess.run(
            [str(FIL_PROFILE), "snapshot", str(program)], capture_output=True, check=False, **nobody
        )
        assert (asked.returncode, asked.stdout) == (1, b"")
        assert b"belongs to another user: only they and root may ask" in asked.stderr


def test_a_program_that_ends_meanwhile_is_said_to_have(here):
    """The report is asked for and the program killed before it can be."""
    with running(script("x.py", PROGRAM), stdin=subprocess.PIPE) as supervisor:
        program = int(supervisor.stdout.readline())
        supervisor.send_signal(signal.SIGSTOP)
        wait_until(lambda: state_of(supervisor.pid) == "T", "it has stopped")
        asking = subprocess.Popen(
            [str(FIL_PROFILE), "snapshot", str(program)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.kill(program, signal.SIGKILL)
        supervisor.send_signal(signal.SIGKILL)
        output, errors = asking.communicate(timeout=SECONDS)
    assert (asking.returncode, output) == (1, b"")
    assert errors.decode().startswith(PREFIX.decode())
    assert errors.count(b"\n") == 1


def test_a_kernel_of_jupyter_makes_its_reports_itself(here):
    kernel = subprocess.Popen(
        [
            str(FIL_PROFILE),
            "--python",
            sys.executable,
            "python",
            "-c",
            "print(1, flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert kernel.stdout.readline() == b"1\n"
        status, line = refused_by_all(kernel.pid)
        assert status == 1
        assert "not profiled" in line or "makes its reports itself" in line
    finally:
        kernel.communicate(b"\n", timeout=SECONDS)
