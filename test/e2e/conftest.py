"""What holds for every end to end test: an environment that no other profiler run has touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# What fil-profile sets in a program: the tests themselves may run under it.
for variable in ["LD_PRELOAD", "FIL_SESSION", "FIL_OUTPUT", "ARROW_DEFAULT_MEMORY_POOL"]:
    os.environ.pop(variable, None)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """The test's own working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
