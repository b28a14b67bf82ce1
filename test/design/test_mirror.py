"""Tests mirror the tree: each unit of lib/ has a file of tests."""

from __future__ import annotations

from sources import ROOT

ROOMS = sorted(path for path in (ROOT / "lib").iterdir() if path.is_dir())
# A constant, a layout or the name of a type: what they are for is proved elsewhere.
ELSEWHERE = {
    "os/linux_numbers": "test/lib/os/recording_files_test.cpp",
    "process/native_source": "test/capture/unwind_source_test.cpp",
    "process/process_observer": "test/lib/process/trace_observer_test.cpp",
    "process/process_recorder": "test/track/recorder_test.cpp",
    "process/trace_rings": "test/lib/session/ordered_entries_test.cpp",
    "process/verified_stacks": "test/e2e/test_verified_frames.py",  # only in builds that verify
}


def units() -> set[str]:
    headers = [path for room in ROOMS for path in room.rglob("*.hpp")]
    return {str(path.relative_to(ROOT / "lib").with_suffix("")) for path in headers}


def test_each_unit_of_lib_has_a_file_of_tests() -> None:
    has_none = {unit for unit in units() if not (ROOT / f"test/lib/{unit}_test.cpp").exists()}
    assert has_none == set(ELSEWHERE)


def test_what_is_proved_elsewhere_has_tests_there() -> None:
    assert not [tests for tests in ELSEWHERE.values() if not (ROOT / tests).exists()]
