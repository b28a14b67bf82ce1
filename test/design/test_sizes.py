"""Small files: one concept each, near 100 lines, none over 600."""

from __future__ import annotations

from pathlib import Path

from sources import ROOT, name, texts

CODE = {".c", ".h", ".cpp", ".hpp", ".S", ".py", ".js", ".css", ".html", ".md", ".build", ".def"}


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_file_has_more_than_600_lines() -> None:
    files = [*texts(CODE), ROOT / "dev"]
    assert len(files) > 100
    assert not [name(path) for path in files if lines(path) > 600]


def test_the_top_of_the_build_fits_on_two_screens() -> None:
    assert lines(ROOT / "meson.build") <= 150


def test_most_files_of_the_core_are_short() -> None:
    sizes = sorted(lines(path) for path in texts({".hpp"}))
    assert sizes[len(sizes) // 2] <= 150
