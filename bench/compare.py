#!/usr/bin/env python3
"""What does profiling cost? One interleaved run against plain Python and against the rivals.

    ./dev bench [--rounds 5] [--programs raytrace,numpy_job] [--profilers libfil,memray]
                [--python python3.12] [--json FILE]

Each round runs every program once under every profiler, in an order that turns, so that a machine
growing slower or warmer harms all alike. A cell shows

    ratio (lowest-highest) +MiB

ratio: median CPU seconds of the program's own work, over plain Python's median. The program asks
its own process for them (time.process_time: user and system, all threads), from the first measured
loop to the last. That is fair to rivals that exec themselves, start a writer thread or draw the
report at exit: threads of the process count, start-up and report do not. What they add is in
--json as whole_cpu_seconds: rusage of the command and all it waited for.
(lowest-highest): the same ratio within single rounds; if they are far apart, distrust the median.
+MiB: highest resident memory of the program (VmHWM) beyond plain Python's, medians.

Every run must print the same results as plain Python, or the cell says "differs"; if one ends with
another status than 0, or recorded nothing, it says "failed". deep_recursion is the worst case, not
a program: it stays out of the mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

import environment
from profilers import OURS, PROFILERS
from programs import PROGRAMS, Environment
from rounds import Results, run_rounds
from table import fault, make_table, print_table


def named(known: list, names: str | None) -> list:
    """The known things that the option names, comma separated; all if it is not given."""
    if names is None:
        return known
    chosen = names.split(",")
    unknown = set(chosen) - {thing.name for thing in known}
    if unknown:
        sys.exit(f"compare.py: unknown: {', '.join(sorted(unknown))}")
    return [thing for thing in known if thing.name in chosen]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--programs", help=", ".join(p.name for p in PROGRAMS))
    parser.add_argument("--profilers", help=", ".join(p.name for p in PROFILERS[1:]))
    parser.add_argument("--python", default=environment.BASE, help="default: this one")
    parser.add_argument("--json", metavar="FILE", help="also write every single run there")
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    programs = named(PROGRAMS, options.programs)
    profilers = PROFILERS[:1] + named(PROFILERS[1:], options.profilers)
    if any(p.name == "libfil" for p in profilers) and not OURS.exists():
        sys.exit("compare.py: build/bin/fil-profile is missing; run ./dev build first")
    prepared = environment.prepare(options.python)
    results = run_rounds(prepared, programs, profilers, options.rounds)

    rounds = len(next(iter(results.values())))
    print(f"{prepared.description}; {os.cpu_count()} cores, {platform.machine()}")
    print(f"{shlex.join(['bench/compare.py', *sys.argv[1:]])}  (rounds: {rounds})")
    print("CPU seconds of the program's own work, ratio of medians (by round) +resident MiB\n")
    print_table(make_table(results, programs, profilers))
    print()
    for profiler in profilers[1:]:
        print(f"{profiler.name}: {profiler.note}")
    if options.json:
        write_json(options.json, prepared, results)
    # A rival may fail; we may not.
    ours = [runs for (_, name), runs in results.items() if name in ("plain", "libfil")]
    return 1 if any(fault(runs) for runs in ours) else 0


def write_json(path: str, prepared: Environment, results: Results) -> None:
    runs = [
        {"program": program, "profiler": profiler, "round": number, **asdict(run)}
        for (program, profiler), runs in results.items()
        for number, run in enumerate(runs, start=1)
    ]
    for run in runs:
        run["printed"] = run["printed"].decode(errors="replace")
    document = {"command": sys.argv, "environment": prepared.description, "runs": runs}
    Path(path).write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    sys.exit(main())
