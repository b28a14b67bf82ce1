"""SIGUSR2, to the program or to fil-profile: a report of the peak so far; the program goes on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from command import SECONDS, running, script, wait_until
from conservation import model_of
from profiling import MIB, REPORT_FILES

# Holds 40 MiB, lets them go, holds 10; then waits for a line on stdin, and goes on to 60.
HELD_MORE = """
    import os, signal, sys, time
    def much():
        return bytearray(40 << 20)
    block = much()
    del block
    little = bytearray(10 << 20)
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        if line == "more\\n":
            more = bytearray(50 << 20)
            print("more", flush=True)
    sys.exit(7)
"""


def reports() -> list[Path]:
    """The folders of the reports that are whole, oldest first."""
    return sorted(folder for folder in Path("out").glob("[0-9]*") if folder.is_dir())


def callstacks(folder: Path) -> dict[str, int]:
    found = {}
    for line in (folder / "peak-memory.prof").read_text().splitlines():
        frames, _, size = line.rpartition(" ")
        found[frames] = int(size)
    return found


def facts(folder: Path) -> dict:
    return model_of(folder)["facts"]


def wait_for_reports(count: int) -> None:
    wait_until(lambda: len(reports()) >= count, f"{count} reports")


def report_and_end(supervisor: subprocess.Popen) -> None:
    """Once the program has said a word; it ends when its stdin does."""
    supervisor.stdout.readline()
    supervisor.send_signal(signal.SIGUSR2)
    wait_for_reports(1)
    supervisor.stdin.close()
    assert supervisor.wait(SECONDS) == 0


def say(supervisor: subprocess.Popen, line: bytes) -> None:
    supervisor.stdin.write(line)
    supervisor.stdin.flush()


@pytest.mark.parametrize("to", ["fil-profile", "the program"])
def test_a_signal_writes_the_peak_so_far_and_the_program_goes_on(here, to):
    name = script("x.py", HELD_MORE)
    with running(name, stdin=subprocess.PIPE) as supervisor:
        program = int(supervisor.stdout.readline())
        target = supervisor.pid if to == "fil-profile" else program
        os.kill(target, signal.SIGUSR2)
        wait_for_reports(1)
        say(supervisor, b"more\n")
        assert supervisor.stdout.readline() == b"more\n"
        os.kill(target, signal.SIGUSR2)
        wait_for_reports(2)
        os.kill(target, signal.SIGUSR2)
        wait_for_reports(3)
        supervisor.stdin.close()
        errors = supervisor.stderr.read().decode()
        assert supervisor.wait(SECONDS) == 7
    first, second, third, last = reports()
    assert callstacks(first)["x.py:5 (<module>);x.py:4 (much)"] >= 40 * MIB
    assert "x.py:7 (<module>)" not in callstacks(first), "the peak was before that"
    for later in second, third, last:
        assert "x.py:5 (<module>);x.py:4 (much)" not in callstacks(later)
        assert callstacks(later)["x.py:11 (<module>)"] >= 50 * MIB
    assert [facts(r)["ending"]["text"] for r in reports()] == ["still running"] * 3 + ["exit 7"]
    assert facts(first)["notes"] == []
    for folder in reports():
        assert {file.name for file in folder.iterdir()} == REPORT_FILES
        assert f"Wrote HTML report to {folder.resolve()}/index.html" in errors
    assert f"kill -USR2 {supervisor.pid}" in errors
    peaks = re.findall(r"Peak memory( so far)? was ([\d.,]+) MiB", errors)
    assert [when for when, _ in peaks] == [" so far"] * 3 + [""]
    assert [float(size) for _, size in peaks] == pytest.approx(
        [facts(folder)["peak"] / MIB for folder in reports()], abs=0.5
    )


def test_at_the_peak_itself_the_report_is_exact(here):
    name = script(
        "x.py",
        """
        import sys
        blocks = [bytearray(1 << 20) for _ in range(30)]
        print("ready", flush=True)
        sys.stdin.read()
        """,
    )
    with running(name, stdin=subprocess.PIPE) as supervisor:
        report_and_end(supervisor)
    told = facts(reports()[0])
    shown = sum(callstacks(reports()[0]).values())
    assert shown <= told["peak"] <= shown * 1.01
    assert told["exact"]["bound"] == 0
    assert (
        sum(size for stack, size in callstacks(reports()[0]).items() if ":3 " in stack) > 30 * MIB
    )


# Two threads take and give as fast as they can, around a rising level.
BUSY = """
    import sys, threading
    stop = False
    def work(kept):
        while not stop:
            blocks = [bytearray(5000) for _ in range(200)]
            kept.append(bytes(1000))
        return len(kept)
    threads = [threading.Thread(target=work, args=([],)) for _ in range(2)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    stop = True
    for thread in threads:
        thread.join()
    print("done")
"""


def test_reports_of_a_program_that_allocates_all_the_time_are_whole(here):
    with running(script("x.py", BUSY), stdin=subprocess.PIPE) as supervisor:
        supervisor.stdout.readline()
        for number in range(1, 5):
            supervisor.send_signal(signal.SIGUSR2)
            wait_for_reports(number)
        supervisor.stdin.close()
        assert supervisor.stdout.read() == b"done\n"
        assert supervisor.wait(SECONDS) == 0
    for folder in reports()[:4]:
        told = facts(folder)
        if told["notes"]:
            continue  # it says itself that it was taken in motion
        shown = sum(callstacks(folder).values())
        assert abs(told["peak"] - shown) <= told["exact"]["bound"] + shown * 0.01 + 2 * 5000


OWN_HANDLER = """
    import signal, sys, time
    times = []
    signal.signal(signal.SIGUSR2, lambda *_: times.append(1))
    print("ready", flush=True)
    sys.stdin.read()
    print(len(times))
"""


def test_a_program_with_an_action_of_its_own_keeps_it(here):
    with running(script("x.py", OWN_HANDLER), stdin=subprocess.PIPE) as supervisor:
        supervisor.stdout.readline()
        supervisor.send_signal(signal.SIGUSR2)
        wait_for_reports(1)
        supervisor.stdin.close()
        assert supervisor.stdout.read() == b"0\n"
        assert supervisor.wait(SECONDS) == 0
    assert len(reports()) == 2


def test_a_signal_to_the_group_makes_one_report_and_runs_the_programs_action_once(here):
    with running(
        script("x.py", OWN_HANDLER), stdin=subprocess.PIPE, start_new_session=True
    ) as supervisor:
        supervisor.stdout.readline()
        os.killpg(supervisor.pid, signal.SIGUSR2)
        wait_for_reports(1)
        supervisor.stdin.close()
        assert supervisor.stdout.read() == b"1\n"
        assert supervisor.wait(SECONDS) == 0
    assert len(reports()) == 2


@pytest.mark.parametrize(
    "action", ["signal.getsignal(signal.SIGUSR2)", "signal.SIG_DFL", "signal.SIG_IGN"]
)
def test_a_program_that_puts_its_action_back_may_be_asked_again(here, action):
    name = script(
        "x.py",
        f"""
        import os, signal, sys
        old = {action}
        assert signal.getsignal(signal.SIGUSR2) is signal.SIG_DFL
        assert signal.signal(signal.SIGUSR2, lambda *_: print("mine", flush=True)) == 0
        os.kill(os.getpid(), signal.SIGUSR2)
        signal.signal(signal.SIGUSR2, old)
        assert signal.getsignal(signal.SIGUSR2) is old
        block = bytearray(20 << 20)
        os.kill(os.getpid(), signal.SIGUSR2)
        print("lives", flush=True)
        """,
    )
    with running(name) as supervisor:
        assert supervisor.stdout.read() == b"mine\nlives\n"
        assert supervisor.wait(SECONDS) == 0
    assert len(reports()) == (1 if "IGN" in action else 2)
    assert callstacks(reports()[0])["x.py:9 (<module>)"] >= 20 * MIB


def test_a_program_whose_parent_ignores_it_sees_that(here):
    name = script("x.py", "import signal; print(signal.getsignal(signal.SIGUSR2).name)")
    ignore = lambda: signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # noqa: E731
    with running(name, preexec_fn=ignore) as supervisor:
        assert supervisor.stdout.read() == b"SIG_IGN\n"


def test_faulthandler_may_have_it_and_chain(here):
    name = script(
        "x.py",
        """
        import faulthandler, os, signal, sys
        faulthandler.register(signal.SIGUSR2, file=sys.stdout, chain=True)
        block = bytearray(20 << 20)
        os.kill(os.getpid(), signal.SIGUSR2)
        faulthandler.unregister(signal.SIGUSR2)
        print(signal.getsignal(signal.SIGUSR2).name)
        """,
    )
    with running(name) as supervisor:
        shown = supervisor.stdout.read()
        assert b'x.py", line 5 in <module>' in shown and shown.endswith(b"SIG_DFL\n")
        assert supervisor.wait(SECONDS) == 0
    assert len(reports()) == 2


def test_a_child_process_may_be_asked_as_well(here):
    name = script(
        "x.py",
        """
        import subprocess, sys
        block = bytearray(20 << 20)
        code = "import os; print(os.getpid(), flush=True); input(); print('lived', flush=True)"
        subprocess.run([sys.executable, "-c", code])
        """,
    )
    with running(name, stdin=subprocess.PIPE) as supervisor:
        os.kill(int(supervisor.stdout.readline()), signal.SIGUSR2)
        wait_for_reports(1)
        say(supervisor, b"\n")
        assert supervisor.stdout.readline() == b"lived\n"
        assert supervisor.wait(SECONDS) == 0
    assert any("x.py:3" in stack for stack in callstacks(reports()[0]))
    assert [p["note"] for p in facts(reports()[0])["processes"]] == ["", ""]


def test_a_program_may_ask_for_itself(here):
    name = script(
        "x.py",
        """
        import os, signal, time
        block = bytearray(20 << 20)
        os.kill(os.getpid(), signal.SIGUSR2)
        del block
        block = bytearray(1 << 20)
        """,
    )
    with running(name) as supervisor:
        assert supervisor.wait(SECONDS) == 0
    first, _ = reports()
    assert callstacks(first)["x.py:3 (<module>)"] >= 20 * MIB
    assert facts(first)["ending"]["text"] == "still running"


def test_a_native_program_that_waits_is_not_disturbed(here):
    with running("/bin/cat", stdin=subprocess.PIPE) as supervisor:
        say(supervisor, b"one\n")
        assert supervisor.stdout.readline() == b"one\n"
        for number in range(1, 4):
            supervisor.send_signal(signal.SIGUSR2)
            wait_for_reports(number)
        say(supervisor, b"two\n")
        assert supervisor.stdout.readline() == b"two\n"
        supervisor.stdin.close()
        assert supervisor.wait(SECONDS) == 0
