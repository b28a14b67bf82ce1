"""The page that teaches libfil a runtime: its interpreter compiles, its lines hold its memory."""

from __future__ import annotations

import re
import subprocess

from profiling import FIL_PROFILE, ROOT, Profiled, run_plain

PAGE = ROOT / "docs/design/teach-a-runtime.md"
LIBRARY = FIL_PROFILE.parent.parent / "capi" / "libfil.so"


def test_the_smallest_source_shows_the_interpreters_own_lines(here):
    text = re.search(r"```cpp\n// (toy.cpp)\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    (here / "toy.cpp").write_text(text.removeprefix("```cpp\n").removesuffix("```"))
    includes = [f"-I{ROOT / folder}" for folder in ("capi", "bindings/source_kit")]
    strict = ["-std=c++20", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror"]
    found = ["-o", "toy", "toy.cpp", LIBRARY, f"-Wl,-rpath,{LIBRARY.parent}"]
    subprocess.run(["c++", *strict, *includes, *found], check=True)
    ended = run_plain(["./toy"])
    assert (ended.status, ended.stderr) == (0, b"")
    ran = Profiled(ended.status, ended.stdout, ended.stderr, here / "fil-result")
    assert ran.callstacks == {
        ("toy.txt:1 (main)", "toy.txt:11 (load)"): 3_000_000,
        ("toy.txt:1 (main)", "toy.txt:12 (load)"): 1_000_000,
        ("toy.txt:2 (main)",): 2_000_000,
        ("toy.txt:3 (main)", "toy.txt:11 (load)"): 3_000_000,
        ("toy.txt:3 (main)", "toy.txt:12 (load)"): 1_000_000,
    }
