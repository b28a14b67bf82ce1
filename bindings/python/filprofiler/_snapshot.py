"""A snapshot file, read through fil_snapshot.h: what a report was drawn from.

The library is one of its own, loaded by who asks for a result; it records nothing.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ._library import FIL_OK, Error, sized, text

PACKAGE = Path(__file__).resolve().parent
# Inside the package, where a wheel has it; in the build tree of the sources.
PLACES = ["lib/fil/libfil_snapshot.so", "../../../build/capi/libfil_snapshot.so"]
FIL_MAPPING_ANONYMOUS = 0
READERS = ["read", "note", "process", "frame", "callstack", "usage"]

T = TypeVar("T", bound=ctypes.Structure)


class Words(ctypes.Structure):
    """A fil_text that the library owns: it may hold zero bytes."""

    _fields_ = (("data", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Facts(ctypes.Structure):
    """The beginning of fil_snapshot_facts."""

    _fields_ = (
        ("struct_size", ctypes.c_size_t),
        *((name, Words) for name in ("version", "command", "title", "runtime", "host")),
        ("peak", ctypes.c_int64),
    )


class FrameStruct(ctypes.Structure):
    _fields_ = (
        ("struct_size", ctypes.c_size_t),
        *((name, ctypes.c_uint32) for name in ("kind", "line", "first_line")),
        *((name, Words) for name in ("function", "file", "directory", "module")),
    )


class Call(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_size_t) for name in ("struct_size", "caller", "frame", "process")
    )


class Usage(ctypes.Structure):
    _fields_ = (
        ("struct_size", ctypes.c_size_t),
        ("callstack", ctypes.c_size_t),
        ("bytes", ctypes.c_int64),
        ("allocations", ctypes.c_uint64),
    )


def load_library() -> ctypes.CDLL:
    for place in PLACES:
        if (PACKAGE / place).exists():
            library = ctypes.CDLL(os.fspath((PACKAGE / place).resolve()))
            library.fil_snapshot_free.argtypes = (ctypes.c_void_p,)
            library.fil_snapshot_free.restype = None
            for name in READERS:
                getattr(library, f"fil_snapshot_{name}").argtypes = None
            return library
    raise RuntimeError("libfil_snapshot.so is not there: this package is not as it was installed.")


class Snapshot:
    """Raises RuntimeError, which says why it cannot be read."""

    def __init__(self, path: Path) -> None:
        self._library = load_library()
        self._handle = ctypes.c_void_p()
        error, place = sized(Error()), text(os.fspath(path))
        status = self._library.fil_snapshot_open(
            ctypes.byref(self._handle), ctypes.byref(place), ctypes.c_size_t(1), ctypes.byref(error)
        )
        if status != FIL_OK:
            raise RuntimeError(error.text)

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.fil_snapshot_free(self._handle)

    @property
    def peak(self) -> int:
        facts = sized(Facts())
        self._library.fil_snapshot_read(self._handle, ctypes.byref(facts))
        return facts.peak

    def frames(self) -> Iterator[FrameStruct]:
        return self._each(self._library.fil_snapshot_frame, FrameStruct)

    def calls(self) -> Iterator[Call]:
        """Callers stand before what they call; the first is the empty callstack."""
        return self._each(self._library.fil_snapshot_callstack, Call)

    def used(self) -> Iterator[Usage]:
        return self._each(self._library.fil_snapshot_usage, Usage, FIL_MAPPING_ANONYMOUS)

    def _each(self, ask: Callable[..., int], structure: type[T], *of: Any) -> Iterator[T]:  # noqa: ANN401
        """The same one, filled anew."""
        one = sized(structure())
        number, filled = ctypes.c_size_t(0), ctypes.byref(one)
        while ask(self._handle, *of, number, filled) == FIL_OK:
            yield one
            number.value += 1


def string(words: Words) -> str:
    return ctypes.string_at(words.data, words.length).decode(errors="replace")
