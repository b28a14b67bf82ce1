"""Counts every test that `./dev test` ran, and ends with the line "N passed, N failed".

    python3 test/summary.py RESULTS MESON_STATUS PYTEST_STATUS [PATTERN]

RESULTS holds the cases of each GoogleTest program and of pytest (JUnit's XML) and meson's list of
the programs it ran. A program without a list of cases is one test: it is plain C, or it died before
it could write one. A runner that failed although none of its tests did counts as a failed test.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

PYTEST_RAN_NO_TEST = 5


def outcome(case: ElementTree.Element) -> str:
    kinds = {child.tag for child in case}
    if kinds & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in kinds else "passed"


def cases(report: Path) -> Counter:
    """Cases that a filter left out stand in GoogleTest's list as not run; one that was tried again
    stands in pytest's twice, and the last counts."""
    every = ElementTree.parse(report).iter("testcase")
    ran = [case for case in every if case.get("status") != "notrun"]
    last = {(case.get("classname"), case.get("name")): outcome(case) for case in ran}
    return Counter(last.values())


def meson_programs(results: Path, pattern: str) -> tuple[Counter, list[str]]:
    """What the C and C++ tests count, and the names of those that failed as a whole."""
    total, broken = Counter(), []
    for line in (results / "meson.json").read_text().splitlines():
        program = json.loads(line)
        # GoogleTest writes NAME.xml, and NAME_1.xml if the program runs once more.
        name = Path(program["command"][0]).name
        reports = [results / f"{name}.xml", *results.glob(f"{name}_[0-9].xml")]
        counted = sum((cases(report) for report in reports if report.exists()), Counter())
        is_good = program["result"] in ("OK", "SKIP", "EXPECTEDFAIL")
        if reports[0].exists():
            total += counted
            if is_good or counted["failed"]:
                continue
        elif pattern not in program["name"]:
            continue
        elif is_good:
            total["skipped" if program["result"] == "SKIP" else "passed"] += 1
            continue
        total["failed"] += 1
        broken.append(program["name"])
    return total, broken


def main() -> int:
    results, meson_status, pytest_status = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    pattern = sys.argv[4] if len(sys.argv) > 4 else ""

    total, broken = meson_programs(results, pattern)
    if meson_status and not total["failed"] and not pattern:
        total["failed"] += 1
        broken.append("meson test")

    report = results / "pytest.xml"
    from_pytest = cases(report) if report.exists() else Counter()
    if pytest_status not in (0, PYTEST_RAN_NO_TEST) and not from_pytest["failed"]:
        from_pytest["failed"] += 1
        broken.append("pytest")
    total += from_pytest

    for name in broken:
        print(f"failed as a whole: {name}")
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
