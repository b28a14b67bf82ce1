"""How each profiler is started, and how to see afterwards that it did record."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from programs import DRIVER

ROOT = Path(__file__).resolve().parent.parent
OURS = Path(os.environ.get("FIL_PROFILE", ROOT / "build" / "bin" / "fil-profile"))


@dataclass(frozen=True)
class Profiler:
    name: str
    note: str
    # (python, folder for what the profiler writes, the program's arguments) -> command
    command: Callable[[str, Path, list[str]], list[str]]
    # (that folder) -> did it see the program?
    has_recorded: Callable[[Path], bool]


def profile_names_the_driver(folder: Path) -> bool:
    """In the folded stacks that Fil and libfil write."""
    profiles = list(folder.rglob("peak-memory.prof"))
    return len(profiles) == 1 and DRIVER.name in profiles[0].read_text()


def memray_wrote(folder: Path) -> bool:
    return (folder / "memray.bin").stat().st_size > 1000


def memray_command(*options: str) -> Callable[[str, Path, list[str]], list[str]]:
    return lambda python, folder, program: [
        *[python, "-m", "memray", "run", "-q", "-f", "-o", str(folder / "memray.bin")],
        *[*options, *program],
    ]


PLAIN = Profiler(
    "plain",
    "the interpreter alone",
    lambda python, folder, program: [python, *program],
    lambda folder: True,
)
LIBFIL = Profiler(
    "libfil",
    "every block and Python object, exact peak; pyarrow through malloc",
    lambda python, folder, program: [
        *[str(OURS), "--no-browser", "-o", str(folder)],
        *["--python", python, "run", *program],
    ],
    profile_names_the_driver,
)
LIBFIL_NATIVE = Profiler(
    "libfil-native",
    "the same with --native: C and C++ that Python calls stands in the callstacks",
    lambda python, folder, program: [
        *[str(OURS), "--no-browser", "-o", str(folder)],
        *["--python", python, "run", "--native", *program],
    ],
    profile_names_the_driver,
)
FILPROFILER = Profiler(
    "filprofiler",
    "every block and Python object, through PYTHONMALLOC=malloc",
    lambda python, folder, program: [
        *[python, "-m", "filprofiler", "--no-browser", "-o", str(folder)],
        *["run", *program],
    ],
    profile_names_the_driver,
)
MEMRAY = Profiler(
    "memray",
    "as started by default: not the small Python objects",
    memray_command(),
    memray_wrote,
)
MEMRAY_OBJECTS = Profiler(
    "memray-objects",
    "memray run --trace-python-allocators: every block and Python object",
    memray_command("--trace-python-allocators"),
    memray_wrote,
)
PROFILERS = [PLAIN, LIBFIL, LIBFIL_NATIVE, FILPROFILER, MEMRAY, MEMRAY_OBJECTS]
