"""Draws the results of the comparison: one row a program, one column a profiler."""

from __future__ import annotations

from statistics import geometric_mean, median

from profilers import Profiler
from programs import Program
from rounds import Results, Run

MEBIBYTE = 2**20


def make_table(
    results: Results, programs: list[Program], profilers: list[Profiler]
) -> list[list[str]]:
    rivals = [profiler for profiler in profilers if profiler.name != "plain"]
    rows = [["program", "plain", *[rival.name for rival in rivals]]]
    for program in programs:
        plain = results[program.name, "plain"]
        cells = [cell(results[program.name, rival.name], plain) for rival in rivals]
        rows.append([program.name, plain_cell(plain), *cells])
    counted = [program for program in programs if not program.worst_case]
    if counted:
        means = [mean_cell(results, counted, rival) for rival in rivals]
        rows.append([f"geometric mean of {len(counted)}", "", *means])
    return rows


def cell(runs: list[Run], plain: list[Run]) -> str:
    problem = fault(plain) or fault(runs) or difference(runs, plain)
    if problem:
        return problem
    by_round = [r.cpu_seconds / p.cpu_seconds for r, p in zip(runs, plain)]
    spread = f"({min(by_round):.2f}-{max(by_round):.2f})"
    added = (median_resident(runs) - median_resident(plain)) / MEBIBYTE
    return f"{ratio(runs, plain):.2f} {spread} {added:+.0f}M"


def plain_cell(runs: list[Run]) -> str:
    return fault(runs) or f"{median_cpu(runs):.2f}s {median_resident(runs) / MEBIBYTE:.0f}M"


def mean_cell(results: Results, programs: list[Program], rival: Profiler) -> str:
    """The mean over all of them, or none: a mean without the failures would flatter."""
    ratios = []
    for program in programs:
        runs, plain = results[program.name, rival.name], results[program.name, "plain"]
        if fault(plain) or fault(runs) or difference(runs, plain):
            return "-"
        ratios.append(ratio(runs, plain))
    return f"{geometric_mean(ratios):.2f}" if ratios else "-"


def fault(runs: list[Run]) -> str | None:
    return "failed" if any(run.status != 0 for run in runs) else None


def difference(runs: list[Run], plain: list[Run]) -> str | None:
    """A profiler under which the program computes something else has not run that program."""
    return "differs" if any(run.printed != plain[0].printed for run in runs) else None


def ratio(runs: list[Run], plain: list[Run]) -> float:
    return median_cpu(runs) / median_cpu(plain)


def median_cpu(runs: list[Run]) -> float:
    return median(run.cpu_seconds for run in runs)


def median_resident(runs: list[Run]) -> float:
    return median(run.resident_bytes for run in runs)


def print_table(rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths)]
        print("  ".join(cells).rstrip())
