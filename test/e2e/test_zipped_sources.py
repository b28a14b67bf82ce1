"""Modules imported from zip files have their source lines, as others have."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from command import profiled, script

MODULE = "def grow():\n    return bytes(5_000_000)  # zipped\n"


def zipped(name: str, files: dict[str, str], how: int, before: bytes = b"") -> None:
    with Path(name).open("wb") as file:
        file.write(before)
        with zipfile.ZipFile(file, "w", how) as archive:
            for path, text in files.items():
                archive.writestr(path, text)
    os.utime(name, (1_600_000_000, 1_600_000_000))


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_module_in_a_zip_file_has_its_lines(here, how):
    zipped("lib.zip", {"inside/__init__.py": "", "inside/mod.py": MODULE}, how)
    script(
        "x.py",
        "import sys\nsys.path.insert(0, 'lib.zip')\nfrom inside.mod import grow\nkept = grow()\n",
    )
    ended = profiled("x.py")
    assert b"bytes(5_000_000)  # zipped" in (ended.report / "index.html").read_bytes()
    assert "bytes(5_000_000)" in (ended.report / "peak-memory.svg").read_text()


def test_an_archive_that_is_run_has_its_lines(here):
    files = {"__main__.py": "import mod\nkept = mod.grow()  # the main one\n", "mod.py": MODULE}
    zipped("app.pyz", files, zipfile.ZIP_DEFLATED, before=b"#!/usr/bin/env python3\n")
    page = (profiled("app.pyz").report / "index.html").read_bytes()
    assert b"bytes(5_000_000)  # zipped" in page
    assert b"kept = mod.grow()  # the main one" in page


def test_an_archive_that_was_changed_meanwhile_shows_none(here):
    zipped("lib.zip", {"mod.py": MODULE}, zipfile.ZIP_STORED)
    script(
        "x.py",
        """\
        import os, sys, time
        sys.path.insert(0, "lib.zip")
        import mod
        kept = mod.grow()
        os.utime("lib.zip", (time.time() + 10,) * 2)
        """,
    )
    assert b"# zipped" not in (profiled("x.py").report / "index.html").read_bytes()
