"""The tree as another compiler makes it, and its tests under sanitizers, each below build/.

No compiler may warn, and no test may fail or be found to touch what it must not. Only tests that do
without the hooks are built for a sanitizer: both want malloc's place.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from sources import ROOT

pytestmark = pytest.mark.timeout(3600)
slow = pytest.mark.slow

GCC, CLANG = ("cc", "c++"), ("clang", "clang++")
CORE = ["base", "capture", "fuzz", "lib", "recording", "trace", "track"]
ABOVE_THE_CORE = ["bindings", "capi", "report"]
# Where threads meet.
THREADED = ["base", "capi", "capture", "track"]
WITH_A_MALLOC_OF_THEIR_OWN = {"boost_source"}
SETTINGS = {
    # Some tests expect that the system itself ends who touches forbidden memory; and what an arena
    # took is never given back.
    "ASAN_OPTIONS": "handle_segv=0:detect_leaks=0:halt_on_error=1:abort_on_error=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    # Handlers of the tests' own allocate; ours are held to it by test_hot_path.py.
    "TSAN_OPTIONS": "report_signal_unsafe=0",
    # Of millions of damaged recordings, one at a time, the fuzzer's are enough here; under a
    # sanitizer address space cannot be limited, functions take more of the stack, and there are
    # bytes between a module's variables that nobody may copy. Where races are watched, a handler
    # waits until its thread calls something, and an event takes too many instructions to stop at
    # each.
    "GTEST_FILTER": "-"
    + ":".join(
        [
            "*is_believed*",
            "debug_info.what_is_mapped_of_a_file_is_allowed_beside_our_memory",
            "unwind_source.takes_little_of_the_stack",
            "unwind_tables.damaged_ones_are_read_within_their_bounds",
        ]
    ),
}
WITH_RACES_WATCHED = {
    "GTEST_FILTER": SETTINGS["GTEST_FILTER"]
    + ":out_of_memory.what_stdio_holds_is_written_out_unless_a_stream_is_locked"
    + ":killed.between_any_two_stores_leaves_the_sums_of_the_others"
}
WITHOUT_RACES = {
    # The tool has no model of fences; what they order is atomic, each for itself.
    "cpp_args": "-Wno-tsan",
}


def do(*command: str | Path, **how) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **how)
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{command}\n{output[-8000:]}"
    return done.stdout


def configured(name: str, compilers: tuple[str, str], **options: str) -> Path:
    build = ROOT / "build" / name
    settings = {"werror": "true", "bench": "false", **options}
    words = [f"-D{option}={value}" for option, value in settings.items()]
    variables = {
        **os.environ,
        "CC": f"ccache {compilers[0]}",
        "CXX": f"ccache {compilers[1]}",
        "LC_ALL": "C.UTF-8",
    }
    again = ["--reconfigure"] if (build / "build.ninja").exists() else []
    do("meson", "setup", *again, *words, build, ROOT, env=variables)
    return build


def sanitized(name: str, sanitizers: str, **options: str) -> Path:
    # Without the optimizer it is made in a third of the time, and hides no access.
    return configured(
        name, GCC, b_sanitize=sanitizers, b_lundef="false", optimization="0", **options
    )


def run_tests(build: Path, folders: list[str], *words: str, **settings: str) -> None:
    """The tests of these folders below test/, and what they are made of."""
    tests = json.loads(do("meson", "introspect", "--tests", build))
    names = [
        test["name"]
        for test in tests
        if Path(test["cmd"][0]).relative_to(build).parts[1] in folders
        and test["name"] not in WITH_A_MALLOC_OF_THEIR_OWN
    ]
    assert len(names) >= len(folders)
    variables = {**os.environ, **SETTINGS, **settings, "LC_ALL": "C.UTF-8"}
    how = ["--print-errorlogs", "--timeout-multiplier=20", *words]
    do("meson", "test", "-C", build, *how, *names, env=variables)


@slow
def test_clang_makes_the_product_without_a_warning() -> None:
    do("ninja", "-C", configured("clang", CLANG, tests="false"))


@slow
def test_the_core_touches_no_memory_that_it_must_not() -> None:
    run_tests(sanitized("memory", "address,undefined"), CORE, "--no-suite=slow")


@slow
def test_clang_makes_everything_without_a_warning() -> None:
    do("ninja", "-C", configured("clang-all", CLANG))


@slow
def test_what_stands_on_the_core_touches_no_memory_that_it_must_not() -> None:
    run_tests(sanitized("memory", "address,undefined"), ABOVE_THE_CORE)


@slow
def test_a_minute_of_changed_inputs_finds_nothing() -> None:
    """In the time that test/fuzz/meson.build gives each."""
    run_tests(sanitized("memory", "address,undefined"), ["fuzz"], "--suite=slow")


@slow
def test_threads_race_for_nothing() -> None:
    races = sanitized("races", "thread", **WITHOUT_RACES)
    run_tests(races, THREADED, **WITH_RACES_WATCHED)
