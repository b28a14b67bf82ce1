"""Memory runs out: the report is of what is alive then, and the program ends with status 53."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest
from command import profiled, script
from profiling import FIL_PROFILE, MIB, PREFIX, Ended, reports_in, run_plain
from short_of_memory import FILES, Machine, bytes_at, memory_group, report_in


def report_of(ended: Ended) -> dict[str, int]:
    """Bytes by callstack, of a program that ran out of memory."""
    assert ended.status == 53, ended.stderr.decode()
    assert ended.own_stderr == b""
    (folder,) = reports_in("out")
    assert f"Wrote HTML report to {folder.resolve()}/index.html" in ended.stderr.decode()
    return report_in(folder)


# ---- a request that fails ------------------------------------------------------------------------

ASKS_FOR_TOO_MUCH = """
    def hold():
        return bytearray(50_000_000)
    def ask():
        return bytearray(2**50)
    print("begun")
    gone = bytearray(90_000_000)
    del gone
    held = hold()
    try:
        ask()
    except MemoryError:
        print("an error")
    print("survived", flush=True)
"""


def test_a_request_that_fails_is_reported_with_what_is_alive(here):
    script("x.py", ASKS_FOR_TOO_MUCH)
    ended = profiled("x.py")
    callstacks = report_of(ended)
    assert bytes_at(callstacks, "x.py:5 (ask)") == pytest.approx(2**50, abs=1000)
    assert bytes_at(callstacks, "x.py:3 (hold)") == pytest.approx(50_000_000, abs=1000)
    assert bytes_at(callstacks, "x.py:7 ") == 0  # the peak was higher, but this is now
    assert b"exiting soon: a request for 1.0 PiB failed" in ended.stderr


def test_without_detection_the_program_gets_its_error(here):
    script("x.py", ASKS_FOR_TOO_MUCH)
    command = [str(FIL_PROFILE), "--disable-oom-detection", "--no-browser", "-o", "out"]
    ended = run_plain([*command, "--python", sys.executable, "run", "x.py"])
    assert (ended.status, ended.stdout) == (0, b"begun\nan error\nsurvived\n")
    (folder,) = reports_in("out")
    assert "index.html" in {file.name for file in folder.iterdir()}


def test_a_list_that_cannot_grow_is_reported_with_itself(here):
    script(
        "x.py",
        """
        import resource
        numbers = list(range(10_000_000))  # 80 MB of pointers
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        def grow():
            while True:
                numbers.extend(numbers)
        grow()
        """,
    )
    callstacks = report_of(profiled("x.py"))
    assert bytes_at(callstacks, "x.py:7 (grow)") > 2 * 80_000_000


def test_an_address_space_that_is_full_is_reported(here):
    script(
        "x.py",
        """
        blocks = []
        def fill():
            while True:
                blocks.append(bytearray(10_000_000))
        fill()
        """,
    )
    limit = 600 * MIB
    ended = profiled(
        "x.py", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    )
    callstacks = report_of(ended)
    assert 300_000_000 < bytes_at(callstacks, "x.py:5 (fill)") < limit


def test_a_mapping_of_the_programs_own_may_fail(here):
    script(
        "x.py",
        """
        import ctypes, mmap
        c = ctypes.CDLL(None, use_errno=True)
        c.mmap.restype = c.mremap.restype = c.shmat.restype = ctypes.c_void_p
        size, pointer = ctypes.c_size_t, ctypes.c_void_p
        failed = pointer(-1).value
        private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        both = mmap.PROT_READ | mmap.PROT_WRITE
        no_reserve, huge, no_replace, low = 0x4000, 0x40000, 0x100000, 0x40
        place = c.mmap(None, size(4096), both, private, -1, 0)
        for flags in (0, low, no_reserve, huge, no_replace):
            assert c.mmap(pointer(place), size(2**50), both, private | flags, -1, 0) == failed
            assert ctypes.get_errno() == 12
        assert c.mmap(None, size(3 << 30), both, private | low, -1, 0) == failed  # LuaJIT's probe
        assert c.mmap(None, size(2**50), 0, private, -1, 0) == failed
        for flags in (0, 1):
            assert c.mremap(pointer(place), size(4096), size(2**50), flags) == failed
        reserved = c.mmap(None, size(2**40), 0, private, -1, 0)  # a terabyte, untouched
        for bytes in (2**50, 2**62):
            try:
                mmap.mmap(-1, bytes)
            except (OSError, MemoryError) as error:
                print(type(error).__name__)
        print("unharmed")
        """,
    )
    ended = profiled("x.py")
    assert (ended.status, ended.own_stderr) == (0, b"")
    assert ended.stdout == b"OSError\nOSError\nunharmed\n"
    assert ended.report


def test_a_request_that_no_machine_could_serve_is_no_want_of_memory(here):
    script(
        "x.py",
        """
        import ctypes
        c = ctypes.CDLL(None)
        c.malloc.restype = c.realloc.restype = c.calloc.restype = ctypes.c_void_p
        c.reallocarray.restype = c.aligned_alloc.restype = ctypes.c_void_p
        size, pointer = ctypes.c_size_t, ctypes.c_void_p
        block = pointer(c.malloc(size(100)))
        aligned = ctypes.byref(pointer())
        assert c.posix_memalign(aligned, size(3), size(100)) != 0
        for much in (2**56, 2**57, 2**60, 2**63 - 1, 2**63, 2**64 - 4096):
            assert c.malloc(size(much)) is None
            assert c.calloc(size(much // 8), size(8)) is None
            assert c.realloc(block, size(much)) is None
            assert c.reallocarray(block, size(much // 8), size(8)) is None
            assert c.aligned_alloc(size(64), size(much)) is None
            assert c.posix_memalign(aligned, size(64), size(much)) != 0
        assert c.posix_memalign(aligned, size(2**60), size(64)) != 0
        assert c.calloc(size(2**40), size(2**40)) is None
        assert c.realloc(block, size(0)) is None
        for ask in (bytearray, bytes, lambda size: [None] * (size // 8), lambda size: "x" * size):
            for much in (2**56, 2**60, 2**63 - 64):
                try:
                    ask(much)
                except MemoryError:
                    continue
                raise AssertionError(ask, much)
        print("unharmed")
        """,
    )
    ended = profiled("x.py")
    assert (ended.status, ended.stdout, ended.own_stderr) == (0, b"unharmed\n", b"")
    assert ended.report


@pytest.mark.parametrize(
    "request_of_memory",
    [
        "c.posix_memalign(ctypes.byref(ctypes.c_void_p()), size(64), size(2**50))",
        "c.realloc(None, size(2**50))",
        "c.aligned_alloc(size(2**50), size(64))",
        "c.calloc(size(2**25), size(2**25))",
        "c.aligned_alloc(size(64), size(2**50))",
    ],
)
def test_requests_of_every_kind_are_reported(here, request_of_memory):
    script(
        "x.py",
        f"""
        import ctypes
        c, size = ctypes.CDLL(None), ctypes.c_size_t
        c.printf(b"in a buffer of the C library's")
        {request_of_memory}
        """,
    )
    ended = profiled("x.py")
    assert bytes_at(report_of(ended), "x.py:5 (<module>)") == pytest.approx(2**50, abs=2**20)
    assert ended.stdout == b"in a buffer of the C library's"


def test_a_child_that_runs_out_of_memory_ends_alone(here):
    script(
        "x.py",
        """
        import os
        child = os.fork()
        if child == 0:
            bytearray(2**50)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """,
    )
    ended = profiled("x.py")
    assert (ended.status, ended.stdout) == (0, b"53\n")
    found = [{file.name for file in folder.iterdir()} for folder in reports_in("out")]
    assert sorted(len(files) for files in found) == [5, 5]
    assert FILES in found


# ---- memory that is nearly used up ---------------------------------------------------------------

FILLS_SLOWLY = """
    import time
    blocks = []
    def fill():
        while True:
            blocks.append(b"x" * 4_000_000)
            time.sleep(0.02)
    fill()
"""


def test_in_a_control_group_the_program_ends_before_the_kernel_ends_it(here):
    script("x.py", FILLS_SLOWLY)
    with memory_group(400 * MIB) as enter:
        ended = profiled("x.py", preexec_fn=enter)
    callstacks = report_of(ended)
    assert 100 * MIB < bytes_at(callstacks, "x.py:6 (fill)") < 400 * MIB
    assert b"that the control group" in ended.stderr


MANY_CALLSTACKS = """
import time
kept = []
def branch(depth):
    if depth == 0:
        kept.append(bytearray(64))
    else:
        branch(depth - 1)
        branch(depth - 1)
branch(18)
while True:
    kept.append(b"x" * 4_000_000)
    time.sleep(0.02)
"""


def test_the_report_of_many_callstacks_needs_more_memory_than_what_is_left(here):
    script("x.py", MANY_CALLSTACKS)
    with memory_group(220 * MIB) as enter:  # a quarter of it would not do
        ended = profiled("x.py", preexec_fn=enter)
    assert bytes_at(report_of(ended), "(branch)") > 0


HOG = "held = b'x' * {bytes}; print('held', flush=True); import sys; sys.stdin.read()"


def test_in_a_control_group_that_a_neighbour_has_filled_the_program_goes_on(here):
    script("x.py", ALLOCATES_FOR_A_WHILE.format(seconds=1))
    with memory_group(400 * MIB) as enter:
        neighbour = subprocess.Popen(
            [sys.executable, "-c", HOG.format(bytes=300 * MIB)],
            preexec_fn=enter,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert neighbour.stdout.readline() == b"held\n"
            ended = profiled("x.py", preexec_fn=enter)
        finally:
            neighbour.communicate()
    assert (ended.status, ended.stdout) == (0, b"begun\ndone\n")


ALLOCATES_FOR_A_WHILE = """
import os, time
held = bytearray(30_000_000)
print("begun", flush=True)
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    block = bytearray(100_000)
    time.sleep(0.005)
print("done", flush=True)
"""


def on(machine: Machine, code: str) -> Ended:
    script("x.py", code)
    return profiled("x.py", env=machine.environment)


def for_a_while(machine: Machine, holds: int) -> Ended:
    """Of a program that holds so many MiB, and goes on for a minute unless it is ended."""
    return on(machine, machine.holding(holds * 1024) + ALLOCATES_FOR_A_WHILE.format(seconds=60))


def test_on_a_machine_with_enough_memory_nothing_happens(here, machine):
    machine.group("/outer/box", str(2**30), 1000 * MIB, 800 * MIB)  # the cache can be dropped
    machine.group("/outer", "max", 2**40, 0)
    ended = on(machine, machine.holding(2**24) + ALLOCATES_FOR_A_WHILE.format(seconds=0.5))
    assert (ended.status, ended.stdout) == (0, b"begun\ndone\n")


def test_a_group_around_ours_that_is_full_is_noticed(here, machine):
    machine.group("/outer/box", "max", 1000 * MIB, 0)
    machine.group("/outer", str(2**30), 1000 * MIB, 0)
    ended = for_a_while(machine, holds=600)
    report_of(ended)
    assert (
        b"that the control group /outer may use are left, and the program holds 600.0 MiB of the "
        b"1,000.0 MiB that are used" in ended.stderr
    )


def test_a_machine_that_is_full_is_noticed(here, machine):
    machine.memory(available=90_000, swap=0)
    ended = for_a_while(machine, holds=9000)
    report_of(ended)
    assert (
        b"only 87.9 MiB of this machine's 16.0 GiB are left, and the program holds 9,000.0 MiB"
        in ended.stderr
    )


def test_what_the_program_really_holds_counts(here, machine):
    machine.memory(available=90_000, total=400_000, swap=0)  # 303 MiB are used
    ended = on(machine, "kept = b'x' * 200_000_000" + ALLOCATES_FOR_A_WHILE.format(seconds=60))
    assert bytes_at(report_of(ended), "x.py:1 ") == pytest.approx(200_000_000, abs=1000)
    ended = on(machine, "kept = b'x' * 100_000_000" + ALLOCATES_FOR_A_WHILE.format(seconds=1))
    assert (ended.status, ended.stdout) == (0, b"begun\ndone\n")


def test_what_forked_workers_share_is_held_once(here, machine):
    machine.memory(available=90_000, total=700_000, swap=0)  # 596 MiB are used
    workers = """
kept = b'x' * 100_000_000
import os, time
if not all(os.fork() for _ in range(5)):
    time.sleep(1.5)
    os._exit(0)
"""
    ended = on(machine, workers + ALLOCATES_FOR_A_WHILE.format(seconds=1))
    assert (ended.status, ended.stdout) == (0, b"begun\ndone\n")


@pytest.mark.parametrize(
    "memory",
    [
        {"available": 50_000, "swap": 0},
        {"available": 300_000},  # and 16 GiB of swap
        {"available": 50_000, "swapped": 2**24 - 1000},
        {"available": 10 * 2**20, "total": 512 * 2**20, "swap": 0},
    ],
)
def test_a_small_program_on_a_machine_that_others_have_filled_goes_on(here, machine, memory):
    machine.memory(**memory)
    ended = on(machine, ALLOCATES_FOR_A_WHILE.format(seconds=0.7))
    assert (ended.status, ended.stdout) == (0, b"begun\ndone\n")


def test_heavy_swapping_is_noticed(here, machine):
    machine.memory(available=2**20, swapped=4 * 2**20)
    swaps = machine.holding(0, swapped=3 * 2**20)
    ended = on(machine, swaps + ALLOCATES_FOR_A_WHILE.format(seconds=60))
    report_of(ended)
    assert b"3,072.0 MiB of the program are swapped out" in ended.stderr


def test_lines_of_ours_say_so(here):
    script("x.py", "bytearray(2**50)")
    lines = profiled("x.py").stderr.splitlines()
    assert all(line.startswith(PREFIX) for line in lines)
