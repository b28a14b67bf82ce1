"""What we count, against what the system counts in a run without us."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from conservation import model_of
from profiling import run_profiled

FLIGHTS = Path(__file__).resolve().parents[2] / "examples/flights.py"


def most_anonymous_memory(script: Path) -> int:
    """The highest RssAnon of a plain run, looked at every millisecond, in bytes."""
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}  # as fil-profile sets it
    highest = 0
    program = subprocess.Popen(
        [sys.executable, script], env=environment, stdout=subprocess.DEVNULL, cwd=FLIGHTS.parent
    )
    while program.poll() is None:
        status = Path(f"/proc/{program.pid}/status").read_text()
        if found := re.search(r"RssAnon:\s+(\d+) kB", status):
            highest = max(highest, int(found[1]) * 1024)
        time.sleep(0.001)
    assert program.returncode == 0
    return highest


def peak(script: Path, output: Path) -> int:
    run = run_profiled(output, [str(script)], cwd=FLIGHTS.parent)
    return model_of(run.report)["facts"]["peak"]


def test_live_memory_rises_with_resident_memory(tmp_path):
    """After the imports, whose BLAS reserves 64 MiB and touches little, within a tenth."""
    imports = tmp_path / "imports.py"
    imports.write_text(FLIGHTS.read_text().split("\ndef ")[0])
    counted = peak(FLIGHTS, tmp_path / "a") - peak(imports, tmp_path / "b")
    resident = most_anonymous_memory(FLIGHTS) - most_anonymous_memory(imports)
    assert counted > 700 << 20
    assert abs(counted - resident) < resident / 10, (counted, resident)
