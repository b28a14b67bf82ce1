"""How little memory is too little: less than 100 MiB; and nothing is, if detection is off."""

from __future__ import annotations

import os
import sys

import pytest
from command import profiled, script
from profiling import FIL_PROFILE, MIB, Ended, run_plain
from short_of_memory import Machine
from test_out_of_memory import ALLOCATES_FOR_A_WHILE, report_of

LIMIT = 2**31


@pytest.mark.parametrize("left, ends", [(90, True), (120, False)])
def test_a_container_with_less_than_100_mib_left_is_out_of_memory(
    here,
    machine: Machine,
    left: int,
    ends: bool,
):
    machine.group("/outer", "max", 0, 0)
    machine.group("/outer/box", str(LIMIT), LIMIT - left * MIB, 0)
    whole = machine.holding(LIMIT // 1024)
    script("x.py", whole + ALLOCATES_FOR_A_WHILE.format(seconds=60 if ends else 1))
    ended = profiled("x.py", env=machine.environment)
    if ends:
        report_of(ended)
        assert b"90.0 MiB of the 2,048.0 MiB" in ended.stderr
    else:
        assert (ended.status, ended.stdout) == (0, b"begun\ndone\n")


def test_disabled_detection_lets_a_program_go_on_where_little_is_left(
    here,
    machine: Machine,
):
    machine.memory(available=1000, swap=0)
    whole = machine.holding(2**24)
    script("x.py", whole + ALLOCATES_FOR_A_WHILE.format(seconds=1))
    ended = disabled("x.py", str(machine.root))
    assert (ended.status, ended.stdout) == (0, b"begun\ndone\n")
    script("y.py", whole + ALLOCATES_FOR_A_WHILE.format(seconds=60))
    assert profiled("y.py", env=machine.environment).status == 53


def disabled(program: str, root: str) -> Ended:
    command = [str(FIL_PROFILE), "--disable-oom-detection", "--no-browser", "-o", "disabled"]
    return run_plain(
        [*command, "--python", sys.executable, "run", program],
        env={**os.environ, "FIL_SYSTEM_ROOT": root},
    )
