"""Thread pools of libraries: off in `run` and inside profile(), and the user's again afterwards."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from command import profiled, script
from profiling import FIL_PROFILE, MIB, ROOT, THREAD_POOLS, run_plain

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


LATE = """
import sys, threadpoolctl
from filprofiler.api import profile
FIRST
def pools():
    return sorted({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
def work():
    import numpy
    return pools()
finders = list(sys.meta_path)
inside = profile(work, "out")
print(inside, pools(), sys.meta_path == finders, vars(sys.modules["numpy"].__loader__).keys())
"""


@pytest.mark.parametrize("is_installed", [True, False], ids=["threadpoolctl", "own calls"])
def test_a_library_that_a_part_imports_first_is_told_too(here, is_installed):
    first = "" if is_installed else "sys.modules['threadpoolctl'] = None"
    code = script("x.py", LATE.replace("FIRST", first))
    env = {**UNSET, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    plain = run_plain([sys.executable, "-c", BLAS + "print(pools())"], env=env).stdout.decode()
    ran = run_plain([str(FIL_PROFILE), "--python", sys.executable, "python", code], env=env)
    assert ran.stderr == b""
    assert ran.stdout.decode() == f"[1] {plain.strip()} True dict_keys(['name', 'path'])\n"
    # What the import allocates stands at the line that imports.
    heaviest = max(
        (here / "out" / "peak-memory.prof").read_text().splitlines(),
        key=lambda line: int(line.rpartition(" ")[2]),
    )
    assert heaviest.startswith(f"{here}/x.py:8 (work);<frozen importlib._bootstrap>")


def test_a_finder_of_the_old_kind_is_no_matter_to_a_part(here):
    code = """
    import sys
    from filprofiler.api import profile
    class Finder:
        def find_module(self, name, path=None):
            return None
    def work():
        try:
            import lightgbm
        except ImportError as error:
            return str(error)
    sys.meta_path[:] = [Finder()]
    print(profile(work, "out") == work())
    """
    env = {**UNSET, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    command = [str(FIL_PROFILE), "--python", sys.executable, "python", script("x.py", code)]
    ran = run_plain(command, env=env)
    assert (ran.status, ran.stdout) == (0, b"True\n"), ran.stderr.decode()


def test_an_import_that_fails_in_a_part_looks_as_it_would_without_us(here):
    Path("numexpr.py").write_text("1 / 0\n")
    code = """
    import sys
    from filprofiler.api import profile
    def work():
        import numexpr
    (profile(work, "out") if len(sys.argv) > 1 else work())
    """
    env = {**UNSET, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    command = [str(FIL_PROFILE), "--python", sys.executable, "python", script("x.py", code)]
    plain, ours = run_plain(command, env=env), run_plain([*command, "profiled"], env=env)
    shown = ours.stderr.decode().splitlines()
    ours_alone = [line for line in shown if "filprofiler" in line]
    assert len(ours_alone) == 1, shown  # profile() itself
    at = shown.index(ours_alone[0])
    plain_shown = plain.stderr.decode().splitlines()
    assert shown[-4:] == plain_shown[-4:]
    assert not any("importlib" in line for line in shown)
    assert at < len(shown) - 4


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
blosc2 = sys.modules["blosc2"] = types.ModuleType("blosc2")
blosc2.nthreads = 7  # its setter says what another counter was
def set_nthreads(count): blosc2.nthreads = count; return 1
blosc2.set_nthreads = set_nthreads
broken = sys.modules["numba"] = types.ModuleType("numba")
sys.modules["polars"] = types.ModuleType("polars")
pyarrow.set_cpu_count(6)
def counts():
    modules = sys.modules
    return pyarrow.cpu_count(), modules["numexpr"].now, modules["blosc"].now, blosc2.nthreads
print(counts(), profile(counts, "out"), counts())
"""
    env = {**UNSET, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    command = [str(FIL_PROFILE), "--python", sys.executable, "python", script("x.py", code)]
    ran = run_plain(command, env=env)
    assert (ran.stderr, ran.stdout) == (b"", b"(6, 5, 5, 7) (1, 1, 1, 1) (6, 5, 5, 7)\n")
    assert "polars cannot be told" in Path("out/index.html").read_text()


# ---- pools of C code, as many libraries have them ------------------------------------------------

OPENMP = """
#include <omp.h>
#include <stdlib.h>
int work(void) {
    int threads = 0;
    #pragma omp parallel
    {
        void *volatile block = malloc(24 << 20);
        (void)block;
        #pragma omp atomic
        threads += 1;
    }
    return threads;
}
int pool(void) { return omp_get_max_threads(); }
"""
CALLS_OPENMP = """
import ctypes, os
library = ctypes.CDLL("./work.so")
def caller():
    return library.work()
print(library.pool(), caller(), len(os.listdir("/proc/self/task")))
"""


@pytest.fixture
def openmp(here) -> None:
    Path("work.c").write_text(OPENMP)
    built = run_plain(["cc", "-shared", "-fPIC", "-fopenmp", "work.c", "-o", "work.so"])
    if built.status != 0:
        pytest.skip(f"no OpenMP: {built.stderr.decode()}")


def test_a_parallel_region_runs_in_the_python_thread_that_called_it(openmp):
    ran = profiled(script("x.py", CALLS_OPENMP), env=UNSET)
    assert ran.stdout == b"1 1 1\n"
    assert ran.callstacks[("x.py:6 (<module>)", "x.py:5 (caller)")] >= 24 * MIB
    several = {**UNSET, "OMP_NUM_THREADS": "3"}
    assert run_plain([sys.executable, "x.py"], env=several).stdout == b"3 3 3\n"


def test_in_a_profiled_part_a_parallel_region_has_one_thread_and_three_again_afterwards(openmp):
    code = (
        CALLS_OPENMP
        + """
from filprofiler.api import profile
print(profile(caller, "out"), caller())
"""
    )
    env = {**UNSET, "OMP_NUM_THREADS": "3", "PYTHONPATH": str(ROOT / "bindings" / "python")}
    command = [str(FIL_PROFILE), "--python", sys.executable, "python", script("x.py", code)]
    assert run_plain(command, env=env).stdout == b"3 3 3\n1 3\n"
    text = Path("out/peak-memory.prof").read_text()
    (size,) = re.findall(r"x.py:5 \(caller\) (\d+)$", text, re.MULTILINE)
    assert int(size) >= 24 * MIB


POOL = """
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
static sem_t asked, done;
static size_t size;
static void *works(void *unused) {
    for (;;) {
        sem_wait(&asked);
        void *volatile block = malloc(size);
        (void)block;
        sem_post(&done);
    }
    return unused;
}
void start(void) {
    pthread_t thread;
    sem_init(&asked, 0, 0);
    sem_init(&done, 0, 0);
    pthread_create(&thread, NULL, works, NULL);
}
void use(size_t bytes) { size = bytes; sem_post(&asked); sem_wait(&done); }
"""


def test_what_a_pool_of_c_threads_allocates_is_charged_to_who_made_the_pool(here):
    Path("pool.c").write_text(POOL)
    built = run_plain(["cc", "-shared", "-fPIC", "-pthread", "pool.c", "-o", "pool.so"])
    assert built.status == 0, built.stderr
    code = """
import ctypes
library = ctypes.CDLL("./pool.so")
def make_pool():
    library.start()
def use():
    library.use(ctypes.c_size_t(20 << 20))
make_pool()
use()
use()
"""
    callstacks = profiled(script("x.py", code)).callstacks
    assert callstacks[("x.py:8 (<module>)", "x.py:5 (make_pool)")] >= 40 * MIB
    assert not [frames for frames in callstacks if frames[-1] == "x.py:7 (use)"]
