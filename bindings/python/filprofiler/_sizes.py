"""Sizes as every report tells them: "648.5 MiB", "18.3 KiB" (fil/report/mib_text.hpp)."""

from __future__ import annotations

KIB, MIB = 2**10, 2**20


def size_text(size: int) -> str:
    if size < KIB:
        return f"{size:,} B"
    if size < MIB / 20:
        return f"{tenths(size, KIB) / 10:,.1f} KiB"
    unit, most = MIB, 100_000
    for name in ("MiB", "GiB", "TiB", "PiB"):
        if tenths(size, unit) < most:
            return f"{tenths(size, unit) / 10:,.1f} {name}"
        unit, most = unit * 1024, 10_240
    return f"{tenths(size, unit) / 10:,.1f} EiB"


def tenths(size: int, unit: int) -> int:
    """Halves are rounded up."""
    return (20 * size + unit) // (2 * unit)
