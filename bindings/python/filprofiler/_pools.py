"""Thread pools of libraries, held to one thread while a part of a program is profiled.

A pool's threads work for whoever created the pool, so their memory would be shown there. With one
thread a library works in the thread that calls it. Each is asked by its own run-time calls, as soon
as it is loaded, and gets back what it had. Some have none: those are named.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import re
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType

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
# Python modules: (module, what says how many, function that sets it). Where the setter returns what
# was set before, the first is None.
MODULES = [
    ("numexpr", None, "set_num_threads"),
    ("blosc", None, "set_nthreads"),
    ("blosc2", "nthreads", "set_nthreads"),
    # Its threads for reading and writing stay: some wait for others, and with too few all would.
    ("pyarrow", "cpu_count", "set_cpu_count"),
]
WITHOUT_A_CALL = ["polars"]
# Modules that bring such libraries with them.
BRINGING = {name for name, _, _ in MODULES} | {
    "numba",
    "numpy",
    "scipy.linalg",
    "sklearn",
    "torch",
    "xgboost",
    "lightgbm",
}

Restore = Callable[[], object]


class ThreadPools:
    """Off from construction to restore(), also those of modules that are imported meanwhile."""

    def __init__(self) -> None:
        self._restores: list[Restore] = []
        self._finder = AfterImport(self._limit_late)
        try:
            self._limit()
        except BaseException:  # an interrupt: threadpoolctl may take a while
            self.restore()
            raise
        sys.meta_path.insert(0, self._finder)

    @property
    def notes(self) -> list[str]:
        return [
            f"{name} cannot be told to use one thread while it runs: what its threads allocate is "
            "shown where its pool was made, unless POLARS_MAX_THREADS=1 is set from the start"
            for name in WITHOUT_A_CALL
            if name in sys.modules
        ]

    def restore(self) -> None:
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self._finder)
        # Backwards: what was asked of a library twice was the user's the first time.
        while self._restores:
            self._restores.pop()()

    def _limit(self) -> None:
        for limit in [limit_native, limit_modules, limit_numba]:
            self._restores.extend(limit())

    def _limit_late(self) -> None:
        # An import is never to fail for our sake, and may end in a thread after the part.
        if self._finder in sys.meta_path:
            with contextlib.suppress(Exception):
                self._limit()


class AfterImport:
    """A finder that leaves finding to the others, and calls `then` when such a module is there."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in BRINGING:
            return None
        for finder in list(sys.meta_path):
            if not hasattr(finder, "find_spec"):
                return None  # an old one, which only the import itself knows how to ask
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is None:
                continue
            # Other loaders may be one for several modules.
            if type(spec.loader) is SourceFileLoader:
                spec.loader.exec_module = functools.partial(execute, spec.loader, self._then)
            return spec
        return None


def execute(loader: SourceFileLoader, then: Callable[[], None], module: ModuleType) -> None:
    del loader.exec_module  # its own again
    loader.exec_module(module)
    then()


# In tracebacks and reports they are what they do, a step of an import. Frames of this package would
# also end a callstack: what it calls is where the profiled part begins.
for function in [AfterImport.find_spec, execute]:
    function.__code__ = function.__code__.replace(co_filename="<frozen importlib._bootstrap>")


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
            before = setter(1) if ask is None else value(getattr(module, ask))
            if ask is not None:
                setter(1)
        except Exception:
            continue
        yield lambda setter=setter, before=before: setter(before)


def limit_numba() -> Iterator[Restore]:
    """Numba starts its threads when they are first needed, or asked for their number. It must not
    be us who asks: in a child that is forked afterwards they end the program."""
    parallel = sys.modules.get("numba.np.ufunc.parallel")
    start = getattr(parallel, "_load_threading_functions", None)
    started = getattr(parallel, "_is_initialized", None)
    if start is None or started is None:
        return  # an old one, or one that is being imported
    if started:
        before = parallel.get_num_threads()
        parallel.set_num_threads(1)
        yield lambda: parallel.set_num_threads(before)
        return

    def start_with_one(layer: ModuleType) -> None:
        start(layer)
        parallel._set_num_threads(1)

    def restore() -> None:
        parallel._load_threading_functions = start
        if parallel._is_initialized:
            parallel.set_num_threads(parallel.NUM_THREADS)

    # A step of numba's, in reports too.
    start_with_one.__code__ = start_with_one.__code__.replace(co_filename=parallel.__file__)
    parallel._load_threading_functions = start_with_one
    yield restore


def value(asked: object) -> object:
    """What it is, or what it answers."""
    return asked() if callable(asked) else asked
