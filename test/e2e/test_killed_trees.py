"""Any process of a busy tree is killed at any moment, and the report is right: what was in use at
the peak is what the processes had said, to what each was just doing.

programs/busy_tree.c says in a log, in one order for all, what it is about to do and what it has
done. A seed repeats a run's choices, though not the machine's.
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from conservation import check_said, model_of
from profiling import FIL_PROFILE, MIB, PREFIX, PROGRAMS, Profiled, run_plain

STARTS, TAKES, TOOK, FREES, FREED, LEAVES, KILLS, GONE = range(1, 9)
STEPS = 1500


@pytest.fixture(scope="module")
def busy_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("busy") / "busy_tree"
    source = PROGRAMS / "busy_tree.c"
    options = ["-g", "-O1", "-fno-builtin", "-Wno-format-truncation"]
    subprocess.run(["cc", *options, source, "-o", program], check=True)
    return program


def said_in(log: Path) -> list[tuple[int, int, int]]:
    data = log.read_bytes()
    (count,) = struct.unpack_from("q", data)
    return [struct.unpack_from("iiq", data, 16 + 16 * i) for i in range(count)]


class Truth:
    """From the log: the highest sum of what was certainly in use, and of what may have been."""

    def __init__(self, log: Path):
        least, most, self.killed = Counter(), Counter(), 0
        self.least = self.most = 0
        self.program = 0
        in_all, ended = [0, 0], False

        def change(table: Counter, of: int, pid: int, by: int) -> None:
            table[pid] += by
            in_all[of] += by

        for kind, pid, size in said_in(log):
            self.program = self.program or pid
            if kind == TAKES:
                change(most, 1, pid, size)
            if kind == TOOK:
                change(least, 0, pid, size)
            if kind == FREES:
                change(least, 0, pid, -size)
            if kind == FREED:
                change(most, 1, pid, -size)
            if kind in (LEAVES, KILLS, STARTS, GONE):
                change(least, 0, pid, -least[pid])
            if kind in (STARTS, GONE):
                change(most, 1, pid, -most[pid])
            self.killed += kind == KILLS
            if not ended:
                self.least = max(self.least, in_all[0])
            self.most = max(self.most, in_all[1])
            ended = ended or (kind == KILLS and pid == self.program)  # the report may be of then


def killed_tree(busy_tree: Path, seed: int, kills: int, how: str) -> tuple[Profiled, Truth]:
    log = Path(f"log-{seed}")
    words = [str(busy_tree), str(log.resolve())]
    killer = subprocess.Popen([*words, "kill", str(seed), str(kills), how])
    command = [str(FIL_PROFILE), "--no-browser", "-o", f"out-{seed}", "run", *words]
    ended = run_plain([*command, str(seed), str(STEPS)], timeout=60)
    killer.kill()
    killer.wait()
    run = Profiled(ended.status, ended.stdout, ended.stderr, Path(f"out-{seed}"))
    return run, Truth(log)


def check_killed_tree(busy_tree: Path, seed: int, kills: int, how: str) -> int:
    run, truth = killed_tree(busy_tree, seed, kills, how)
    assert run.status in (0, -signal.SIGKILL), (seed, run.stderr)
    assert all(line.startswith(PREFIX) for line in run.stderr.splitlines()), (seed, run.stderr)
    check_said(run.stderr.decode())
    peak = model_of(run.report)["facts"]["peak"]
    slack = truth.most // 100 + MIB // 4
    assert truth.least - slack <= peak <= truth.most + slack, (seed, truth.__dict__, peak)
    return truth.killed


@pytest.mark.parametrize("how", ["any", "young"])
def test_a_tree_of_which_some_are_killed(busy_tree, how, here):
    assert sum(check_killed_tree(busy_tree, seed, 3, how) for seed in range(3)) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("how", ["any", "young"])
def test_a_tree_of_which_three_hundred_are_killed(busy_tree, how, here):
    """From FIL_SEED on, where it is set."""
    seed, killed = int(os.environ.get("FIL_SEED", "1000")), 0
    while killed < 300:
        killed += check_killed_tree(busy_tree, seed, 4, how)
        seed += 1
