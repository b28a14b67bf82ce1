"""How each profiler is started: the command line, given the program's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = Path(os.environ.get("FIL_PROFILE", ROOT / "build" / "bin" / "fil-profile"))


@dataclass(frozen=True)
class Profiler:
    name: str
    note: str
    # (python, folder for what the profiler writes, the program's arguments) -> command
    command: Callable[[str, Path, list[str]], list[str]]


PROFILERS = [
    Profiler(
        "plain",
        "the interpreter alone",
        lambda python, folder, program: [python, *program],
    ),
    Profiler(
        "libfil",
        "every block and Python object, exact peak; pyarrow through malloc",
        lambda python, folder, program: [
            *[str(OURS), "--no-browser", "-o", str(folder)],
            *["--python", python, "run", *program],
        ],
    ),
    Profiler(
        "filprofiler",
        "every block and Python object, through PYTHONMALLOC=malloc",
        lambda python, folder, program: [
            *[python, "-m", "filprofiler", "--no-browser", "-o", str(folder)],
            *["run", *program],
        ],
    ),
    Profiler(
        "memray",
        "as started by default: not the small Python objects",
        lambda python, folder, program: [
            *[python, "-m", "memray", "run", "-q", "-f", "-o", str(folder / "memray.bin")],
            *program,
        ],
    ),
    Profiler(
        "memray-objects",
        "memray run --trace-python-allocators: every block and Python object",
        lambda python, folder, program: [
            *[python, "-m", "memray", "run", "-q", "-f", "-o", str(folder / "memray.bin")],
            *["--trace-python-allocators", *program],
        ],
    ),
]
