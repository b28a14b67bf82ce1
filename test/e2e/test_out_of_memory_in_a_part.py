"""Memory runs out in a part that is profiled: the report in its folder is of what is alive then.

Outside of parts, and with --disable-oom-detection, the program has its MemoryError.
"""

from __future__ import annotations

import resource
import sys
import textwrap
import time
from pathlib import Path

import pytest
from command import script
from parts import PATH, in_python, large, python, with_watcher, with_work
from profiling import FIL_PROFILE, MIB, PREFIX, Ended, run_plain
from short_of_memory import Machine, bytes_at, memory_group, report_in


def ended_for_want_of_memory(code: str, **how) -> Ended:
    ended = python(script("x.py", code), **how)
    assert ended.status == 53, (ended.status, ended.stderr.decode())
    assert ended.own_stderr == b""
    lines = ended.stderr.decode().splitlines()
    assert "WARNING: Detected out-of-memory condition, exiting soon: " in lines[0]
    assert lines[1].startswith(f"{PREFIX.decode()}In use when memory ran out: ")
    folder = Path("out").resolve()
    assert lines[-1] == f"{PREFIX.decode()}Wrote HTML report to {folder}/index.html"
    return ended


ASK = """
    import atexit
    atexit.register(print, "not said")
    def ask():
        held = inner()
        gone = bytearray(90 << 20)
        del gone
        return bytearray(2**50)
"""


def test_a_request_that_fails_is_reported_with_what_is_alive_of_the_part(here):
    ended = ended_for_want_of_memory(with_work(ASK + "    profile(ask, 'out')"))
    callstacks = report_in("out")
    assert bytes_at(callstacks, "x.py:15 (ask)") == pytest.approx(2**50, abs=1000)
    assert bytes_at(callstacks, "x.py:3 (inner)") == pytest.approx(20 << 20, abs=1000)
    assert sum(callstacks.values()) - 2**50 < 21 << 20  # neither what is gone nor what was before
    roots = {stack.partition(";")[0].rpartition("/")[2] for stack in callstacks}
    assert roots <= {"x.py:12 (ask)", "x.py:15 (ask)", "[No Python stack]"}
    assert ended.stdout == b""


def test_what_an_earlier_part_left_in_the_folder_is_replaced(here):
    ended_for_want_of_memory(with_work(ASK + "    profile(work, 'out')\n    profile(ask, 'out')"))
    report_in("out")
    assert in_python(with_work("profile(work, 'out')")) == ""
    assert large("out") == {("5 work", "3 inner"): 20}


def test_outside_of_parts_the_program_gets_its_error(here):
    code = """
        def fails():
            try: bytearray(2**50)
            except MemoryError: print("an error")
        fails()
        profile(work, "out")
        fails()
        with profiling("other"): inner()
        fails()
    """
    assert in_python(with_work(code)) == "an error\n" * 3
    assert large("out") == {("5 work", "3 inner"): 20}


def test_without_detection_the_program_gets_its_error_in_a_part_too(here):
    code = """
        try: profile(ask, "out")
        except MemoryError: print("an error")
    """
    program = script("x.py", with_work(ASK) + with_work(code)[len(with_work("")) :])
    command = [str(FIL_PROFILE), "--disable-oom-detection", "--python", sys.executable, "python"]
    ended = run_plain([*command, program], env=PATH)
    assert (ended.status, ended.stdout, ended.stderr) == (0, b"an error\nnot said\n", b"")
    assert sum(large("out").values()) == 110  # of its peak


def test_an_address_space_that_is_full_is_reported(here):
    code = """
        def fill():
            blocks = []
            while True:
                blocks.append(bytearray(10_000_000))
        profile(fill, "out")
    """
    limit = 600 * MIB
    ended_for_want_of_memory(
        with_work(code), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    )
    assert 200_000_000 < bytes_at(report_in("out"), "x.py:12 (fill)") < limit


def test_a_thread_of_a_part_may_be_the_one_that_fails(here):
    code = """
        import threading
        def target():
            kept = bytearray(5 << 20)
            bytearray(2**50)
        def start():
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        profile(start, "out")
    """
    ended_for_want_of_memory(with_work(code))
    assert bytes_at(report_in("out"), "x.py:12 (target)") == pytest.approx(2**50, abs=1000)


def test_a_program_whose_watcher_is_gone_gets_its_error(here):
    code = """
        import os, signal
        def loses_it():
            os.kill(watcher(), signal.SIGKILL)
            try: bytearray(2**50)
            except MemoryError: print("an error", flush=True)
            os._exit(0)
        profile(loses_it, "out")
    """
    started = time.monotonic()
    assert in_python(with_watcher(code)) == "an error\n"
    assert time.monotonic() - started < 30


# ---- memory that is nearly used up ---------------------------------------------------------------

FILLS_SLOWLY = """
    import time
    def fill():
        blocks = []
        while True:
            blocks.append(b"x" * 4_000_000)
            time.sleep(0.02)
    profile(fill, "out")
"""


def test_in_a_control_group_the_part_ends_before_the_kernel_ends_it(here):
    with memory_group(400 * MIB) as enter:
        ended = ended_for_want_of_memory(with_work(FILLS_SLOWLY), preexec_fn=enter)
    assert 100 * MIB < bytes_at(report_in("out"), "x.py:13 (fill)") < 400 * MIB
    assert b"that the control group" in ended.stderr


ALLOCATES_FOR_A_WHILE = """
    import os, time
    def allocate(seconds):
        held = inner()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            block = bytearray(100_000)
            time.sleep(0.005)
"""


def environment(machine: Machine) -> dict[str, str]:
    return {**PATH, "FIL_SYSTEM_ROOT": str(machine.root)}


def with_machine(machine: Machine, code: str, holds: int = 9000) -> str:
    """A program that says itself how much memory is left."""
    first = f"""
    info = os.open("{machine.root}/proc/meminfo", os.O_RDWR)
    enough = os.read(info, 4096)
    low = enough.replace(b"MemAvailable: {8 * 2**20}", b"MemAvailable: 0090000")
    """
    machine.memory(available=8 * 2**20, swap=0)
    begins = with_work(ALLOCATES_FOR_A_WHILE) + machine.holding(holds * 1024)
    return begins + textwrap.dedent(first) + textwrap.dedent(code)


def test_a_machine_that_is_full_ends_a_part_and_nothing_else(here, machine):
    code = """
        os.pwrite(info, low, 0)
        allocate(0.5)
        print("not yet", flush=True)
        os.pwrite(info, enough, 0)
        def fills():
            held = inner()
            os.pwrite(info, low, 0)
            allocate(60)
        profile(fills, "out")
    """
    ended = ended_for_want_of_memory(with_machine(machine, code), env=environment(machine))
    assert ended.stdout == b"not yet\n"
    assert b"of this machine's 16.0 GiB are left" in ended.stderr
    assert bytes_at(report_in("out"), "x.py:3 (inner)") >= 20 << 20


def test_a_part_goes_on_where_others_have_filled_the_machine(here, machine):
    code = """
        def fills():
            held = inner()
            os.pwrite(info, low, 0)
            allocate(0.7)
        profile(fills, "out")
    """
    assert in_python(with_machine(machine, code, holds=100), env=environment(machine)) == ""
    assert sum(large("out").values()) == 40


def test_memory_that_was_low_in_a_part_is_no_matter_to_the_next(here, machine):
    code = """
        def short():
            inner()  # that was the peak: what little comes and goes now is not looked at closely
            os.pwrite(info, low, 0)
            time.sleep(0.3)
        profile(short, "first")
        os.pwrite(info, enough, 0)
        profile(lambda: allocate(0.3), "second")
    """
    assert in_python(with_machine(machine, code), env=environment(machine)) == ""
    assert sum(large("second").values()) == 20


def test_heavy_swapping_is_noticed(here, machine):
    machine.memory(available=2**20, swapped=4 * 2**20)
    code = (
        textwrap.dedent(ALLOCATES_FOR_A_WHILE)
        + machine.holding(0, swapped=3 * 2**20)
        + 'profile(lambda: allocate(60), "out")\n'
    )
    ended = ended_for_want_of_memory(with_work(code), env=environment(machine))
    report_in("out")
    assert b"of the program are swapped out" in ended.stderr
