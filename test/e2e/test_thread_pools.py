"""Thread pools of libraries: off in `run` and inside profile(), and the user's again afterwards."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from command import profiled, script
from profiling import FIL_PROFILE, ROOT, THREAD_POOLS, run_plain

BLAS = """
import json, sys, numpy, threadpoolctl
def pools():
    return sorted({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
"""
UNSET = {name: value for name, value in os.environ.items() if name not in THREAD_POOLS}


def foot(report: Path) -> list[str]:
    page = (report / "index.html").read_text()
    model = re.search(r'id="model">(.*?)</script>', page, re.DOTALL).group(1)
    return json.loads(model)["facts"]["variables"]


def test_a_profiled_program_computes_in_the_thread_that_asks(here):
    ran = profiled(script("x.py", BLAS + "print(pools())"), env={**UNSET, "OMP_NUM_THREADS": "3"})
    assert ran.stdout == b"[1]\n"
    variables = foot(ran.report)
    assert "OPENBLAS_NUM_THREADS=1" in variables
    assert "POLARS_MAX_THREADS=1" in variables
    assert not any(variable.startswith("OMP_NUM_THREADS=") for variable in variables)


def test_the_users_values_win(here):
    code = "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['MKL_NUM_THREADS'])"
    ran = profiled(script("x.py", code), env={**UNSET, "OMP_NUM_THREADS": "3"})
    assert ran.stdout == b"3 1\n"


def test_pools_may_be_kept(here):
    code = script("x.py", "import os; print([n for n in os.environ if n.endswith('_THREADS')])")
    options = ["--no-browser", "--keep-thread-pools", "--python", sys.executable]
    ran = run_plain([str(FIL_PROFILE), *options, "run", code], env=UNSET)
    assert ran.stdout == b"[]\n"


PART = """
from filprofiler.api import profile
threadpoolctl.threadpool_limits(4)
FIRST
before = pools()
inside = profile(lambda: ASK, "out")
print(before, inside, pools())
def fail(): 1 / 0
try: profile(fail, "failed")
except ZeroDivisionError: print(pools())
"""


@pytest.mark.parametrize("is_installed", [True, False], ids=["threadpoolctl", "own calls"])
def test_in_a_profiled_part_pools_are_off_and_come_back(here, is_installed):
    # Whoever says None for a module has it not installed.
    first = "" if is_installed else "sys.modules['threadpoolctl'] = None"
    code = script("x.py", BLAS + PART.replace("FIRST", first).replace("ASK", "pools()"))
    env = {**UNSET, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    ran = run_plain([str(FIL_PROFILE), "--python", sys.executable, "python", code], env=env)
    assert ran.stderr == b""
    assert ran.stdout == b"[4] [1] [4]\n[4]\n"


def test_pools_of_python_modules_come_back_too_and_those_without_a_call_are_named(here):
    code = """
import sys, types
from pathlib import Path
import pyarrow
from filprofiler.api import profile
for name in ("numexpr", "blosc"):  # their setters return what was set before
    module = sys.modules[name] = types.ModuleType(name)
    module.now = 5
    def setter(count, module=module):
        before, module.now = module.now, count
        return before
    module.set_num_threads = module.set_nthreads = setter
broken = sys.modules["numba"] = types.ModuleType("numba")
sys.modules["polars"] = types.ModuleType("polars")
pyarrow.set_cpu_count(6)
def counts():
    return pyarrow.cpu_count(), sys.modules["numexpr"].now, sys.modules["blosc"].now
print(counts(), profile(counts, "out"), counts())
"""
    env = {**UNSET, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    command = [str(FIL_PROFILE), "--python", sys.executable, "python", script("x.py", code)]
    ran = run_plain(command, env=env)
    assert (ran.stderr, ran.stdout) == (b"", b"(6, 5, 5) (1, 1, 1) (6, 5, 5)\n")
    assert "polars cannot be told" in Path("out/index.html").read_text()
