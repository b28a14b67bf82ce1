"""`fil-profile run --live`: a view from the start, over the terminal of the program."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from command import PROFILED, fil_profile, is_alive, script, wait_until
from profiling import PREFIX
from tmux import Terminal, terminal

COMMAND = [*PROFILED, "--live"]

# Says what it sees of its terminal, holds 20 MiB, and ends when a file is there.
PROGRAM = """
    import os, sys, time
    kept = bytearray(20 << 20)
    terminals = [stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)]
    print("sees", *terminals, os.getpid(), flush=True)
    if sys.stdout.isatty():
        print(os.get_terminal_size().columns, "columns", flush=True)
    print("\\033[31mred\\033[0m", "read", repr(sys.stdin.read()), flush=True)
    try:
        while not os.path.exists("end"):
            time.sleep(0.02)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    print("the end", file=sys.stderr, flush=True)
    sys.exit(7)
"""


@contextlib.contextmanager
def shown(*more: str, columns: int = 80, rows: int = 24) -> Iterator[tuple[Terminal, str]]:
    """The view, when its first look has come and the program has written something."""
    script("x.py", PROGRAM)
    with terminal(columns, rows) as shell:
        shell.wait_for("$")
        # In the folder of the test: tmux's server has another.
        shell.type("cd", str(Path.cwd()))
        line = " ".join([*COMMAND, "x.py", *more])
        shell.tmux("send-keys", "-l", f"{line}; echo status $?")
        shell.press("Enter")
        wanted = "\nnow 2" if more else "read ''"
        yield shell, shell.wait(lambda seen: wanted in seen and "\nnow 2" in seen, "the view")
        Path("end").touch()


def end(shell: Terminal) -> str:
    Path("end").touch()
    return shell.wait_for("status 7")


def program_and_supervisor(screen: str) -> tuple[int, int]:
    program = int(re.search(r"sees \w+ \w+ \w+ (\d+)", screen)[1])
    parent = Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[1]
    return program, int(parent)


def view_of(screen: str) -> int:
    """The process that shows the view: the supervisor's child that is not the program."""
    _, supervisor = program_and_supervisor(screen)
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    names = {pid: Path(f"/proc/{pid}/comm").read_text().strip() for pid in children}
    return next(int(pid) for pid, name in names.items() if name == "fil-profile")


def test_what_the_program_writes_is_kept_shown_and_written_out(here):
    with shown() as (shell, screen):
        assert "what the program wrote" in screen
        assert "sees False True True" in screen
        assert "80 columns" in screen
        assert "\nred read ''" in screen
        after = end(shell)
    assert "q quit" not in after
    assert after.index("sees False") < after.index("red read ''") < after.index("the end")
    assert after.index("the end") < after.index("Peak memory") < after.index("status 7")
    assert len(list(Path("out").glob("[0-9]*/index.html"))) == 1


def test_the_program_goes_on_when_the_view_closes(here):
    with shown() as (shell, _):
        shell.press("q")
        screen = shell.wait(lambda seen: "q quit" not in seen and "red read" in seen, "no view")
        assert "the end" not in screen
        after = end(shell)
        assert after.index("red read ''") < after.index("the end") < after.index("Peak memory")


def test_what_is_redirected_is_not_touched(here):
    with shown(">", "written.txt") as (shell, screen):
        assert "sees" not in screen
        after = end(shell)
        assert "the end" in after
    lines = Path("written.txt").read_text().splitlines()
    assert lines[0].startswith("sees False False True")
    assert lines[1:] == ["\033[31mred\033[0m read ''"]


def test_an_interrupt_is_the_programs(here):
    with shown() as (shell, _):
        shell.press("C-c")
        after = shell.wait_for("status 7")
        assert after.index("interrupted") < after.index("the end")


def test_a_view_that_is_killed_leaves_terminal_and_program_in_order(here):
    with shown() as (shell, screen):
        os.kill(view_of(screen), signal.SIGKILL)
        shell.wait(lambda seen: "q quit" not in seen, "no view")
        after = end(shell)
        assert "The view was killed, and what" in after
        assert "the end" in after and "Peak memory" in after
        shell.type("stty", "-a")
        assert not re.search(r"-(icanon|echo|onlcr)\b", shell.wait_for("icanon"))


def test_the_terminal_is_restored_when_the_supervisor_is_killed(here):
    with shown() as (shell, screen):
        program, supervisor = program_and_supervisor(screen)
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: not is_alive(program), "the program dies with it")
        shell.wait(lambda seen: "q quit" not in seen, "no view")
        shell.type("stty", "-a")
        modes = shell.wait_for("icanon")
        assert "q quit" not in modes
        assert not re.search(r"-(icanon|echo|onlcr)\b", modes)


def test_without_a_terminal_it_runs_without_a_view(here):
    name = script("y.py", "print('words')")
    done = fil_profile("--no-browser", "-o", "out", "run", "--live", name)
    assert (done.status, done.stdout) == (0, b"words\n")
    no_view = b"No view: neither stdout nor stderr is a terminal. The program runs without it.\n"
    assert PREFIX + no_view in done.stderr
    with terminal() as shell:
        shell.wait_for("$")
        shell.type("cd", str(Path.cwd()))
        shell.type("env", "TERM=dumb", *COMMAND, name)
        screen = shell.wait_for("Wrote HTML report")
        assert "No view: TERM is 'dumb'" in screen.replace("\n", "")
        assert "\nwords\n" in screen


def test_it_stops_and_goes_on_with_the_program(here):
    with shown() as (shell, screen):
        program, supervisor = program_and_supervisor(screen)
        stops: list[Callable[[], object]] = [
            lambda: os.kill(supervisor, signal.SIGTSTP),
            lambda: shell.press("C-z"),
        ]
        for stop in stops:
            stop()
            shell.wait_for("Stopped")
            assert Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[0] == "T"
            shell.type("clear")
            shell.type("fg")
            shell.wait(lambda seen: "q quit" in seen and "\nnow " in seen, "the view again")
        assert "the end" in end_of_job(shell)


def end_of_job(shell: Terminal) -> str:
    Path("end").touch()
    return shell.wait_for("Peak memory")
