"""The C ABI: what libfil.so exports is what fil.h declares and fil.map lists, and it stays so.

After an intended change make the baseline anew: `python test/capi/test_abi.py`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "capi/fil.h"
LIBRARY = ROOT / "build/capi/libfil.so"
BASELINE = ROOT / "capi/abi/libfil-0.abi"


def declared() -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    return {
        re.search(r"(fil_\w+)\s*\(", declaration).group(1)
        for declaration in re.findall(r"^FIL_API [^;]*;", text, flags=re.M)
    }


def exported() -> set[str]:
    lines = subprocess.run(
        ["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    symbols = [line.split() for line in lines]
    return {s[2].split("@")[0] for s in symbols if s[1] in "TWBDRV"}


def test_the_header_declares_what_the_map_lists() -> None:
    listed = re.findall(r"^\s+(fil_\w+);", (ROOT / "capi/fil.map").read_text(), flags=re.M)
    assert listed == sorted(listed)
    assert set(listed) == declared()


def test_the_library_exports_what_the_header_declares() -> None:
    assert exported() == declared()


def test_the_preload_library_offers_the_recording_half_of_the_header() -> None:
    lines = subprocess.run(
        ["nm", "-D", "--defined-only", ROOT / "build/clients/preload/libfil_preload.so"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    offered = set(re.findall(r"\bfil_\w+", lines))
    not_for_programs = {f for f in declared() if f.startswith("fil_session_")}
    assert offered == declared() - not_for_programs - {"fil_recording_report"}


def test_old_programs_still_fit() -> None:
    compared = subprocess.run(
        ["abidiff", "--headers-dir2", HEADER.parent, "--drop-private-types", BASELINE, LIBRARY],
        capture_output=True,
        text=True,
    )
    assert compared.returncode == 0, compared.stdout + compared.stderr


def make_baseline() -> None:
    options = "--no-corpus-path --no-comp-dir-path --no-show-locs --drop-private-types"
    headers = ["--headers-dir", HEADER.parent]
    made = subprocess.run(
        ["abidw", *options.split(), "--exported-interfaces-only", *headers, LIBRARY],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    BASELINE.write_text(re.sub(r"path='[^']*/capi/", "path='capi/", made))


if __name__ == "__main__":
    sys.exit(make_baseline())
