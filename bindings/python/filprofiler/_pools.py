"""Thread pools of libraries, held to one thread while a part of a program is profiled.

A pool's threads work for whoever created the pool, so their memory would be shown there. With one
thread a library works in the thread that calls it. Only libraries that are loaded already; each is
asked by its own run-time calls, and gets back what it had. Some have none: those are named.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# Which library, by a part of its file's name; how many threads it may use; setting that.
NATIVE = [
    ("openblas", "openblas_get_num_threads", "openblas_set_num_threads"),
    ("openblas", "openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas", "scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas", "scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("mkl_rt", "MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
    ("blis", "bli_thread_get_num_threads", "bli_thread_set_num_threads"),
    ("gomp", "omp_get_max_threads", "omp_set_num_threads"),
    ("iomp5", "omp_get_max_threads", "omp_set_num_threads"),
    ("libomp", "omp_get_max_threads", "omp_set_num_threads"),
]
# Python modules: (module, function that says how many, function that sets it). Where the setter
# returns what was set before, the first is None.
MODULES = [
    ("numexpr", None, "set_num_threads"),
    ("blosc", None, "set_nthreads"),
    ("blosc2", None, "set_nthreads"),
    ("numba", "get_num_threads", "set_num_threads"),
    ("pyarrow", "cpu_count", "set_cpu_count"),
    ("pyarrow", "io_thread_count", "set_io_thread_count"),
]
WITHOUT_A_CALL = ["polars"]

Restore = Callable[[], object]


class ThreadPools:
    """Off from construction to restore()."""

    def __init__(self) -> None:
        self.notes = [
            f"{name} cannot be told to use one thread while it runs: what its threads allocate is "
            "shown where its pool was made, unless POLARS_MAX_THREADS=1 is set from the start"
            for name in WITHOUT_A_CALL
            if name in sys.modules
        ]
        self._restores: list[Restore] = []
        for limit in [limit_native, limit_modules]:
            self._restores.extend(limit())

    def restore(self) -> None:
        while self._restores:
            self._restores.pop()()


def limit_native() -> Iterator[Restore]:
    try:
        import threadpoolctl
    except ImportError:
        yield from limit_by_symbols()
        return
    limits = threadpoolctl.threadpool_limits(limits=1)
    restore = getattr(limits, "restore_original_limits", limits.unregister)
    yield restore


def limit_by_symbols() -> Iterator[Restore]:
    for path in loaded_libraries():
        for part, ask, tell in NATIVE:
            if part not in path.name:
                continue
            library = ctypes.CDLL(str(path))
            try:
                count, setter = getattr(library, ask)(), getattr(library, tell)
            except AttributeError:
                continue
            setter(1)
            yield lambda setter=setter, count=count: setter(count)


def loaded_libraries() -> list[Path]:
    mapped = Path("/proc/self/maps").read_text(errors="surrogateescape")
    return sorted({Path(path) for path in re.findall(r"(/\S.*\.so\S*)$", mapped, re.MULTILINE)})


def limit_modules() -> Iterator[Restore]:
    for name, ask, tell in MODULES:
        module = sys.modules.get(name)
        if module is None:
            continue
        try:
            setter = getattr(module, tell)
            before = setter(1) if ask is None else getattr(module, ask)()
            if ask is not None:
                setter(1)
        except Exception:
            continue
        yield lambda setter=setter, before=before: setter(before)
