"""Signals and jobs with whole trees of processes: each process gets what it gets without us, as
often; the status is the same, nobody stays who would not have, and the report is of all.

Every case is run twice, plain and under fil-profile, and must come out alike.
"""

from __future__ import annotations

import collections
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import PROFILED, SECONDS, is_alive, script, wait_until
from conservation import check_report, model_of
from profiling import MIB, PREFIX, reports_in
from terminal import Terminal

# A program and two workers, which say in a file who they are and which signals they get, until
# there is a file "stop". "dies": they leave signals alone.
TREE = """
    import os, signal, sys, time
    log = os.open("log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    heard = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGCONT", "SIGRTMIN"]
    def say(text):
        os.write(log, (text + "\\n").encode())
    def live(role):
        if "dies" not in sys.argv:
            for name in heard:
                number = signal.Signals[name]
                if signal.getsignal(number) is not signal.SIG_IGN:
                    signal.signal(number, lambda n, _: say(f"{role} got {signal.Signals(n).name}"))
        block = bytearray(10 << 20)
        say(f"{role} is {os.getpid()}")
        while not os.path.exists("stop"):
            time.sleep(0.01)
    workers = []
    for number in (1, 2):
        workers.append(os.fork())
        if workers[-1] == 0:
            live(f"worker {number}")
            say(f"worker {number} ends")
            os._exit(0)
    live("program")
    for worker in workers:
        os.waitpid(worker, 0)
    say("program ends")
    print("done", flush=True)
    sys.exit(3)
"""
EVERYBODY = ("program", "worker 1", "worker 2")


@dataclass
class Outcome:
    status: int
    got: dict  # how often each role got which signal
    left: set  # roles that were still there afterwards
    ends: set  # roles that came to their end

    def of(self, role: str) -> dict:
        return {name: times for (who, name), times in self.got.items() if who == role}


class Case:
    """One run in a folder of its own: a command that starts the tree, with `prefix` before it."""

    def __init__(self, prefix: list[str]):
        self.prefix = prefix
        self.tree = [*prefix, "tree.py"] if prefix else [sys.executable, "tree.py"]
        script("tree.py", TREE)

    def said(self) -> list[str]:
        return Path("log").read_text().splitlines() if Path("log").exists() else []

    def pids(self) -> dict[str, int]:
        words = [line.partition(" is ") for line in self.said() if " is " in line]
        return {role: int(pid) for role, _, pid in words}

    def wait_for_all(self) -> dict[str, int]:
        wait_until(lambda: len(self.pids()) == 3, "all are there")
        return self.pids()

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.said(), text)

    def stop(self) -> None:
        time.sleep(0.3)  # a second signal would have come
        Path("stop").touch()

    def outcome(self, status: int) -> Outcome:
        time.sleep(0.2)
        pids = self.pids()
        left = {role for role, pid in pids.items() if is_alive(pid)}
        for role in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids[role], signal.SIGKILL)
        got = collections.Counter(
            tuple(line.split(" got ")) for line in self.said() if " got " in line
        )
        ends = {line[: -len(" ends")] for line in self.said() if line.endswith(" ends")}
        return Outcome(status, dict(got), left, ends)


def both(tmp_path: Path, run, monkeypatch) -> Outcome:
    """That the case `run` comes out alike; and the report of the profiled one."""
    outcomes = []
    for name, prefix in (("plain", []), ("profiled", PROFILED)):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        outcomes.append(run(Case(prefix)))
    plain, profiled = outcomes
    assert profiled == plain
    (report,) = reports_in("out")
    check_report(report)
    model = model_of(report)
    lines = [line for line in model["lines"] if line["function"] == "live"]
    assert sum(line["bytes"] for line in lines) >= 30 * MIB
    return plain


def slow_but(names: str, *more: str) -> list:
    """All of them are parameters; those of `more` are tried by ./dev test --all."""
    every = [(name, False) for name in names.split(", ")] + [(name, True) for name in more]
    return [pytest.param(name, marks=[pytest.mark.slow] * is_slow) for name, is_slow in every]


SHELLS = slow_but("/bin/bash", "/bin/sh")


def started(command: list[str], **how) -> subprocess.Popen:
    with Path("stdout").open("wb") as out, Path("stderr").open("wb") as err:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, **how)


# ---- sent by kill --------------------------------------------------------------------------------

TO = {
    "who was started": lambda process, pids: [process.pid],
    "the program": lambda process, pids: [pids["program"]],
    "the group": lambda process, pids: [-process.pid],
    "a worker": lambda process, pids: [pids["worker 1"]],
    "each of the tree": lambda process, pids: list(pids.values()),
}


@pytest.mark.parametrize("name", slow_but("SIGTERM", "SIGINT", "SIGRTMIN"))
@pytest.mark.parametrize("to", TO)
def test_a_signal_reaches_whom_it_would_as_often(to, name, tmp_path, monkeypatch):
    def run(case: Case) -> Outcome:
        process = started(case.tree, start_new_session=True)
        pids = case.wait_for_all()
        for pid in TO[to](process, pids):
            os.kill(pid, signal.Signals[name])
        whom = {"a worker": ["worker 1"], "the group": EVERYBODY, "each of the tree": EVERYBODY}
        for role in whom.get(to, ["program"]):
            case.wait_for(f"{role} got {name}")
        case.stop()
        return case.outcome(process.wait(SECONDS))

    outcome = both(tmp_path, run, monkeypatch)
    assert outcome.status == 3 and outcome.left == set() and outcome.ends == set(EVERYBODY)
    assert set(outcome.got.values()) == {1}


@pytest.mark.parametrize("name", slow_but("SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"))
@pytest.mark.parametrize("to", ["who was started", "the group"])
def test_who_dies_and_who_stays_is_the_same(to, name, tmp_path, monkeypatch):
    def run(case: Case) -> Outcome:
        process = started([*case.tree, "dies"], start_new_session=True)
        pids = case.wait_for_all()
        whom = TO[to](process, pids)
        if name == "SIGKILL" and case.prefix:  # nobody can pass that on: to the tree itself
            whom = [pids["program"]] if to == "who was started" else list(pids.values())
        for pid in whom:
            os.kill(pid, signal.Signals[name])
        return case.outcome(process.wait(SECONDS))

    outcome = both(tmp_path, run, monkeypatch)
    assert outcome.status == -signal.Signals[name]
    assert outcome.left == ({"worker 1", "worker 2"} if to == "who was started" else set())


# ---- typed at a terminal -------------------------------------------------------------------------


@pytest.mark.parametrize("shell", slow_but("none, /bin/bash", "/bin/sh"))
def test_ctrl_c_reaches_the_whole_tree_once(shell, tmp_path, monkeypatch):
    def run(case: Case) -> Outcome:
        command = case.tree
        if shell != "none":  # as a job of an interactive one
            command = [shell, "-c", f"set -m; {shlex.join(case.tree)}; exit $?"]
        terminal = Terminal(*command)
        case.wait_for_all()
        terminal.type(b"\x03")
        for role in EVERYBODY:
            case.wait_for(f"{role} got SIGINT")
        case.stop()
        return case.outcome(terminal.wait())

    outcome = both(tmp_path, run, monkeypatch)
    assert outcome.got == {(role, "SIGINT"): 1 for role in EVERYBODY}
    assert outcome.status == 3 and outcome.left == set()


@pytest.mark.parametrize("shell", SHELLS)
def test_of_a_script_ctrl_c_ends_all(shell, tmp_path, monkeypatch):
    def run(case: Case) -> Outcome:
        script("job.sh", f"{sys.executable} tree.py dies\necho went on\n")
        terminal = Terminal(*(case.prefix or []), shell, "job.sh")
        case.wait_for_all()
        terminal.type(b"\x03")
        return case.outcome(terminal.wait())

    outcome = both(tmp_path, run, monkeypatch)
    assert outcome.left == set()


@pytest.mark.parametrize("shell", SHELLS)
def test_ctrl_z_stops_the_tree_and_fg_and_bg_continue_it(shell, tmp_path, monkeypatch):
    def run(case: Case) -> Outcome:
        then = "bg; sleep 0.5; touch fg; fg; exit $?"
        terminal = Terminal(shell, "-c", f"set -m; {shlex.join(case.tree)}; {then}")
        pids = case.wait_for_all()
        terminal.type(b"\x1a")
        for role in EVERYBODY:
            case.wait_for(f"{role} got SIGCONT")
        assert all(state(pid) != "T" for pid in pids.values())
        wait_until(Path("fg").exists, "the shell goes on")
        case.stop()
        return case.outcome(terminal.wait())

    outcome = both(tmp_path, run, monkeypatch)
    assert outcome.status == 3 and outcome.left == set()
    assert {role for role, _ in outcome.got} == set(EVERYBODY)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("dies", [[], ["dies"]])
def test_when_the_terminal_closes(dies, tmp_path, monkeypatch):
    def run(case: Case) -> Outcome:
        terminal = Terminal(*case.tree, *dies)
        case.wait_for_all()
        terminal.hang_up()
        if not dies:
            case.wait_for("program got SIGHUP")  # it leads the session
            case.stop()
        return case.outcome(terminal.wait())

    outcome = both(tmp_path, run, monkeypatch)
    assert outcome.left == set()
    assert outcome.status == (-signal.SIGHUP if dies else outcome.status)


# ---- what people put before it -------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
def test_in_the_background_of_a_script_ctrl_c_is_ignored(shell, tmp_path, monkeypatch):
    def run(case: Case) -> Outcome:
        process = started(
            [shell, "-c", f"{shlex.join(case.tree)} & wait $!"], start_new_session=True
        )
        case.wait_for_all()
        os.kill(-process.pid, signal.SIGINT)
        os.kill(-process.pid, signal.SIGUSR1)
        for role in EVERYBODY:
            case.wait_for(f"{role} got SIGUSR1")
        case.stop()
        process.wait(SECONDS)  # the shell dies of either signal
        return case.outcome(0)

    outcome = both(tmp_path, run, monkeypatch)
    assert {name for _, name in outcome.got} == {"SIGUSR1"}


PREFIXES = {
    "nohup": ["nohup"],
    "setsid": ["setsid", "-w"],
    "timeout": ["timeout", "-s", "TERM", "2"],
    "timeout in the foreground": ["timeout", "--foreground", "-s", "TERM", "2"],
    "env": ["env", "A=1"],
    "nice": ["nice"],
}


@pytest.mark.parametrize(
    "before", slow_but("nohup, timeout", *sorted({*PREFIXES} - {"nohup", "timeout"}))
)
def test_behind_a_command_that_starts_it(before, tmp_path, monkeypatch):
    def run(case: Case) -> Outcome:
        process = started([*PREFIXES[before], *case.tree], start_new_session=True)
        case.wait_for_all()
        if before.startswith("timeout"):
            case.wait_for("program got SIGTERM")
        elif before != "setsid":
            os.kill(-process.pid, signal.SIGHUP)
            os.kill(-process.pid, signal.SIGTERM)
            for role in EVERYBODY:
                case.wait_for(f"{role} got SIGTERM")
        case.stop()
        ended = case.outcome(process.wait(SECONDS))
        # timeout sends it to the program, and then to the group: two that may become one.
        if before.startswith("timeout"):
            ended.got = dict.fromkeys(ended.got, 1)
        return ended

    outcome = both(tmp_path, run, monkeypatch)
    assert outcome.left == set() and outcome.ends == set(EVERYBODY)


WRITES = """
    import os, sys
    from subprocess import Popen, PIPE
    block = bytearray(20 << 20)
    if sys.argv[1:] == ["reads"]:
        child = Popen([sys.executable, "-c", "block = bytearray(30 << 20); print(input())"])
        sys.exit(child.wait())
    child = Popen([sys.executable, "-c", "block = bytearray(30 << 20); print(1)"], stdout=PIPE)
    child.communicate()
    signals = __import__("signal")
    signals.signal(signals.SIGPIPE, signals.SIG_DFL)
    for i in range(1_000_000):
        os.write(1, b"line\\n")
"""


@pytest.mark.parametrize("line", ["{} | head -1", "yes | {} reads", "{} reads < stdin | cat"])
def test_in_a_pipeline(line, here):
    script("x.py", WRITES)
    Path("stdin").write_text("y\n")
    plain, ours = [sys.executable, "x.py"], [*PROFILED, "x.py"]
    ended = []
    for command in (plain, ours):
        text = f"{line.format(shlex.join(command))}; echo ${{PIPESTATUS[*]}}"
        ended.append(subprocess.run(["/bin/bash", "-c", text], capture_output=True, timeout=60))
    assert ended[0].stdout == ended[1].stdout
    assert all(said.startswith(PREFIX) for said in ended[1].stderr.splitlines())
    (report,) = reports_in("out")
    assert model_of(report)["facts"]["peak"] > 50 * MIB
