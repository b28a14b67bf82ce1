"""fil.h, as far as this package needs it: the preloaded library that is in this process already.

Beginning and ending a run hold the interpreter lock (nothing of Python happens in between); waiting
for a report gives it up, so that other threads go on.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

FIL_OK = 0
FIL_ERROR_NO_SESSION, FIL_ERROR_WHOLE_PROGRAM = 21, 22
FIL_ERROR_IN_RUN, FIL_ERROR_NOT_RECORDED = 23, 24


class Text(ctypes.Structure):
    _fields_ = (("data", ctypes.c_char_p), ("length", ctypes.c_size_t))


class RunOptions(ctypes.Structure):
    _fields_ = (
        ("struct_size", ctypes.c_size_t),
        ("directory", Text),
        ("first_file", Text),
        ("first_function", Text),
        ("title", Text),
    )


class RunNumbers(ctypes.Structure):
    _fields_ = (
        ("struct_size", ctypes.c_size_t),
        ("peak", ctypes.c_int64),
        ("live", ctypes.c_int64),
    )


class Error(ctypes.Structure):
    _fields_ = (("struct_size", ctypes.c_size_t), ("message", ctypes.c_char * 1000))

    @property
    def text(self) -> str:
        return self.message.decode(errors="replace")


class LibraryError(Exception):
    """A call of fil.h failed; `status` is its fil_status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def text(words: str) -> Text:
    data = os.fsencode(words)
    return Text(data, len(data))


def sized(structure: ctypes.Structure) -> ctypes.Structure:
    structure.struct_size = ctypes.sizeof(structure)
    return structure


class Library:
    """Raises AttributeError if the library is not in this process."""

    def __init__(self) -> None:
        self._with_lock = ctypes.PyDLL(None)
        self._without_lock = ctypes.CDLL(None)
        self._with_lock.fil_recorder_add_source.argtypes = (Text, Text)
        self._with_lock.fil_recorder_describe.argtypes = (Text, Text)

    def check(self) -> None:
        """Whether a run could begin now: LibraryError says why not."""
        self._call(self._with_lock.fil_run_check)

    def begin(self, directory: Path, first_file: str, first_function: str, title: str) -> None:
        texts = (str(directory), first_file, first_function, title)
        options = RunOptions(0, *(text(each) for each in texts))
        self._call(self._with_lock.fil_run_begin, sized(options))

    def end(self) -> RunNumbers:
        numbers = sized(RunNumbers())
        self._call(self._with_lock.fil_run_end, numbers)
        return numbers

    def report(self) -> None:
        self._call(self._without_lock.fil_run_report)

    def add_source(self, file: str, name: str, source: str) -> None:
        data = source.encode(errors="replace")
        names = text(f"{file}\0{name}" if name else file)
        self._with_lock.fil_recorder_add_source(names, Text(data, len(data)))

    def describe(self, key: str, value: str) -> None:
        self._with_lock.fil_recorder_describe(text(key), text(value))

    @staticmethod
    def _call(function: ctypes._CFuncPtr, *structures: ctypes.Structure) -> None:
        error = sized(Error())
        status = function(*(ctypes.byref(each) for each in structures), ctypes.byref(error))
        if status != FIL_OK:
            raise LibraryError(status, error.text)
