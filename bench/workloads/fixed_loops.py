"""Run one benchmark file, unchanged, in this process, a fixed number of times.

The files of the pyperformance package ask pyperf to calibrate and repeat them in worker processes.
A profiler needs the opposite: one process, known work, the same result each time. So this script
stands in for the module pyperf, runs the file as __main__, and

- prints one line per benchmark: its name and a digest of what it returned (deterministic, so that
  two runs can be compared byte for byte);
- with --figures FILE, writes there what the work cost: CPU seconds of this process between the
  first measured loop and the last (time.process_time: all threads, no start-up, no report at
  exit), and the highest resident memory (VmHWM: of this program image alone, unlike ru_maxrss,
  which survives an exec and so would show a profiler's launcher).

    python fixed_loops.py [--loops N] [--warmup N] [--figures FILE] PROGRAM.py [args of PROGRAM]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import time
import types
from pathlib import Path


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--warmup", type=int, default=0)
    parser.add_argument("--figures")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def digest(value: object) -> str:
    """A short name for a result; an address in a repr (<X object at 0x7f..>) does not count."""
    text = re.sub(r" at 0x[0-9a-f]+", "", repr(value))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def highest_resident_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"^VmHWM:\s*(\d+) kB", status, re.M)[1]) * 1024


class FixedRunner:
    """What the benchmark files use of pyperf.Runner."""

    loops = 1
    warmup = 0
    cpu_seconds = 0.0

    def __init__(self, **_: object) -> None:
        self.argparser = argparse.ArgumentParser()
        self.metadata: dict[str, object] = {}
        self.args: argparse.Namespace | None = None

    def parse_args(self) -> argparse.Namespace:
        self.args = self.argparser.parse_args()
        return self.args

    def bench_func(self, name, function, *args, **_) -> None:
        def repeat(loops):
            result = None
            for _ in range(loops):
                result = function(*args)
            return result

        self.measure(name, repeat, returns_seconds=False)

    def bench_time_func(self, name, function, *args, **_) -> None:
        self.measure(name, lambda loops: function(loops, *args), returns_seconds=True)

    def bench_async_func(self, name, function, *args, **_) -> None:
        import asyncio

        self.bench_func(name, lambda: asyncio.run(function(*args)))

    def measure(self, name, repeat, returns_seconds) -> None:
        if self.warmup:
            repeat(self.warmup)
        start = time.process_time()
        result = repeat(self.loops)
        FixedRunner.cpu_seconds += time.process_time() - start
        # A function that timed itself returns seconds; its work shows in the program's own data.
        print(name, digest(plain_data()) if returns_seconds else digest(result))


def plain_data() -> dict[str, object]:
    """The program's module-level data, which its benchmark functions change."""
    kinds = (int, float, str, bytes, list, tuple, dict)
    names = vars(sys.modules["__main__"])
    return {n: v for n, v in names.items() if not n.startswith("__") and type(v) in kinds}


def run_program(path: str, arguments: list[str]) -> None:
    stand_in = types.ModuleType("pyperf")
    stand_in.Runner = FixedRunner
    stand_in.perf_counter = time.perf_counter
    sys.modules["pyperf"] = stand_in
    # A fresh __main__ whose name is right, so that the program's own classes pickle.
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = path
    sys.argv = [path, *arguments]
    sys.path[0] = str(Path(path).resolve().parent)
    exec(compile(Path(path).read_bytes(), path, "exec"), vars(main))


def main() -> None:
    options = parse_arguments()
    FixedRunner.loops = options.loops
    FixedRunner.warmup = options.warmup
    run_program(options.program, options.arguments)
    sys.stdout.flush()
    if options.figures:
        figures = {
            "cpu_seconds": FixedRunner.cpu_seconds,
            "resident_bytes": highest_resident_bytes(),
        }
        Path(options.figures).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
