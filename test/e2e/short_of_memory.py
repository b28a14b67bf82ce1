"""Where memory is short: a control group of our own, a machine that is made up; the report then."""

from __future__ import annotations

import contextlib
import os
import textwrap
from pathlib import Path

import pytest
from command import wait_until

FILES = {
    "out-of-memory.prof",
    "out-of-memory.svg",
    "out-of-memory-reversed.svg",
    "out-of-memory.filsnap",
    "index.html",
}
GROUPS_V1 = Path("/sys/fs/cgroup/memory")
GROUPS_V2 = Path("/sys/fs/cgroup")


def report_in(folder: str | Path) -> dict[str, int]:
    """Bytes by callstack, of a program that ran out of memory."""
    folder = Path(folder)
    assert {file.name for file in folder.iterdir()} == FILES
    assert "Current allocations at out-of-memory time" in (folder / "out-of-memory.svg").read_text()
    lines = (folder / "out-of-memory.prof").read_text().splitlines()
    return {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines}


def bytes_at(callstacks: dict[str, int], frame: str) -> int:
    return sum(size for stack, size in callstacks.items() if frame in stack)


@contextlib.contextmanager
def memory_group(limit: int):
    """A control group of our own with a memory limit; how a process enters it."""
    name = f"fil-test-{os.getpid()}"
    is_v1 = (GROUPS_V1 / "memory.limit_in_bytes").exists() or (GROUPS_V1 / "tasks").exists()
    group = (GROUPS_V1 if is_v1 else GROUPS_V2) / name
    try:
        group.mkdir()
        (group / ("memory.limit_in_bytes" if is_v1 else "memory.max")).write_text(str(limit))
    except OSError as error:
        with contextlib.suppress(OSError):
            group.rmdir()
        pytest.skip(f"no control group can be made here: {error}")
    try:
        yield lambda: (group / "cgroup.procs").write_text(str(os.getpid()))
    finally:
        procs = group / "cgroup.procs"
        wait_until(lambda: not procs.read_text(), "all who are in the group end")  # a watcher too
        group.rmdir()


class Machine:
    """A /proc and a /sys that say what the test wants, while the real ones go on."""

    def __init__(self, root: Path):
        self.root = root
        self.write("proc/self/cgroup", "0::/outer/box\n")
        self.write("proc/self/mountinfo", "1 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        self.memory(available=8 * 2**20)

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def memory(
        self, available: int, swapped: int = 0, *, total: int = 2**24, swap: int = 2**24
    ) -> None:
        self.write(
            "proc/meminfo",
            f"MemTotal: {total} kB\nMemAvailable: {available} kB\n"
            f"SwapTotal: {swap} kB\nSwapFree: {swap - swapped} kB\n",
        )

    def holding(self, anonymous: int, swapped: int = 0) -> str:
        """The beginning of a program that, as this machine sees it, holds so many KiB."""
        return textwrap.dedent(f"""
            import os
            os.makedirs(f"{self.root}/proc/{{os.getpid()}}", exist_ok=True)
            with open(f"{self.root}/proc/{{os.getpid()}}/status", "w") as status:
                status.write("Name: x\\nRssAnon: {anonymous} kB\\nVmSwap: {swapped} kB\\n")
        """)

    def group(self, name: str, limit: str, usage: int, cache: int) -> None:
        folder = f"sys/fs/cgroup{name}"
        self.write(f"{folder}/memory.max", f"{limit}\n")
        self.write(f"{folder}/memory.current", f"{usage}\n")
        self.write(f"{folder}/memory.stat", f"active_file {cache}\ninactive_file 0\n")

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "FIL_SYSTEM_ROOT": str(self.root)}
