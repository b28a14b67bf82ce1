"""The same program has the same peak on every CPython that can be found (see pythons.py).

The interpreters differ in what they keep for themselves; that is a few MiB, so the programs hold
enough for 1 % to be more.
"""

from __future__ import annotations

import os
from pathlib import Path

import newest_pythons
import pytest
from profiling import MIB, PROGRAMS, ROOT, Profiled, run_profiled
from pythons import Interpreter, find

FOUND = find()
WITH_PANDAS = [interpreter for interpreter in FOUND if interpreter.minor >= 11]
# A BLAS pool keeps buffers for each thread, and its size differs from version to version.
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
ALLOWED = 0.01


def test_a_311_is_among_the_pythons_found(capsys: pytest.CaptureFixture) -> None:
    with capsys.disabled():
        print("\nPythons found:")
        for interpreter in FOUND:
            print(f"  {interpreter.version:8} {interpreter.path}")
    assert any(interpreter.minor == 11 for interpreter in FOUND)


def profile(script: Path, interpreter: Interpreter, output: Path) -> Profiled:
    if not interpreter.is_installed:
        pytest.fail(f"{interpreter.venv_python} is missing: ./dev setup makes it")
    profiled = run_profiled(
        output / interpreter.version,
        [script.name],
        python=interpreter.venv_python,
        cwd=script.parent,
        env=ENVIRONMENT,
    )
    assert profiled.status == 0, profiled.stderr.decode(errors="replace")
    return profiled


def assert_alike(peaks: dict[str, int]) -> None:
    low, high = min(peaks.values()), max(peaks.values())
    shown = ", ".join(f"{version}: {peak / MIB:.1f} MiB" for version, peak in peaks.items())
    assert high - low <= ALLOWED * low, shown


def test_a_numpy_program_has_the_same_peak_on_each(tmp_path: Path) -> None:
    script = PROGRAMS / "numpy_peak.py"
    peaks = {}
    for interpreter in FOUND:
        profiled = profile(script, interpreter, tmp_path)
        # What `import numpy` keeps is numpy's own: from 2.1 on, which needs 3.10, its BLAS maps
        # 32 MiB at once, and 2.0 maps them later.
        peaks[interpreter.version] = sum(
            size
            for frames, size in profiled.callstacks.items()
            if frames[0] != "numpy_peak.py:6 (<module>)"
        )
        # The arrays are there exactly, whatever the interpreter itself needs.
        arrays = {
            frames: size // MIB for frames, size in profiled.callstacks.items() if size >= 128 * MIB
        }
        assert arrays == {
            ("numpy_peak.py:19 (<module>)", "numpy_peak.py:12 (table)"): 640,
            ("numpy_peak.py:20 (<module>)", "numpy_peak.py:16 (doubled)"): 256,
        }, interpreter.version
    assert_alike(peaks)


def test_the_flights_example_has_the_same_peak_where_pandas_is_the_same(tmp_path: Path) -> None:
    script = ROOT / "examples" / "flights.py"
    assert WITH_PANDAS
    peaks = {}
    for interpreter in WITH_PANDAS:
        profiled = profile(script, interpreter, tmp_path)
        # What imports keep is code, and each version has another size of it: 70 to 80 MiB here.
        peaks[interpreter.version] = sum(
            size
            for frames, size in profiled.callstacks.items()
            if not any(frame.startswith("<frozen importlib") for frame in frames)
        )
    assert_alike(peaks)


@pytest.mark.parametrize("version", newest_pythons.VERSIONS)
def test_the_newest_versions_take_part(version: str) -> None:
    if "FIL_TEST_PYTHONS" in os.environ:
        pytest.skip("FIL_TEST_PYTHONS says which versions take part")
    if not newest_pythons.interpreters():
        pytest.skip(newest_pythons.why_not())
    assert any(interpreter.version.startswith(f"{version}.") for interpreter in FOUND)
