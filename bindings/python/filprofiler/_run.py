"""One run: a part of this process, profiled for itself. What api.py and _ipython.py are made of."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from ._cells import Cells
from ._library import (
    FIL_ERROR_IN_RUN,
    FIL_ERROR_NO_SESSION,
    FIL_ERROR_NOT_RECORDED,
    FIL_ERROR_WHOLE_PROGRAM,
    Library,
    LibraryError,
)
from ._pools import ThreadPools
from ._result import SNAPSHOT, signature_of
from ._sources import Sources

NOT_STARTED = (
    "Fil APIs can't be used from Python started without Fil, i.e. fil-profile on command-line, "
    "Fil kernel in Jupyter."
)
WHOLE_PROGRAM = (
    "This whole program is being profiled (fil-profile run). To profile parts of it, "
    "start it with: fil-profile python"
)
SUBPROCESS = (
    "Fil does not yet support tracing in subprocesses, so starting the parent process with Fil is "
    "not sufficient for Fil APIs to work in child processes."
)
NOT_LOADED = (
    "Process {pid} failed to preload the Fil shared library: {why}. The most likely reason is that "
    "Python was started by a program that removes LD_PRELOAD or FIL_SESSION from its environment."
)
BUSY = "Another part of this program is being profiled; parts can neither be nested nor overlap."

PACKAGE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - as frames name it
_attached: Attached | None = None


class Attached:
    """What this process needs once: the library, and what was told to it."""

    def __init__(self, library: Library) -> None:
        self.pid = os.getpid()
        self.library = library
        self.sources = Sources(self.library)
        self.cells: Cells | None = None
        self.noted: set[str] = set()
        self.library.describe("package", PACKAGE)

    def know_cells(self) -> None:
        """In a notebook: reports call its cells as it does."""
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        if self.cells is None and shell is not None:
            self.cells = Cells(shell)
            self.sources.named = self.cells.named

    def note(self, sentence: str) -> None:
        if sentence not in self.noted:
            self.noted.add(sentence)
            self.library.describe("note", sentence)


def attached() -> Attached:
    """Raises RuntimeError, with the reason, where nothing can be profiled."""
    global _attached
    try:
        library = _attached.library if _attached is not None else Library()
        library.check()
    except AttributeError as error:
        raise RuntimeError(why_there_is_no_library(error)) from error
    except LibraryError as error:
        if error.status != FIL_ERROR_IN_RUN:  # who begins one hears of it
            raise RuntimeError(why_not(error)) from None
    if _attached is None:
        _attached = Attached(library)
    _attached.know_cells()
    return _attached


def why_not(error: LibraryError) -> str:
    sentences = {
        FIL_ERROR_NO_SESSION: NOT_STARTED,
        FIL_ERROR_WHOLE_PROGRAM: WHOLE_PROGRAM,
        FIL_ERROR_NOT_RECORDED: SUBPROCESS,
        FIL_ERROR_IN_RUN: BUSY,
    }
    return sentences.get(error.status, f"Fil cannot profile this: {error}")


def why_there_is_no_library(error: AttributeError) -> str:
    """Nobody can be asked: what is left are the variables that this process was started with."""
    program = os.environ.get("FIL_PROGRAM")
    if program is None and "FIL_SESSION" not in os.environ:
        return NOT_STARTED
    if program not in (None, str(os.getpid())):
        return SUBPROCESS
    return NOT_LOADED.format(pid=os.getpid(), why=error)


class Run:
    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self.peak_bytes: int | None = None
        self.written: tuple[int, ...] | None = None  # its report, if there is one
        self._to: Attached | None = None
        self._pools: ThreadPools | None = None

    def begin(self, first_file: str = "", first_function: str = "", title: str = "") -> None:
        """Callstacks are shown from that function on, or else from what this package calls. The
        report is headed by the title, or else by the command."""
        to = attached()
        to.sources.tell_before()
        pools = ThreadPools()
        try:
            to.library.begin(self.path, first_file, first_function, title)
            self._to, self._pools = to, pools
            self._note()
        except LibraryError as error:
            pools.restore()
            raise RuntimeError(why_not(error)) from None
        except BaseException:  # an interrupt, perhaps just after the run has begun
            end_interrupted(to, pools)
            raise

    def cancel(self) -> bool:
        """Ends it without a report. False in a forked child, whose it is not."""
        try:
            if os.getpid() != self._to.pid:
                return False
            self.peak_bytes = self._to.library.end().peak
            self._note()
        except BaseException:  # an interrupt, perhaps just before the run has ended
            end_interrupted(self._to, self._pools)
            raise
        self._pools.restore()
        return True

    def _note(self) -> None:
        for sentence in self._pools.notes:
            self._to.note(sentence)

    def end(self, failing: bool = False) -> None:
        """Ends it, and writes its report. `failing`: an exception is under way; it must be seen."""
        if not self.cancel():
            return
        self._to.sources.tell()
        try:
            self._to.library.report()
            self.written = signature_of(self.path / SNAPSHOT)
        except (LibraryError, OSError) as error:
            sentence = f"The report in {self.path} could not be written: {error}"
            if not failing:
                raise RuntimeError(sentence) from None
            print(f"=fil-profile= {sentence}", file=sys.stderr)


def end_interrupted(to: Attached, pools: ThreadPools) -> None:
    """Where a run that stayed on would refuse all later ones."""
    with contextlib.suppress(LibraryError):  # it is not on
        to.library.end()
    pools.restore()
