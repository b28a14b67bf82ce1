"""The files of this tree, as the design tests see them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ["include", "lib", "capi", "clients", "bindings", "examples", "test", "bench", "docs"]
TOP = ["dev", "meson.build", "README.md", "CONTRIBUTING.md", "NEWS.md"]
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


def every_file() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    made = re.compile(r"/(__pycache__|\.[a-z_]+_cache)/")
    return sorted([path for path in found if not made.search(str(path))] + [ROOT / n for n in TOP])


def texts(suffixes: set[str]) -> list[Path]:
    return [path for path in every_file() if path.suffix in suffixes]


def c_files(folder: str) -> list[Path]:
    suffixes = {".c", ".h", ".cpp", ".hpp"}
    return [path for path in texts(suffixes) if path.is_relative_to(ROOT / folder)]


def includes(path: Path) -> list[str]:
    return INCLUDE.findall(path.read_text())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))
