"""The laboratory on what is no trace, no allocator, or no room: a clear line each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import SECONDS, fil_profile, script, wait_until
from profiling import FIL_PROFILE
from traces import recorded


@pytest.mark.usefixtures("here")
def test_an_allocator_that_is_none_or_crashes_is_said_in_a_line(traced: str) -> None:
    recorded(traced, "many", "100")
    script("bad.c", "void abort(void); void* malloc(unsigned long n) { abort(); return 0; }")
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", "bad.so", "bad.c"], check=True)
    said = {
        "nothere.so": "nothere.so: it cannot be loaded: no such library, or one of another kind",
        "libz.so.1": "libz.so.1: it has no malloc",
        "./bad.so": "bad.so: it crashed: Aborted",
    }
    for allocator, why in said.items():
        ended = fil_profile("replay", "--allocator", allocator, "trace.filtrace", timeout=SECONDS)
        assert (ended.status, ended.stderr.decode()) == (1, f"=fil-profile= {why}\n")


@pytest.mark.usefixtures("here")
def test_what_is_no_whole_trace_is_said_in_a_line(traced: str) -> None:
    recorded(traced, "many", "1000")
    whole = Path("trace.filtrace").read_bytes()
    Path("cut.filtrace").write_bytes(whole[:-30])
    place = whole.index(b"tblk", 65) + 80  # in its first events
    damaged = whole[:place] + b"\0\0\0\0" + whole[place + 4 :]
    Path("damaged.filtrace").write_bytes(damaged)
    Path("foreign.filtrace").write_bytes(b"hello" * 100)
    Path("empty.filtrace").touch()
    cut = fil_profile("replay", "cut.filtrace", timeout=SECONDS)
    assert cut.status == 0
    assert b"cut.filtrace ends early" in cut.stderr
    said = {
        "damaged.filtrace": "it is damaged",
        "foreign.filtrace": "it is no trace",
        "empty.filtrace": "it is no trace",
        "nowhere.filtrace": "No such file or directory",
        ".": "Is a directory",
    }
    for name, why in said.items():
        ended = fil_profile("replay", name, timeout=SECONDS)
        assert (ended.status, ended.stderr.decode()) == (
            2,
            f"=fil-profile= cannot read {name}: {why}\n",
        )


@pytest.mark.usefixtures("here")
def test_the_program_goes_on_where_the_trace_cannot(traced: str) -> None:
    nowhere = fil_profile("record", "-o", "/nowhere/x", traced, "all", timeout=SECONDS)
    assert nowhere.status == 2
    assert nowhere.stderr.startswith(b"=fil-profile= cannot write the trace: /nowhere/x")
    full = fil_profile("record", "-o", "/dev/full", traced, "all", timeout=SECONDS)
    assert full.status == 2
    # A disk that is full after a while, as a limit of a file's length has it.
    limited = subprocess.run(
        [
            "sh",
            "-c",
            f"ulimit -f 8; exec {FIL_PROFILE} record {sys.executable} -c 'print(sum(range(9)))'",
        ],
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert limited.stdout == b"36\n"
    assert limited.returncode == 0
    assert b"The trace ends early: " in limited.stderr


@pytest.mark.usefixtures("here")
def test_where_fil_profile_is_killed_the_trace_is_read_as_far_as_it_goes() -> None:
    script(
        "waits.py",
        "import time\nkept = [bytes(1000) for _ in range(50_000)]\n"
        "print('ready', flush=True)\ntime.sleep(60)\n",
    )
    command = [str(FIL_PROFILE), "record", sys.executable, "waits.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        supervisor.stdout.readline()
        size = Path("trace.filtrace")
        wait_until(lambda: size.stat().st_size > 40_000, "the trace is written")
        os.kill(supervisor.pid, signal.SIGKILL)
    ended = fil_profile("replay", "trace.filtrace", timeout=SECONDS)
    assert ended.status == 0
    assert b"trace.filtrace ends early" in ended.stderr
