"""What a program leaves that runs without fil-profile, below the folder that FIL_OUTPUT names."""

from __future__ import annotations

import os
import subprocess
from collections import defaultdict
from pathlib import Path

from profiling import FIL_PROFILE

READER = FIL_PROFILE.parent.parent / "test/lib/read_session_folder"


def preload_path() -> str:
    return subprocess.check_output([FIL_PROFILE, "preload-path"], text=True).strip()


def environment(output: str | Path = "out", **more: str) -> dict[str, str]:
    """Of a program that is to be recorded."""
    return {**os.environ, "FIL_OUTPUT": str(output), "LD_PRELOAD": preload_path(), **more}


def sessions(output: str | Path = "out") -> list[Path]:
    return sorted(Path(output).iterdir())


def held_in(folder: Path) -> dict[int, dict[str, int]]:
    """By process: what its callstacks held at the session's peak."""
    held: dict[int, dict[str, int]] = defaultdict(dict)
    for line in subprocess.check_output([READER, folder], text=True).splitlines():
        pid, what, size = line.partition(" ")[0], *line.partition(" ")[2].rpartition(" ")[::2]
        if what not in ("live", "fact", "dropped"):
            held[int(pid)][what] = int(size)
    return held


def large_in(folder: Path) -> list[int]:
    """How much processes held that held more than 10 MB, in their callstacks of more than 1 MB."""
    sums = [sum(n for n in held.values() if n > 10**6) for held in held_in(folder).values()]
    return sorted(total for total in sums if total > 10**7)


def live_in(folder: Path) -> int:
    text = subprocess.check_output([READER, folder], text=True)
    return int(text.partition("0 live ")[2].split()[0])
