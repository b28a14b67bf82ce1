"""Whether this package is as it was installed.

PyPI has a package filprofiler, whose files have the same folder and partly the same names as those
of libfil. pip lets each take the other's: whichever is installed later overwrites them, and
uninstalling one takes them away from the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

REMEDY = "pip uninstall filprofiler libfil, then install libfil again"


def mixed_up(package: Path) -> str | None:
    """What is wrong, and what helps. None where nothing is, or in a tree of sources."""
    other = next(package.parent.glob("filprofiler-*.dist-info"), None)
    lost = list(lost_files(package))
    if lost and other is None:
        return f"files of libfil were overwritten or removed ({', '.join(lost)}): {REMEDY}"
    if other is None:
        return None
    name = other.name.rpartition(".")[0].replace("-", " ")
    if lost:
        return f"{name} has overwritten files of libfil ({', '.join(lost)}): {REMEDY}"
    return f"{name} is installed too, and its files have the same names as libfil's: {REMEDY}"


def lost_files(package: Path) -> Iterator[str]:
    """Those that are not of the size that was installed."""
    record = next(package.parent.glob("libfil-*.dist-info/RECORD"), None)
    if record is None:
        return
    # path,sha256=...,size: only a path may hold commas; what has no size is not ours to judge.
    for line in record.read_text(encoding="utf-8").splitlines():
        path, _, size = line.rpartition(",")
        path = path.rpartition(",")[0].strip('"')
        if size.isdigit() and size_of(package.parent / path) != int(size):
            yield Path(path).name


def size_of(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None
