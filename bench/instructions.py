#!/usr/bin/env python3
"""How many more instructions does a program take under libfil? The noise-free answer.

    python3 bench/instructions.py [--programs numpy_job,raytrace] [--python python3.12]

Timing a numpy job says "within the noise" at best: page faults and caches vary by more than we
cost. valgrind counts instead. Each program runs under valgrind's callgrind twice, with one loop
and with two; the difference is one loop of the program's own work, without start-up, imports,
first-time effects and report. Valgrind follows fil-profile into the program
(--trace-children=yes), where our library is preloaded as ever: callgrind replaces no allocator.

The addresses are not randomised and hashing is fixed, so a count repeats to a few in a million.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import environment
from profilers import OURS, PROFILERS, Profiler
from programs import PROGRAMS, Environment, Program
from rounds import FIXED_VARIABLES

FEW, MANY = 1, 2


def instructions_of_a_loop(environment: Environment, program: Program, profiler: Profiler) -> float:
    few, many = (
        instructions(environment, replace(program, loops=loops, warmup=0), profiler)
        for loops in (FEW, MANY)
    )
    return (many - few) / (MANY - FEW)


def instructions(environment: Environment, program: Program, profiler: Profiler) -> int:
    with tempfile.TemporaryDirectory(prefix="fil-bench-") as name:
        folder = Path(name)
        counts = folder / "counts"
        (folder / "written").mkdir()
        counts.mkdir()
        figures = folder / "figures.json"
        valgrind = ["valgrind", "--quiet", "--tool=callgrind", "--trace-children=yes"]
        result = subprocess.run(
            [
                *["setarch", "--addr-no-randomize"],
                *[*valgrind, f"--callgrind-out-file={counts}/%p"],
                *profiler.command(
                    str(environment.python),
                    folder / "written",
                    program.arguments(environment, figures),
                ),
            ],
            env={**os.environ, **FIXED_VARIABLES},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if result.returncode != 0 or not figures.exists():
            sys.exit(f"{program.name} under {profiler.name} failed:\n{result.stderr[-3000:]}")
        return sum(count(file.read_text()) for file in counts.iterdir())


def count(text: str) -> int:
    """The instructions in one process's file; 0 if it is not the Python that ran the program."""
    command = re.search(r"^cmd: *(.*)$", text, re.M)
    total = re.search(r"^(?:summary|totals): (\d+)", text, re.M)
    is_program = command and total and re.match(r"\S*python\S* .*fixed_loops\.py ", command[1])
    return int(total[1]) if is_program else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", default="numpy_job", help=", ".join(p.name for p in PROGRAMS))
    parser.add_argument("--profilers", default="libfil")
    parser.add_argument("--python", default=environment.BASE)
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("instructions.py: valgrind is missing; Debian has it as the package valgrind")
    if not OURS.exists() and "libfil" in options.profilers:
        sys.exit("instructions.py: build/bin/fil-profile is missing; run ./dev build first")
    prepared = environment.prepare(options.python)
    print(prepared.description)
    print("instructions of one loop of the program's own work, and the ratio to plain Python\n")
    plain, *rivals = [p for p in PROFILERS if p.name in ("plain", *options.profilers.split(","))]
    for program in PROGRAMS:
        if program.name not in options.programs.split(","):
            continue
        base = instructions_of_a_loop(prepared, program, plain)
        print(f"{program.name:16} plain {base:,.0f}", end="", flush=True)
        for rival in rivals:
            ratio = instructions_of_a_loop(prepared, program, rival) / base
            print(f"   {rival.name} {ratio:.4f}x", end="", flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
