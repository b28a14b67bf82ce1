"""Runs the programs under the profilers, interleaved, and measures each run from outside and in."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from profilers import Profiler
from programs import Environment, Program

# One BLAS thread for everybody, since filprofiler forces it; a fixed order of sets and dicts.
FIXED_VARIABLES = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
LIMIT_SECONDS = 600


@dataclass(frozen=True)
class Run:
    """One run of a program under a profiler; with a status other than 0 nothing else holds."""

    status: int
    printed: bytes = b""
    cpu_seconds: float = 0.0
    resident_bytes: int = 0
    whole_cpu_seconds: float = 0.0


# (program, profiler) -> one run for each round
Results = dict[tuple[str, str], list[Run]]


def run_rounds(
    environment: Environment, programs: list[Program], profilers: list[Profiler], rounds: int
) -> Results:
    """Each round runs everything once; the order turns, so that no profiler is always first."""
    results: Results = {(p.name, f.name): [] for p in programs for f in profilers}
    try:
        for number in range(rounds):
            for place, program in enumerate(programs):
                turn = (number + place) % len(profilers)
                for profiler in profilers[turn:] + profilers[:turn]:
                    show_progress(
                        f"round {number + 1} of {rounds}: {program.name}, {profiler.name}"
                    )
                    run = run_once(environment, program, profiler)
                    results[program.name, profiler.name].append(run)
    except KeyboardInterrupt:
        # The rounds that are complete are worth showing.
        complete = min(len(runs) for runs in results.values())
        if complete == 0:
            raise
        results = {key: runs[:complete] for key, runs in results.items()}
    show_progress("")
    return results


def run_once(environment: Environment, program: Program, profiler: Profiler) -> Run:
    with tempfile.TemporaryDirectory(prefix="fil-bench-") as name:
        folder = Path(name)
        figures = folder / "figures.json"
        written = folder / "written"
        written.mkdir()
        arguments = program.arguments(environment, figures)
        command = profiler.command(str(environment.python), written, arguments)
        said, complained = folder / "stdout", folder / "stderr"
        with said.open("wb") as stdout, complained.open("wb") as stderr:
            variables = {**os.environ, **FIXED_VARIABLES}
            process = subprocess.Popen(command, stdout=stdout, stderr=stderr, env=variables)
            limit = threading.Timer(LIMIT_SECONDS, process.kill)
            limit.start()
            try:
                # wait4, not Popen.wait: it tells what the command and all it waited for have used.
                _, status, usage = os.wait4(process.pid, 0)
            except KeyboardInterrupt:
                process.kill()
                raise
            finally:
                limit.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        recorded = process.returncode == 0 and profiler.has_recorded(written)
        if not recorded or not figures.exists():
            last_words = complained.read_text(errors="replace")[-1500:]
            print(f"\n{shlex.join(command)}\n{last_words}", file=sys.stderr)
            return Run(status=process.returncode or -1)
        return Run(
            status=0,
            printed=said.read_bytes(),
            whole_cpu_seconds=usage.ru_utime + usage.ru_stime,
            **json.loads(figures.read_text()),
        )


def show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<70}\r", end="", file=sys.stderr, flush=True)
