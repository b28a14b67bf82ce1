#!/usr/bin/env python3
"""What does profiling a native program cost? One interleaved run against plain and heaptrack.

    ./dev bench native [--rounds 3] [--programs cc1plus,jq] [--profilers libfil,heaptrack]
                       [--json FILE]

A cell shows ratio (lowest-highest) memory: the CPU seconds of the command and of all that it waited
for (recording, writing and the report included) over plain's, medians, and the same within single
rounds; and the largest resident set among those processes over plain's. The programs below the
first mean count the CPU of their own work instead (native_work.cpp); of pairs of malloc and free
the nanoseconds are told. "+ms" is what the clock on the wall says, for a program that is over soon.

A run that fails, prints something else than plain or takes too long says so in its cell.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import geometric_mean, median

from native_programs import MEASURED, PAIRS, NativeProgram, prepare, programs
from profilers import OURS
from table import print_table

LIMIT_SECONDS = 150
# heaptrack 1.4.0 takes all memory there is for some programs.
BOUNDED = ["prlimit", f"--as={6 << 30}"]


@dataclass(frozen=True)
class NativeProfiler:
    name: str
    command: Callable[[Path, list[str]], list[str]]
    has_recorded: Callable[[Path], bool]


def heaptrack(*options: str) -> Callable[[Path, list[str]], list[str]]:
    return lambda folder, program: [
        *[*BOUNDED, "heaptrack", *options, "-o", str(folder / "heaptrack")],
        *program,
    ]


PROFILERS = [
    NativeProfiler("plain", lambda folder, program: program, lambda folder: True),
    NativeProfiler(
        "libfil",
        lambda folder, program: [str(OURS), "--no-browser", "-o", str(folder), "run", *program],
        lambda folder: any(p.stat().st_size > 0 for p in folder.rglob("peak-memory.prof")),
    ),
    NativeProfiler("heaptrack", heaptrack(), lambda folder: any(folder.iterdir())),
    NativeProfiler("heaptrack-raw", heaptrack("--raw"), lambda folder: any(folder.iterdir())),
]


@dataclass(frozen=True)
class Run:
    problem: str = ""
    printed: bytes = b""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    resident_bytes: int = 0


Results = dict[tuple[str, str], list[Run]]


def run_once(program: NativeProgram, profiler: NativeProfiler) -> Run:
    with tempfile.TemporaryDirectory(prefix="fil-bench-") as name:
        folder = Path(name)
        written, figures, said = folder / "written", folder / "figures", folder / "stdout"
        written.mkdir()
        words = [word.replace("FIGURES", str(figures)) for word in program.command]
        measured = folder / "measured"
        is_late = threading.Event()
        with said.open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            process = subprocess.Popen(
                [str(MEASURED), str(measured), *profiler.command(written, words)],
                stdout=stdout,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

            def stop() -> None:
                is_late.set()
                os.killpg(process.pid, signal.SIGKILL)

            limit = threading.Timer(LIMIT_SECONDS, stop)
            limit.start()
            process.wait()
            limit.cancel()
        if is_late.is_set():
            return Run(f"over {LIMIT_SECONDS} s")
        if process.returncode != 0:
            return Run(f"status {process.returncode}")
        if not profiler.has_recorded(written):
            return Run("recorded nothing")
        cpu, wall, resident = map(float, measured.read_text().split())
        if program.kind == "inside":
            cpu = float(figures.read_text())
        return Run("", said.read_bytes(), cpu, wall, int(resident) * 1024)


def run_rounds(chosen: list[NativeProgram], rivals: list[NativeProfiler], rounds: int) -> Results:
    """Each round runs everything once; the order turns."""
    results: Results = {(p.name, r.name): [] for p in chosen for r in rivals}
    for number in range(rounds):
        for place, program in enumerate(chosen):
            turn = (number + place) % len(rivals)
            for rival in rivals[turn:] + rivals[:turn]:
                if sys.stderr.isatty():
                    print(
                        f"\r{number + 1}: {program.name}, {rival.name:<30}",
                        end="\r",
                        file=sys.stderr,
                    )
                results[program.name, rival.name].append(run_once(program, rival))
    return results


def problem_of(runs: list[Run], plain: list[Run]) -> str:
    for run in runs:
        if run.problem:
            return run.problem
        # heaptrack prints its own lines around the program's.
        if plain[0].printed not in run.printed:
            return "differs"
    return ""


def cpu(runs: list[Run]) -> float:
    return median(run.cpu_seconds for run in runs)


def cpu_ratio(runs: list[Run], plain: list[Run]) -> float:
    return cpu(runs) / cpu(plain)


def memory_ratio(runs: list[Run], plain: list[Run]) -> float:
    return median(r.resident_bytes for r in runs) / median(r.resident_bytes for r in plain)


def cell(program: NativeProgram, runs: list[Run], plain: list[Run]) -> str:
    problem = problem_of(runs, plain)
    if problem:
        return problem
    if program.name in PAIRS:
        return f"{cpu(runs) / PAIRS[program.name] * 1e9:.1f} ns"
    if program.kind == "short":
        wall = median(run.wall_seconds for run in runs)
        return f"{wall * 1e3:.0f} ms {(wall - median(r.wall_seconds for r in plain)) * 1e3:+.0f} ms"
    if runs is plain:
        resident = median(run.resident_bytes for run in runs) / 2**20
        return f"{cpu(runs):.2f}s {resident:.0f}M"
    by_round = [r.cpu_seconds / p.cpu_seconds for r, p in zip(runs, plain)]
    spread = f"({min(by_round):.2f}-{max(by_round):.2f})"
    return f"{cpu_ratio(runs, plain):.2f} {spread} {memory_ratio(runs, plain):.2f}"


def mean_row(results: Results, chosen: list[NativeProgram], rivals: list[NativeProfiler]) -> list:
    """Of those of the six that the rival ran: of how many is said."""
    row = ["geometric mean", ""]
    for rival in rivals[1:]:
        pairs = [(results[p.name, rival.name], results[p.name, "plain"]) for p in chosen]
        good = [pair for pair in pairs if not problem_of(*pair)]
        if not good:
            row.append("-")
            continue
        times = geometric_mean(cpu_ratio(*pair) for pair in good)
        memory = geometric_mean(memory_ratio(*pair) for pair in good)
        row.append(f"{times:.2f} {memory:.2f} (of {len(good)})")
    return row


def main() -> int:
    known = {program.name: program for program in programs()}
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--programs", default=",".join(known))
    parser.add_argument("--profilers", default=",".join(p.name for p in PROFILERS[1:]))
    parser.add_argument("--json", metavar="FILE", help="also write every single run there")
    options = parser.parse_args()
    unknown = set(options.programs.split(",")) - set(known)
    if unknown:
        sys.exit(f"native.py: not known, or not installed: {', '.join(sorted(unknown))}")
    chosen = [program for name, program in known.items() if name in options.programs.split(",")]
    rivals = [p for p in PROFILERS if p.name in ["plain", *options.profilers.split(",")]]
    prepare()

    results = run_rounds(chosen, rivals, options.rounds)
    rows = [["program", *[rival.name for rival in rivals]]]
    six = [program for program in chosen if program.kind == "six"]
    for program in chosen:
        plain = results[program.name, "plain"]
        rows.append(
            [program.name, *[cell(program, results[program.name, r.name], plain) for r in rivals]]
        )
        if six and program == six[-1]:
            rows.append(mean_row(results, six, rivals))
    print(f"native: CPU and memory over plain; {options.rounds} rounds, {os.cpu_count()} cores\n")
    print_table(rows)
    if options.json:
        runs = [
            {"program": program, "profiler": rival, **{**asdict(run), "printed": None}}
            for (program, rival), runs in results.items()
            for run in runs
        ]
        Path(options.json).write_text(json.dumps(runs, indent=1))
    # A rival may fail; we may not.
    ours = [
        (runs, results[name, "plain"])
        for (name, r), runs in results.items()
        if r in ("plain", "libfil")
    ]
    return 1 if any(problem_of(*pair) for pair in ours) else 0


if __name__ == "__main__":
    sys.exit(main())
