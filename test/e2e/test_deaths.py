"""Every way to die, of the program alone, of a child while the program lives, and of the program
while children live: a whole report, the cause in it and in one line, the status as without us."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from command import PROFILED, profiled, script
from conservation import model_of
from profiling import MIB, run_plain
from short_of_memory import bytes_at, memory_group, report_in
from terminal import Terminal

DEATHS = {
    "return": ("pass", 0),
    "sys.exit": ("sys.exit(7)", 7),
    "an exception": ("raise ValueError('mine')", 1),
    "os._exit": ("os._exit(9)", 9),
    "abort": ("os.abort()", -signal.SIGABRT),
    "SIGSEGV": ("os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
    "SIGTERM": ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    "SIGHUP": ("os.kill(os.getpid(), signal.SIGHUP)", -signal.SIGHUP),
    "exec": ("os.execv('/bin/sh', ['sh', '-c', 'exit 6'])", 6),
}

ALONE = """
    import os, signal, sys
    held = bytearray(30_000_000)
    last = bytearray(5_000_000)
    DEATH
"""


def cause(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit {status}"


def check_cause(ended, status: int) -> None:
    facts = model_of(ended.report)["facts"]
    assert facts["ending"]["text"] == cause(status)
    said = [line for line in ended.stderr.decode().splitlines() if "The program ended: " in line]
    assert len(said) == (1 if status != 0 else 0), ended.stderr.decode()
    assert not said or said[0].endswith(f"The program ended: {cause(status)}.")


def large(ended) -> list[int]:
    return sorted(size for size in ended.callstacks.values() if size > 4_000_000)


@pytest.mark.parametrize("death", DEATHS)
def test_of_the_program_alone(here, death):
    code, status = DEATHS[death]
    script("x.py", ALONE.replace("DEATH", code))
    plain = run_plain([sys.executable, "x.py"])
    ended = profiled("x.py")
    assert (ended.status, ended.own_stderr) == (plain.status, plain.stderr)
    assert ended.status == status
    assert large(ended) == pytest.approx([5_000_000, 30_000_000], rel=0.01)
    check_cause(ended, status)


OF_A_CHILD = """
    import os, signal, sys
    def die():
        held = bytearray(20_000_000)
        DEATH
    held = bytearray(30_000_000)
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        die()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    more = bytearray(1_000_000)
"""


@pytest.mark.parametrize("death", DEATHS)
def test_of_a_child_while_the_program_lives(here, death):
    code, status = DEATHS[death]
    script("x.py", OF_A_CHILD.replace("DEATH", code))
    ended = profiled("x.py")
    assert (ended.status, ended.stdout) == (0, f"{status}\n".encode())
    assert large(ended) == pytest.approx([20_000_000, 30_000_000], rel=0.01)
    check_cause(ended, 0)


OF_A_PARENT = """
    import os, signal, sys
    (begun, says), (waits, end) = os.pipe(), os.pipe()
    held = bytearray(30_000_000)
    for _ in range(2):
        if os.fork() == 0:
            os.close(end)
            own = bytearray(20_000_000)
            os.write(says, b"x")
            os.read(waits, 1)  # until the program is gone
            os._exit(0)
    while len(os.read(begun, 2)) == 1 and not os.read(begun, 1):
        pass
    os.set_inheritable(end, False)
    DEATH
"""


@pytest.mark.parametrize("death", DEATHS)
def test_of_the_program_while_children_live(here, death):
    code, status = DEATHS[death]
    script("x.py", OF_A_PARENT.replace("DEATH", code))
    ended = profiled("x.py")
    assert ended.status == status
    assert large(ended) == pytest.approx([20_000_000, 20_000_000, 30_000_000], rel=0.01)
    check_cause(ended, status)
    facts = model_of(ended.report)["facts"]
    assert len(facts["processes"]) == 3


def test_of_the_terminal(here):
    script("x.py", ALONE.replace("DEATH", "print('ready', flush=True); signal.pause()"))
    terminal = Terminal(*PROFILED, "x.py")
    terminal.expect(b"ready\r\n")
    terminal.hang_up()
    assert terminal.wait() == -signal.SIGHUP
    (folder,) = [path for path in Path("out").iterdir() if path.name != "latest"]
    assert model_of(folder)["facts"]["ending"]["text"] == "killed by SIGHUP"


# The kernel is faster than we look: one array, filled at once.
FILLS_AT_ONCE = """
    import mmap
    def hold():
        return bytearray(100_000_000)
    held = hold()
    more = mmap.mmap(-1, 900 << 20)
    for at in range(0, len(more), 4096):
        more[at] = 1
"""


def test_by_the_kernels_oom_killer(here):
    script("x.py", FILLS_AT_ONCE)
    with memory_group(400 * MIB) as enter:
        ended = profiled("x.py", preexec_fn=enter)
    assert (ended.status, ended.own_stderr) == (53, b""), ended.stderr.decode()
    (folder,) = [path for path in Path("out").iterdir() if path.name != "latest"]
    assert bytes_at(report_in(folder), "x.py:4 (hold)") == pytest.approx(100_000_000, abs=1000)
    assert b"The kernel killed the program: there was no more of the control group" in ended.stderr
    facts = model_of(folder)["facts"]
    assert facts["ending"]["text"] == "out of memory, exit 53"
    assert facts["limit"]["bytes"] == 400 * MIB


CHILD_FILLS_AT_ONCE = """
    import mmap, os, signal
    def kill():
        os.kill(os.getpid(), signal.SIGKILL)
    def fill():
        more = mmap.mmap(-1, 900 << 20)
        for at in range(0, len(more), 4096):
            more[at] = 1
    def child(what):
        pid = os.fork()
        if pid == 0:
            held = bytearray(100_000_000)
            what()
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(child(kill), child(fill), child(kill))
"""


def test_of_a_child_by_the_kernels_oom_killer(here):
    """It alone is said to have died of that, on stderr and in the report."""
    script("x.py", CHILD_FILLS_AT_ONCE)
    with memory_group(400 * MIB) as enter:
        ended = profiled("x.py", preexec_fn=enter)
    assert (ended.status, ended.stdout) == (0, b"-9 -9 -9\n"), ended.stderr.decode()
    said = [line for line in ended.stderr.splitlines() if b"killed by the kernel" in line]
    assert len(said) == 1
    assert b"x.py) was killed by the kernel: there was no more of the control group" in said[0]
    assert b" (400.0 MiB)." in said[0]
    notes = [one["note"] for one in model_of(ended.report)["facts"]["processes"] if one["note"]]
    assert len(notes) == 1
    assert notes[0].startswith("killed by the kernel")


def test_a_child_that_outlives_the_program_is_shown_as_it_was_at_its_end(here):
    """Head, graph and terminal say one number, whatever the child does afterwards."""
    script(
        "x.py",
        """
        import os, time
        held = bytearray(20_000_000)
        if os.fork() == 0:
            grown = []
            while os.getppid() != 1:
                grown.append(bytearray(100_000))
                time.sleep(0.001)
            end = time.monotonic() + 0.5
            while time.monotonic() < end:
                grown.append(bytearray(1_000_000))
                time.sleep(0.001)
            os._exit(0)
        time.sleep(0.2)
        """,
    )
    ended = profiled("x.py")  # which compares head, graph and terminal (conservation.py)
    assert ended.status == 0
    # It is waited for for 100 ms, in case that it ends too; it would hold 500 MB.
    assert model_of(ended.report)["facts"]["peak"] < 250_000_000
