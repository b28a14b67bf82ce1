"""Every header of the core compiles by itself: whoever includes it needs no other before it."""

from __future__ import annotations

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sources import ROOT, c_files, includes
from test_layers import LAYERS

STRICT = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++"]
COMPILERS = [name for name in ["clang++", "g++"] if shutil.which(name)]


def headers_of(layer: str) -> list[str]:
    return [str(path.relative_to(ROOT / "include")) for path in c_files(f"include/fil/{layer}")]


ALL = [header for layer in LAYERS for header in headers_of(layer)]


def complaints(compiler: str, headers: list[str]) -> str:
    """Of one translation unit with these headers."""
    text = "".join(f"#include <{header}>\n" for header in headers)
    command = [compiler, *STRICT, "-I", str(ROOT / "include"), "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
    return "" if done.returncode == 0 else f"{headers}: {done.stderr}"


def complaints_of_each(compiler: str, headers: list[str]) -> str:
    with ThreadPoolExecutor(2) as some:
        return "".join(some.map(lambda header: complaints(compiler, [header]), headers))


def test_each_header_compiles_by_itself() -> None:
    """Those that a test of ours includes before any other are proved by the build."""
    sources = [path for path in c_files("test") if path.suffix == ".cpp"]
    proved = {first for path in sources for first in includes(path)[:1]}
    assert "fil/track/recorder.hpp" in proved
    assert not complaints_of_each(COMPILERS[0], [header for header in ALL if header not in proved])


@pytest.mark.parametrize("compiler", COMPILERS)
def test_each_compiler_takes_all_of_them(compiler: str) -> None:
    assert not complaints(compiler, ALL)


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_each_compiler_takes_each_by_itself(compiler: str, layer: str) -> None:
    assert not complaints_of_each(compiler, headers_of(layer))


def test_a_header_that_lacks_an_include_is_found(tmp_path: Path) -> None:
    lacking = tmp_path / "lacking.hpp"
    lacking.write_text("#pragma once\ninline std::string name();\n")
    assert "std" in complaints(COMPILERS[0], [str(lacking)])


# Standard headers that bring std::initializer_list.
WITH_LISTS = set(
    "algorithm array charconv functional initializer_list map memory optional set span string"
    " string_view tuple unordered_map utility variant vector".split()
)


def test_a_header_that_loops_over_a_list_includes_what_a_list_is() -> None:
    """Else it is there by chance: not in the wheel, which has another standard library."""
    loop = re.compile(r"for \([^;)]*:\s*\{")
    headers = [p for p in [*c_files("include/fil"), *c_files("lib")] if p.suffix == ".hpp"]
    loops = [path for path in headers if loop.search(path.read_text())]
    assert len(loops) > 5
    assert not [str(p) for p in loops if not WITH_LISTS & set(includes(p))]
