"""Runs the real command on a program, and reads what it wrote: what every end to end test uses.

FIL_PROFILE names another fil-profile than build/bin's.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from conservation import check_said

ROOT = Path(__file__).resolve().parent.parent.parent
FIL_PROFILE = Path(os.environ.get("FIL_PROFILE", ROOT / "build" / "bin" / "fil-profile"))
PROGRAMS = Path(__file__).resolve().parent / "programs"
PREFIX = b"=fil-profile= "
REPORT_FILES = {
    "peak-memory.prof",
    "peak-memory.svg",
    "peak-memory-reversed.svg",
    "peak-memory.filsnap",
    "index.html",
}
KIB, MIB = 2**10, 2**20
# What fil-profile sets where the user did not, so that allocators inside libraries can be seen.
ALLOCATORS = [
    "ARROW_DEFAULT_MEMORY_POOL",
    "MIMALLOC_ARENA_EAGER_COMMIT",
    "TF_ONEDNN_USE_SYSTEM_ALLOCATOR",
]
# What `fil-profile run` sets to 1 where the user did not.
THREAD_POOLS = (
    "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS BLIS_NUM_THREADS NUMEXPR_NUM_THREADS "
    "BLOSC_NTHREADS POLARS_MAX_THREADS FIL_NUMBA_NUM_THREADS"
).split()


def reports_in(output: Path | str) -> list[Path]:
    """The folders of its reports, the oldest first; `latest` leads to the newest."""
    there = sorted(Path(output).iterdir()) if Path(output).exists() else []
    folders = [path for path in there if path.name != "latest"]
    if folders and (Path(output) / "latest").is_symlink():
        assert (Path(output) / "latest").readlink().name in {path.name for path in folders}
    return folders


def snapshot_content(file: Path) -> bytes:
    """What is packed in a snapshot file (docs/design/snapshot-file.md)."""
    whole = file.read_bytes()
    assert whole.startswith(b"filsnap\n")
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    content = ctypes.create_string_buffer(int.from_bytes(whole[24:32], "little"))
    room, packed = ctypes.c_size_t(len(content)), ctypes.c_size_t(len(whole) - 40)
    assert zstd.ZSTD_decompress(content, room, whole[40:], packed) == len(content)
    return content.raw


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it said. A status below 0 is a death by that signal."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def own_stderr(self) -> bytes:
        """Without the lines of fil-profile."""
        lines = self.stderr.splitlines(keepends=True)
        return b"".join(line for line in lines if not line.startswith(PREFIX))


@dataclass(frozen=True)
class Profiled(Ended):
    output: Path

    @property
    def report(self) -> Path:
        """The folder of the report; there must be exactly one, with exactly its files."""
        folders = reports_in(self.output)
        assert len(folders) == 1, (folders, self.stderr.decode(errors="replace"))
        assert {file.name for file in folders[0].iterdir()} == REPORT_FILES
        return folders[0]

    @property
    def callstacks(self) -> dict[tuple[str, ...], int]:
        """Bytes at the peak, by frames `file:line (function)`, the outermost first."""
        text = (self.report / "peak-memory.prof").read_text()
        callstacks = {}
        for line in text.splitlines():
            frames, _, size = line.rpartition(" ")
            key = tuple(frames.split(";"))
            assert key not in callstacks, f"twice in the profile: {frames}"
            callstacks[key] = int(size)
        return callstacks

    @property
    def peak(self) -> int:
        return sum(self.callstacks.values())


def run_plain(command: list[str], **how) -> Ended:
    """The command as it is. `how` goes to subprocess.run: input, cwd, env, preexec_fn ..."""
    how.setdefault("timeout", 300)
    if "input" not in how:
        how.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(command, capture_output=True, check=False, **how)
    return Ended(done.returncode, done.stdout, done.stderr)


def run_profiled(
    output: Path, program: list[str], python: str | Path = sys.executable, **how
) -> Profiled:
    """`fil-profile run` of [script, args...] or [native program, args...]; reports to `output`."""
    assert FIL_PROFILE.exists(), f"{FIL_PROFILE} is missing: ./dev build makes it"
    options = ["--no-browser", "-o", str(output), "--python", str(python)]
    ended = run_plain([str(FIL_PROFILE), *options, "run", *program], **how)
    check_said(ended.stderr.decode(errors="replace"))
    return Profiled(ended.status, ended.stdout, ended.stderr, output)
