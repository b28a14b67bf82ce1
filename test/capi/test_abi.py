"""The C ABI: what libfil.so exports is what its headers declare and fil.map lists, and it stays so.

After an intended change make the baseline anew: `python test/capi/test_abi.py`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CAPI = ROOT / "capi"
LIBRARY = ROOT / "build/capi/libfil.so"
PRELOAD_LIBRARY = ROOT / "build/clients/preload/libfil_preload.so"
BASELINE = CAPI / "abi/libfil-0.abi"
# Each tier has its header.
TIERS = ["fil.h", "fil_hooks.h", "fil_snapshot.h", "fil_trace.h", "fil_supervisor.h"]


def text_of(header: str) -> str:
    return (CAPI / header).read_text()


def declared(*headers: str) -> set[str]:
    found = []
    for header in headers or TIERS:
        text = re.sub(r"/\*.*?\*/", "", text_of(header), flags=re.S)
        found += re.findall(r"^FIL_API [^;]*?(fil_\w+)\s*\(", text, flags=re.M)
    assert len(found) == len(set(found))
    return set(found)


def announced() -> set[str]:
    """What fil_announce.h asks for by name."""
    return set(re.findall(r"FIL_ANNOUNCE_FIND_\((fil_\w+),", text_of("fil_announce.h")))


def exported(library: Path = LIBRARY) -> set[str]:
    lines = subprocess.run(
        ["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    symbols = [line.split() for line in lines]
    return {s[2].split("@")[0] for s in symbols if s[1] in "TWBDRV"}


def test_the_headers_declare_what_the_map_lists() -> None:
    listed = re.findall(r"^\s+(fil_\w+);", (CAPI / "fil.map").read_text(), flags=re.M)
    assert listed == sorted(listed)
    assert set(listed) == declared()


def test_the_library_exports_what_the_headers_declare() -> None:
    assert exported() == declared()


def test_the_preload_library_offers_what_programs_and_hooks_use() -> None:
    offered = {name for name in exported(PRELOAD_LIBRARY) if name.startswith("fil_")}
    assert offered == declared("fil.h", "fil_hooks.h") - {"fil_recording_report"}


def test_whoever_listens_to_announcements_has_what_they_ask_for() -> None:
    assert len(announced()) == 6
    assert announced() <= exported(PRELOAD_LIBRARY) & exported() & declared("fil.h")
    elsewhere = re.findall(r"weak\)\) void (fil_\w+)", text_of("fil_announce.h"))
    assert set(elsewhere) == announced()


@pytest.mark.parametrize("header", [*TIERS, "fil_announce.h"])
def test_every_function_says_since_when_it_is_there(header: str) -> None:
    """In the comment above it, or above the group that it stands in."""
    since, functions, wrong = False, 0, []
    text = text_of(header)
    for part in re.finditer(r"^/\*.*?\*/|^(?:FIL_API|static inline) [^;{]*", text, re.S | re.M):
        if part[0].startswith("/*"):
            since = re.search(r"Since\s+(?:\*\s+)?\d+\.\d+\b", part[0]) is not None
            continue
        functions += 1
        wrong += [] if since else [part[0]]
    assert functions >= 5
    assert not wrong


@pytest.mark.parametrize("header", TIERS)
def test_an_enumeration_holds_any_number_whoever_wrote_it(header: str) -> None:
    """Else C++ may not even look at one that a program of another version wrote."""
    assert "typedef enum " in text_of(header)
    assert not re.findall(r"typedef enum (?!\w+ FIL_ENUM \{).*", text_of(header))


LANGUAGES = [("c", "c99"), ("c", "c11"), ("c++", "c++98"), ("c++", "c++11"), ("c++", "c++20")]


@pytest.mark.parametrize("header", [*TIERS, "fil_announce.h"])
@pytest.mark.parametrize(("language", "standard"), LANGUAGES)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_each_header_alone_is_clean(
    header: str, language: str, standard: str, compiler: str
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion", "-Wundef"]
    included = ["-include", str(CAPI / header), "-x", language, "/dev/null"]
    command = [compiler, f"-std={standard}", *warnings, "-fsyntax-only", *included]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def compared(baseline: Path) -> tuple[int, str]:
    # Not --drop-private-types, nor --headers-dir2: with either, a struct of ours that grew is
    # filtered out. And reading what is said of all that is inside takes minutes.
    done = subprocess.run(
        ["abidiff", "--exported-interfaces-only", baseline, LIBRARY],
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_old_programs_still_fit() -> None:
    status, said = compared(BASELINE)
    assert status == 0, said


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        ("layout-offset-in-bits='64'", "layout-offset-in-bits='96'"),
        ("size-in-bits='192'", "size-in-bits='256'"),
    ],
    ids=["member_moved", "size_changed"],
)
def test_old_programs_would_not_fit_another_struct(tmp_path: Path, was: str, is_now: str) -> None:
    before, struct, after = BASELINE.read_text().partition("<class-decl name='fil_asking_thread' ")
    assert struct and was in after
    other = tmp_path / "other.abi"
    other.write_text(before + struct + after.replace(was, is_now, 1))
    status, said = compared(other)
    assert status != 0 and "'struct fil_asking_thread' changed" in said, said


def make_baseline() -> None:
    options = "--no-corpus-path --no-comp-dir-path --no-show-locs --drop-private-types"
    headers = ["--headers-dir", CAPI]
    made = subprocess.run(
        ["abidw", *options.split(), "--exported-interfaces-only", *headers, LIBRARY],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    BASELINE.write_text(re.sub(r"path='[^']*/capi/", "path='capi/", made))


if __name__ == "__main__":
    sys.exit(make_baseline())
