"""The reports of filprofiler.api: where they go; and the rest of the program is left alone."""

from __future__ import annotations

import sys
from pathlib import Path

from command import executable, script
from parts import PATH, callstacks
from profiling import FIL_PROFILE, MIB, REPORT_FILES, Ended, run_plain


def under(name: str, code: str, *words: str, **variables: str) -> Ended:
    command = [str(FIL_PROFILE.with_name(name)), "--python", sys.executable, "python"]
    return run_plain([*command, script("yourscript.py", code), *words], env={**PATH, **variables})


def test_filprofiler_python_runs_a_script_as_python_does(here):
    code = """
        import sys
        from filprofiler.api import profile
        print(sys.argv, len(profile(lambda: bytearray(20 << 20), "result")))
    """
    ended = under("filprofiler", code, "--config=myconfig")
    assert (ended.status, ended.stderr) == (0, b"")
    assert ended.stdout.decode() == f"['yourscript.py', '--config=myconfig'] {20 << 20}\n"
    assert {file.name for file in Path("result").iterdir()} == REPORT_FILES


def test_no_browser_is_opened(here):
    executable("browser", "#!/bin/sh\ntouch opened\n")
    code = """
        import time
        from filprofiler.api import profile
        profile(lambda: bytearray(20 << 20), "result")
        time.sleep(0.5)
    """
    ended = under("fil-profile", code, BROWSER=str(here / "browser"))
    assert (ended.status, ended.stdout, ended.stderr) == (0, b"", b"")
    assert sorted(file.name for file in here.iterdir()) == ["browser", "result", "yourscript.py"]


def test_a_second_report_takes_the_place_of_the_first(here):
    code = """
        from filprofiler.api import profile
        def first(): return bytearray(20 << 20)
        def second(): return bytearray(30 << 20)
        profile(first, "result")
        profile(second, "result")
    """
    assert under("fil-profile", code).status == 0
    assert {file.name for file in Path("result").iterdir()} == REPORT_FILES
    text = Path("result/peak-memory.prof").read_text()
    assert "(second)" in text and "(first)" not in text


def test_only_the_call_is_profiled_and_everything_around_it_is_not(here):
    code = """
        from filprofiler.api import profile
        def load_config(): return bytearray(40 << 20)
        def run_processing(config): return bytearray(20 << 20)
        def generate_report(result): return bytearray(60 << 20)
        config = load_config()
        result = profile(lambda: run_processing(config), "result")
        generate_report(result)
    """
    assert under("fil-profile", code).status == 0
    sizes = {
        frames[-1].rpartition("(")[2].rstrip(")"): size
        for frames, size in callstacks("result").items()
    }
    assert 20 * MIB <= sizes.pop("run_processing") < 21 * MIB
    assert sum(sizes.values()) < MIB


def test_nothing_is_recorded_outside_of_the_call(here):
    """So the rest runs as fast as ever: this is what its speed rests on."""
    code = """
        import ctypes
        from filprofiler.api import profile
        recording = ctypes.CDLL(None).fil_recorder_running
        print(recording(), profile(recording, "result"), recording())
    """
    assert under("fil-profile", code).stdout == b"0 1 0\n"
