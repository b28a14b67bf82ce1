"""Profiling parts of a program that runs under `fil-profile python`.

    from filprofiler.api import profile, profiling

    result = profile(lambda: load(path), "reports/load")    # a call
    with profiling("reports/load") as p:                     # a block
        result = load(path)
    print(p.peak_bytes)

    @profiling("reports/load")                               # a function, whenever it is called
    def load(path): ...

    result = await profile(load_slowly, "reports/load")     # an async function

Everything that the process allocates meanwhile is counted, in all threads. One part at a time: a
second one inside it, or beside it in another thread, raises RuntimeError.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ._result import Callstack, Frame, Result, result_of
from ._run import Run

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Callstack", "Frame", "Result", "profile", "profiling"]

T = TypeVar("T")
Function = TypeVar("Function", bound=Callable[..., Any])


def profile(code_to_profile: Callable[[], T], path: str | os.PathLike[str]) -> T:
    """Calls it and returns what it returns; the report goes into the directory `path`.

    Exceptions pass through, and then there is a report too. Of an `async def` function, or another
    that returns a coroutine, the result is to be awaited, and the time until then is not profiled.
    """
    if inspect.iscoroutinefunction(code_to_profile):
        return _awaited(code_to_profile(), Run(path))
    run = Run(path)
    run.begin()
    try:
        result = code_to_profile()
        is_to_be_awaited = inspect.iscoroutine(result)
    except BaseException:
        run.end(failing=True)
        raise
    if is_to_be_awaited:
        run.cancel()
        return _awaited(result, Run(path))
    run.end()
    return result


async def _awaited(work: Coroutine[Any, Any, T], run: Run) -> T:
    try:
        run.begin()
    except BaseException:
        work.close()
        raise
    try:
        result = await work
    except BaseException:
        run.end(failing=True)
        raise
    run.end()
    return result


class profiling:
    """A block of code, or a function whenever it is called.

    As a decorator, each call writes a report: the first into `path`, the next into `path-2` and so
    on. The function's attribute `profiled` is the last of them.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self._run: Run | None = None
        self._result: Result | None = None

    def __enter__(self) -> profiling:
        if self._run is not None:
            raise RuntimeError("This profiling() has been used; make a new one for each block.")
        run = Run(self.path)
        caller = sys._getframe(1).f_code
        run.begin(caller.co_filename, caller.co_name)
        self._run = run
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._run.end(failing=kind is not None)

    @property
    def peak_bytes(self) -> int:
        """The most that was in use at one moment."""
        return self._ended.peak_bytes

    @property
    def result(self) -> Result:
        """What the report shows, as plain objects."""
        if self._result is None:
            self._result = result_of(self._ended)
        return self._result

    @property
    def _ended(self) -> Run:
        if self._run is None or self._run.peak_bytes is None:
            raise RuntimeError("Nothing is known before the profiled code has ended.")
        return self._run

    def __call__(self, function: Function) -> Function:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__qualname__} yields: its body runs whenever somebody wants the next "
                "value. Profile the loop over it."
            )
        paths = (
            self.path if number == 1 else self.path.with_name(f"{self.path.name}-{number}")
            for number in itertools.count(1)
        )

        def begun() -> profiling:
            part = profiling(next(paths))
            part._run = Run(part.path)
            part._run.begin()
            profiled.profiled = part
            return part

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def profiled(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
                part = begun()
                try:
                    result = await function(*arguments, **named)
                except BaseException:
                    part._run.end(failing=True)
                    raise
                part._run.end()
                return result
        else:

            @functools.wraps(function)
            def profiled(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
                part = begun()
                try:
                    result = function(*arguments, **named)
                except BaseException:
                    part._run.end(failing=True)
                    raise
                part._run.end()
                return result

        return profiled
