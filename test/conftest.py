"""What holds for every test in Python.

`./dev test` gives a test that failed a second attempt: programs, supervisor and machine run side by
side, and a machine that stands still for a second is no fault of ours. What happened at the first
one is said all the same, since it may be a fault that shows rarely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for first in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"failed at the first attempt: {first.nodeid}")
        terminalreporter.line(first.longreprtext)
