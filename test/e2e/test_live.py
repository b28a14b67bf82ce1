"""`fil-profile live PID`: a view of a program that runs, in a real terminal (tmux)."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import SECONDS, fil_profile, is_alive, running, script
from profiling import FIL_PROFILE, PREFIX
from tmux import Terminal, terminal

# Holds 30 MiB, and 10 more for each word; says how much that is.
PROGRAM = """
    import os, sys
    def hold(n):
        return bytearray(n << 20)
    first = hold(30)
    more = []
    waits, ends = os.pipe()
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        if line == "worker\\n":
            if os.fork() == 0:
                kept = hold(20)
                print(os.getpid(), flush=True)
                os.close(ends)
                os.read(waits, 1)
                os._exit(0)
        else:
            more.append(bytearray(10 << 20))
            print("held", flush=True)
"""


@contextlib.contextmanager
def waiting_program() -> Iterator[tuple[subprocess.Popen, int]]:
    with running(script("x.py", PROGRAM), stdin=subprocess.PIPE) as supervisor:
        yield supervisor, int(supervisor.stdout.readline())
        with contextlib.suppress(BrokenPipeError):
            supervisor.stdin.close()
        assert supervisor.wait(SECONDS) == 0


def tell(supervisor: subprocess.Popen, word: bytes) -> bytes:
    supervisor.stdin.write(word + b"\n")
    supervisor.stdin.flush()
    return supervisor.stdout.readline()


def look(shell: Terminal, pid: int) -> str:
    shell.wait_for("$")
    shell.type("echo", "before")
    shell.type(str(FIL_PROFILE), "live", str(pid))
    return shell.wait(lambda seen: "\nnow " in seen and " hold" in seen, "the first look")


def now(screen: str) -> float:
    return float(re.search(r"^now ([\d.]+) MiB", screen, re.MULTILINE)[1])


def row(screen: str, text: str) -> float:
    found = re.search(rf"^ *([\d.]+) MiB.*{re.escape(text)}", screen, re.MULTILINE)
    assert found, (text, screen)
    return float(found[1])


def check_restored(shell: Terminal) -> None:
    """The shell's screen as it was, and a terminal that takes lines and echoes them."""
    screen = shell.wait_for("before\n")
    assert "q quit" not in screen
    shell.type("stty", "-a")
    modes = shell.wait_for("icanon")
    assert not re.search(r"-(icanon|echo|onlcr)\b", modes)


def test_the_numbers_are_the_programs_and_the_program_goes_on(here):
    with waiting_program() as (supervisor, program), terminal() as shell:
        screen = look(shell, program)
        base = now(screen)
        assert 30 <= base <= 45
        assert row(screen, "x.py:4 hold") == pytest.approx(30, rel=0.01)
        assert "return by" in screen
        for _ in range(3):
            assert tell(supervisor, b"more") == b"held\n"
        grown = r"^ *30.0 MiB +\+[123]0.0 MiB.*x.py:18"
        screen = shell.wait(
            lambda seen: "\nnow " in seen and re.search(grown, seen, re.MULTILINE),
            "30 MiB more, and at their line, which is looked at a little later",
        )
        assert now(screen) == pytest.approx(base + 30, rel=0.01)
        shell.press("o")
        assert "by growth" in shell.wait_for("by growth")
        shell.press("3", "Down", "Enter")
        assert "bytes)" in shell.wait_for("bytes)")
        shell.press("Enter", "?")
        shell.wait_for("sort by size, or by growth")
        shell.press("x", "s")
        path = re.search(r"report: …?(\S+/index.html)", shell.wait_for("index.html"))[1]
        assert str(next(Path("out").resolve().glob("[0-9]*/index.html"))).endswith(path)
        assert len(list(Path("out").glob("[0-9]*/memory-now.prof"))) == 1
        shell.press("q")
        check_restored(shell)
        assert is_alive(program) and tell(supervisor, b"more") == b"held\n"


def test_it_fits_narrow_and_wide_terminals_and_follows_their_size(here):
    with waiting_program() as (_, program), terminal(40, 15) as shell:
        screen = look(shell, program)
        assert all(len(line) <= 40 for line in screen.split("\n"))
        assert "hold" in screen and "q quit" in screen
        for columns, rows in (200, 60), (80, 24), (20, 6), (40, 15):
            shell.resize(columns, rows)
            screen = shell.wait(
                lambda seen, rows=rows: len(seen.split("\n")) == rows and "\nnow " in seen,
                f"{columns} columns, {rows} rows",
            )
            assert all(len(line) <= columns for line in screen.split("\n"))
        shell.press("q")


def test_the_terminal_knows_its_size_better_than_the_environment(here):
    with waiting_program() as (_, pid), terminal(80, 20) as shell:
        shell.wait_for("$")
        shell.type("export", "COLUMNS=40", "LINES=50")
        look(shell, pid)
        assert shell.wait(lambda seen: "q quit" in seen or " q " in seen, "the last line")
        assert max(map(len, shell.lines)) > 40


def test_processes_are_listed_each_with_what_it_holds(here):
    with waiting_program() as (supervisor, program), terminal() as shell:
        workers = [int(tell(supervisor, b"worker")) for _ in range(2)]
        look(shell, supervisor.pid)
        shell.press("2")
        screen = shell.wait(lambda seen: all(f" {pid} " in seen for pid in workers), "workers")
        assert "3 processes" in screen
        for pid in workers:
            assert row(screen, f"{pid} python x.py") == pytest.approx(20, rel=0.05)
        assert row(screen, f"{program} python x.py") >= 30
        assert now(screen) == pytest.approx(
            sum(row(screen, f"{pid} python") for pid in (program, *workers)), abs=0.2
        )
        shell.press("q")


def test_the_end_of_the_program_ends_the_view(here):
    with waiting_program() as (supervisor, program), terminal() as shell:
        look(shell, program)
        supervisor.stdin.close()
        screen = shell.wait_for("End of the view")
        assert "the program has ended" in screen.replace("\n", "")
        assert re.search(r"the peak was 3\d.\d MiB", screen.replace("\n", ""))
        check_restored(shell)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_the_terminal_as_it_was(here, number):
    with waiting_program() as (_, program), terminal() as shell:
        look(shell, program)
        os.kill(viewer_of(program), number)
        check_restored(shell)
        shell.type("echo", "still here")
        shell.wait_for("\nstill here")


def viewer_of(pid: int) -> int:
    wanted = [str(FIL_PROFILE), "live", str(pid)]
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().decode().rstrip("\0").split("\0") == wanted:
                return int(folder.name)
    raise AssertionError("no viewer")


def test_it_stops_and_goes_on_as_any_job(here):
    with waiting_program() as (_, program), terminal() as shell:
        look(shell, program)
        shell.press("C-z")
        shell.wait_for("Stopped")
        check_restored(shell)
        shell.type("fg")
        shell.wait(lambda seen: "\nnow " in seen and "q quit" in seen, "the view again")
        shell.press("q")
        check_restored(shell)


def test_where_no_view_can_be_that_is_one_line(here):
    with waiting_program() as (_, program):
        refused = fil_profile("live", str(program))
        assert (refused.status, refused.stdout) == (2, b"")
        assert refused.stderr == PREFIX + b"no view: neither stdout nor stderr is a terminal\n"
        for kind in "dumb", "nobody-knows-this":
            with terminal() as shell:
                shell.wait_for("$")
                shell.type("env", f"TERM={kind}", str(FIL_PROFILE), "live", str(program))
                screen = shell.wait_for("no view")
                assert f"TERM is '{kind}'" in screen.replace("\n", "")
    assert fil_profile("live").status == 2
    assert fil_profile("live", "x").status == 2


def test_the_help_says_the_keys():
    shown = fil_profile("live", "--help")
    assert (shown.status, shown.stderr) == (0, b"")
    for word in (b"live PID", b"run --live", b"Enter", b"q "):
        assert word in shown.stdout
