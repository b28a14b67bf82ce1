"""The source of code that is in no file, for the report: a notebook's cells and other code known to
linecache only, and modules imported from zip files."""

from __future__ import annotations

import linecache
import sys
import zipimport
from collections.abc import Callable, Iterable, Iterator

from ._library import Library


class Sources:
    """`named`: what reports call a file ("": as it is called), and the source that they show."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._told: dict[str, int] = {}
        self.named: Callable[[str, str], tuple[str, str]] = lambda _, source: ("", source)

    def tell_before(self) -> None:
        """What a program that dies in the middle cannot tell any more."""
        self._tell(in_linecache())

    def tell(self) -> None:
        self._tell([*in_linecache(), *in_zip_files()])

    def _tell(self, found: Iterable[tuple[str, str]]) -> None:
        """What is new since the last time, or has changed."""
        for file, text in found:
            name, source = self.named(file, text)
            known = hash((name, source))
            if self._told.get(file) != known:
                self._library.add_source(file, name, source)
                self._told[file] = known


def in_linecache() -> Iterator[tuple[str, str]]:
    for file, entry in list(linecache.cache.items()):
        # (size, time of modification, lines, name): no file, no time. One element: not read yet.
        if len(entry) == 4 and entry[1] is None:
            yield file, "".join(entry[2])


def in_zip_files() -> Iterator[tuple[str, str]]:
    for name, module in list(sys.modules.items()):
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if not isinstance(loader, zipimport.zipimporter):
            continue
        try:
            yield loader.get_filename(name), loader.get_source(name) or ""
        except (ImportError, UnicodeError, OSError):
            continue  # compiled only, or the file has gone
