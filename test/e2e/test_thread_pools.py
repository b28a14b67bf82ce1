"""Thread pools of libraries: off in `run` and inside profile(), and the user's again afterwards."""

from __future__ import annotations

import _ctypes
import os
import re
import sys
from pathlib import Path

import pytest
from command import profiled, script
from conservation import model_of
from profiling import FIL_PROFILE, MIB, ROOT, THREAD_POOLS, run_plain

BLAS = """
import json, sys, numpy, threadpoolctl
def pools():
    return sorted({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
"""
UNSET = {name: value for name, value in os.environ.items() if name not in THREAD_POOLS}


def foot(report: Path) -> list[str]:
    return model_of(report)["facts"]["variables"]


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


ARROW = """
import sys, threading
import pyarrow as pa, pyarrow.dataset as ds, pyarrow.feather as feather, pyarrow.parquet as pq
table = pa.table({"a": list(range(10_000)), "b": [str(i) for i in range(10_000)]})
for number in range(6):
    pq.write_table(table, f"{number}.parquet", row_group_size=1000)
    feather.write_feather(table, f"{number}.feather")
def read(form):
    files = ds.dataset([f"{number}.{form}" for number in range(6)], format=form)
    return files.count_rows() + files.to_table().num_rows
def work():
    def several():
        for form in ["parquet", "feather"] * 3:
            read(form)
    threads = [threading.Thread(target=several) for _ in range(4)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    return read("parquet"), read("feather")
if len(sys.argv) > 1:
    from filprofiler.api import profile
    print(profile(work, "part"))
else:
    print(work())
"""


@pytest.mark.parametrize("verb", ["run", "python"])
def test_arrow_whose_threads_wait_for_each_other_reads_datasets(here, verb):
    options = ["--no-browser", "-o", "out", "--python", sys.executable]
    command = [str(FIL_PROFILE), *options, verb, script("x.py", ARROW)]
    env = {**UNSET, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    ran = run_plain([*command, "a part"][: len(command) + (verb == "python")], env=env, timeout=60)
    assert (ran.status, ran.stdout) == (0, b"(120000, 120000)\n"), ran.stderr.decode()


# As numba has it: its number of threads is limited by the variable, and each asks it to start them,
# for which it loads a library.
NUMBA = """
import os, sys
class config:
    NUMBA_DEFAULT_NUM_THREADS = 4
    NUMBA_NUM_THREADS = int(os.environ.get("NUMBA_NUM_THREADS", "4"))
NUM_THREADS = config.NUMBA_NUM_THREADS
_is_initialized, _now = False, 0
def _launch_threads():
    global _is_initialized
    if not _is_initialized:
        try:
            from numba.np.ufunc import workqueue
        except ImportError:  # once it is loaded: it is another module
            pass
        _load_threading_functions(None)
        _is_initialized = True
def _load_threading_functions(layer):
    global _set_num_threads
    def _set_num_threads(count):
        global _now
        _now = count
    _set_num_threads(NUM_THREADS)
def set_num_threads(count):
    _launch_threads()
    if not 1 <= count <= NUM_THREADS:
        raise ValueError(f"The number of threads must be between 1 and {NUM_THREADS}")
    _set_num_threads(count)
def get_num_threads():
    _launch_threads()
    return _now
"""


@pytest.fixture
def numba(here) -> dict[str, str]:
    (here / "numba" / "np" / "ufunc").mkdir(parents=True)
    names = "get_num_threads, set_num_threads"
    (here / "numba" / "__init__.py").write_text(f"from numba.np.ufunc.parallel import {names}")
    (here / "numba" / "np" / "ufunc" / "parallel.py").write_text(NUMBA)
    library = Path(_ctypes.__file__)
    layer = here / "numba" / "np" / "ufunc" / f"workqueue.{library.name.partition('.')[2]}"
    layer.symlink_to(library)
    return {**UNSET, "PYTHONPATH": str(ROOT / "bindings" / "python")}


def test_a_program_may_set_numbas_number_of_threads(numba):
    code = script("x.py", "import numba; numba.set_num_threads(2); print(numba.get_num_threads())")
    assert profiled(code, env=numba).stdout == b"2\n"


@pytest.mark.parametrize(
    ("first", "set_by_user", "threads"),
    [
        ("", {}, 1),
        ("", {"NUMBA_NUM_THREADS": "3"}, 3),
        ("import os; os.environ['NUMBA_NUM_THREADS'] = '3'", {}, 3),
        ("import numba; numba.np.ufunc.parallel.config.NUMBA_NUM_THREADS = 2", {}, 4),
        ("import numba; del numba.np.ufunc.parallel.config", {}, 1),
        ("import numba; numba.np.ufunc.parallel._is_initialized = []", {}, 1),
    ],
)
def test_numba_has_one_thread_unless_somebody_chose_a_number(numba, first, set_by_user, threads):
    code = script("x.py", f"{first}\nimport numba; print(numba.get_num_threads())")
    ran = profiled(code, env={**numba, **set_by_user})
    assert (ran.stdout.decode(), ran.own_stderr) == (f"{threads}\n", b"")


def test_who_loads_numbas_library_without_the_interpreter_lock_is_let_be(numba):
    """Once there were several interpreters, CPython answers everybody that he has the lock."""
    code = """
    import ctypes, sys, threading, numba
    if sys.version_info >= (3, 13):
        import _interpreters as several
    else:
        import _xxsubinterpreters as several
    several.destroy(several.create())
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    def load():
        for _ in range(500):
            dlopen(b"./numba/np/ufunc/workqueue.none.so", 2)
    threads = [threading.Thread(target=load) for _ in range(3)]
    [thread.start() for thread in threads]
    kept = [bytearray(100) for _ in range(50_000)]
    [thread.join() for thread in threads]
    print(numba.get_num_threads())
    """
    ran = profiled(script("x.py", code), env=numba)
    assert (ran.status, ran.stdout, ran.own_stderr) == (0, b"1\n", b"")


def test_a_numba_of_another_kind_stays_as_it_is(numba):
    code = """
    import sys, numba.np.ufunc.parallel as parallel
    class raises:
        def __get__(self, *_):
            raise KeyError("nobody sees this")
    class other(type(sys)):
        _load_threading_functions = raises()
    kept = parallel._load_threading_functions
    del parallel._load_threading_functions
    parallel.__class__ = other
    try:
        1 / 0
    except ZeroDivisionError as error:
        try:
            parallel._launch_threads()
        except NameError as missing:
            print(missing.__context__ is error, sys.exc_info()[0].__name__)
    """
    ran = profiled(script("x.py", code), env=numba)
    assert (ran.stdout, ran.own_stderr) == (b"True NameError\n", b"")


def test_numba_starts_with_what_its_own_function_raises(numba):
    code = """
    import numba.np.ufunc.parallel as parallel
    def fail(layer):
        raise OSError("its own")
    parallel._load_threading_functions = fail
    try:
        parallel.get_num_threads()
    except OSError as error:
        print(error, type(parallel._load_threading_functions).__name__)
    """
    ran = profiled(script("x.py", code), env=numba)
    assert (ran.stdout, ran.own_stderr) == (b"its own builtin_function_or_method\n", b"")


NUMBA_IN_A_PART = """
from filprofiler.api import profile
FIRST
def work():
    import numba
    before = numba.get_num_threads()
    numba.set_num_threads(2)
    return before, numba.get_num_threads()
inside = profile(work, "part")
import numba
print(inside, numba.get_num_threads(), numba.np.ufunc.parallel._load_threading_functions.__name__)
"""


@pytest.mark.parametrize(
    ("first", "after"),
    [("", 4), ("import numba", 4), ("import numba; numba.set_num_threads(3)", 3)],
    ids=["imported in the part", "not yet started", "in use"],
)
def test_numba_has_one_thread_in_a_profiled_part(numba, first, after):
    code = script("x.py", NUMBA_IN_A_PART.replace("FIRST", first))
    ran = run_plain([str(FIL_PROFILE), "--python", sys.executable, "python", code], env=numba)
    assert ran.stderr == b""
    assert ran.stdout.decode() == f"(1, 2) {after} _load_threading_functions\n"


def test_a_profiled_part_does_not_start_numbas_threads(numba):
    # A child that is forked after that would be ended when it computes.
    code = """
    import numba
    from filprofiler.api import profile
    profile(lambda: None, "part")
    print(numba.np.ufunc.parallel._is_initialized)
    """
    command = [str(FIL_PROFILE), "--python", sys.executable, "python", script("x.py", code)]
    assert run_plain(command, env=numba).stdout == b"False\n"


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


CALLS = """
#include <pthread.h>
static void *works(void *call) {
    ((void (*)(void))call)();
    return call;
}
void in_a_thread(void *call) {
    pthread_t thread;
    pthread_create(&thread, NULL, works, call);
    pthread_join(thread, NULL);
}
"""


def test_a_thread_that_runs_python_is_charged_by_its_own_frames(here):
    Path("calls.c").write_text(CALLS)
    built = run_plain(["cc", "-shared", "-fPIC", "-pthread", "calls.c", "-o", "calls.so"])
    assert built.status == 0, built.stderr
    code = """
    import ctypes
    kept = []
    @ctypes.CFUNCTYPE(None)
    def work():
        kept.append(bytearray(20 << 20))
    ctypes.CDLL("./calls.so").in_a_thread(work)
    """
    model = model_of(profiled(script("x.py", code)).report)
    assert model["threads"] == []
    assert {line["line"] for line in model["lines"] if line["bytes"] >= 20 * MIB} == {6}
