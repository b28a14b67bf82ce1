"""The programs of the comparison: real benchmark files of pyperformance, and three of our own.

Loops are chosen so that plain Python works for about half a second: long against the clock's
grain, short enough for a tracer that takes nine times as long. One warm-up loop where a loop is
short against the whole, so that the interpreter's specialisation is not part of the ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

WORKLOADS = Path(__file__).parent / "workloads"
DRIVER = WORKLOADS / "fixed_loops.py"


@dataclass(frozen=True)
class Program:
    name: str
    loops: int
    warmup: int
    from_pyperformance: bool = True
    worst_case: bool = False

    def script(self, environment: Environment) -> Path:
        if self.from_pyperformance:
            return environment.benchmark_files / f"bm_{self.name}" / "run_benchmark.py"
        return WORKLOADS / f"{self.name}.py"

    def arguments(self, environment: Environment, figures: Path) -> list[str]:
        """What follows the interpreter: the driver, then the program it runs in fixed loops."""
        return [
            str(DRIVER),
            f"--loops={self.loops}",
            f"--warmup={self.warmup}",
            f"--figures={figures}",
            str(self.script(environment)),
        ]


PROGRAMS = [
    Program("raytrace", loops=2, warmup=1),
    Program("deltablue", loops=150, warmup=1),
    Program("json_loads", loops=1200, warmup=20),
    Program("pprint", loops=1, warmup=0),
    Program("pandas_job", loops=1, warmup=1, from_pyperformance=False),
    Program("numpy_job", loops=2, warmup=1, from_pyperformance=False),
    Program("deep_recursion", loops=1500, warmup=10, from_pyperformance=False, worst_case=True),
]


@dataclass(frozen=True)
class Environment:
    """An interpreter with numpy, pandas, the rivals and pyperformance's files installed."""

    python: Path
    benchmark_files: Path
    description: str
