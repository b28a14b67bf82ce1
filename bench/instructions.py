#!/usr/bin/env python3
"""How many more instructions does a program take under libfil? The noise-free answer.

    python3 bench/instructions.py [--programs numpy_job,raytrace] [--python python3.12]

Timing a numpy job says "within the noise" at best: page faults and caches vary by more than we
cost. valgrind counts instead (callgrind, which replaces no allocator). Each program runs twice,
with one loop and with two; the difference is one loop of the program's own work, without start-up,
imports, first-time effects and report. Addresses are not randomised and hashing is fixed, so a
count repeats to a few in a million.

valgrind and the preload library go together, with one detour: fil-profile is given, as its python,
a script that starts valgrind. That writes LD_PRELOAD anew for the program inside; so the library is
handed to the loader there (ld.so --preload). That it did record is checked.
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
from profilers import LIBFIL, OURS, PLAIN, Profiler
from programs import PROGRAMS, Environment, Program
from rounds import FIXED_VARIABLES

LOADER = "/lib64/ld-linux-x86-64.so.2"
# LD_PRELOAD is what fil-profile set; in the plain run it is empty, and names no library.
UNDER_VALGRIND = f"""#!/bin/sh
exec setarch --addr-no-randomize valgrind --quiet --tool=callgrind --callgrind-out-file=COUNTS \\
    {LOADER} --preload "$LD_PRELOAD" PYTHON "$@"
"""


def instructions_of_a_loop(environment: Environment, program: Program, profiler: Profiler) -> int:
    one, two = (
        instructions(environment, replace(program, loops=loops, warmup=0), profiler)
        for loops in (1, 2)
    )
    return two - one


def instructions(environment: Environment, program: Program, profiler: Profiler) -> int:
    with tempfile.TemporaryDirectory(prefix="fil-bench-") as name:
        folder = Path(name)
        written, counts, python = folder / "written", folder / "counts", folder / "python"
        written.mkdir()
        script = UNDER_VALGRIND.replace("COUNTS", str(counts))
        python.write_text(script.replace("PYTHON", str(environment.python)))
        python.chmod(0o755)
        arguments = program.arguments(environment, folder / "figures.json")
        result = subprocess.run(
            profiler.command(str(python), written, arguments),
            env={**os.environ, **FIXED_VARIABLES},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if result.returncode != 0 or not profiler.has_recorded(written):
            sys.exit(f"{program.name} under {profiler.name} failed:\n{result.stderr[-3000:]}")
        return int(re.search(r"^(?:summary|totals): (\d+)", counts.read_text(), re.M)[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", default="numpy_job", help=", ".join(p.name for p in PROGRAMS))
    parser.add_argument("--python", default=environment.BASE)
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        sys.exit("instructions.py: valgrind is missing; Debian has it as the package valgrind")
    if not OURS.exists():
        sys.exit(f"instructions.py: {OURS} is missing; run ./dev build first")
    prepared = environment.prepare(options.python)
    print(prepared.description)
    print("instructions of one loop of the program's own work, and the ratio\n")
    for program in PROGRAMS:
        if program.name in options.programs.split(","):
            plain = instructions_of_a_loop(prepared, program, PLAIN)
            ours = instructions_of_a_loop(prepared, program, LIBFIL)
            print(f"{program.name:16} plain {plain:,}   libfil {ours:,}   {ours / plain:.4f}x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
