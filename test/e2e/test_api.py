"""`fil-profile python` and filprofiler.api: parts of a program, profiled for themselves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import script, wait_until
from profiling import FIL_PROFILE, MIB, PREFIX, REPORT_FILES, ROOT, Ended, run_plain

PACKAGE = ROOT / "bindings" / "python"
PATH = {**os.environ, "PYTHONPATH": str(PACKAGE)}


def python(*words: str, **how) -> Ended:
    how.setdefault("env", PATH)
    how.setdefault("timeout", 60)
    return run_plain([str(FIL_PROFILE), "--python", sys.executable, "python", *words], **how)


def in_python(code: str, *words: str, **how) -> str:
    """Runs the code under `fil-profile python`; what it prints. Nothing else may be said."""
    ended = python(script("program.py", code), *words, **how)
    assert (ended.status, ended.stderr) == (0, b""), ended.stderr.decode()
    return ended.stdout.decode()


def callstacks(report: str | Path) -> dict[tuple[str, ...], int]:
    assert {file.name for file in Path(report).iterdir()} == REPORT_FILES
    found = {}
    for line in (Path(report) / "peak-memory.prof").read_text().splitlines():
        frames, _, size = line.rpartition(" ")
        found[tuple(frames.split(";"))] = int(size)
    return found


def large(report: str | Path) -> dict[tuple[str, ...], int]:
    """MiB of the callstacks that hold at least one, by `line function` of their frames."""
    return {
        tuple(name_of(frame) for frame in frames): round(size / MIB)
        for frames, size in callstacks(report).items()
        if size >= MIB
    }


def name_of(frame: str) -> str:
    place, _, function = frame.rpartition(" (")
    return f"{place.rpartition(':')[2]} {function.rstrip(')')}"


# ---- plain Python --------------------------------------------------------------------------------


def test_it_is_that_very_process_and_plain_python(here):
    code = """
        import os, sys
        print(os.getpid(), sys.argv[1:], sys.flags.dont_write_bytecode, sys.flags.no_site)
        print(os.environ.get("LD_PRELOAD"), sys.gettrace(), sys.getprofile())
        print([name for name in sys.modules if "fil" in name.lower() and "profil" in name])
        print(subprocess := __import__("subprocess").run(["sh", "-c", "echo $LD_PRELOAD"],
              capture_output=True).stdout)
        try: os.wait()
        except ChildProcessError: print("no child")
        sys.exit(7)
    """
    with subprocess.Popen(
        [FIL_PROFILE, "--python", sys.executable, "python", "-BS", script("x.py", code), "-m", "a"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        output, errors = program.communicate(timeout=60)
    assert errors == b""
    assert output.decode().splitlines() == [
        f"{program.pid} ['-m', 'a'] 1 1",
        "None None None",
        "[]",
        "b'\\n'",
        "no child",
    ]
    assert program.returncode == 7
    assert list(here.iterdir()) == [here / "x.py"]


def test_any_flag_of_the_interpreter_and_standard_input_work(here):
    assert python("-c", "print(6 * 7)").stdout == b"42\n"
    assert (
        python("-X", "utf8", "-", input=b"import sys; print(sys.flags.utf8_mode)").stdout == b"1\n"
    )
    assert python("-m", "platform").stdout.startswith(b"Linux")


def test_a_python_that_is_not_there_is_refused():
    refused = run_plain([str(FIL_PROFILE), "--python", "./missing", "python", "x.py"])
    assert (refused.status, refused.stdout) == (2, b"")
    assert refused.stderr.startswith(PREFIX)


def watchers() -> list[str]:
    return [
        entry.name
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and executable_of(entry) == FIL_PROFILE.resolve()
    ]


def executable_of(process: Path) -> Path | None:
    try:
        return (process / "exe").resolve(strict=True)
    except OSError:
        return None


def test_the_watcher_ends_with_the_program_and_leaves_nothing(here, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(here))
    before = watchers()
    assert python("-c", "import time; time.sleep(0.1)", env=os.environ).status == 0
    wait_until(lambda: set(watchers()) <= set(before), "the watcher ends")
    assert list(here.iterdir()) == []


def test_a_pipe_is_closed_when_the_program_has_ended_and_signals_reach_it():
    started = time.monotonic()
    with subprocess.Popen(
        [FIL_PROFILE, "--python", sys.executable, "python", "-c", "print(1, flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdout.readline() == b"1\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=30) == -signal.SIGTERM
        assert program.stdout.read() == b""
    assert time.monotonic() - started < 30


# ---- profile() -----------------------------------------------------------------------------------

WORK = """\
from filprofiler.api import profile, profiling
def inner():
    return bytearray(20 << 20)
def work():
    first = inner()
    return len(first)
before = bytearray(50 << 20)
"""


def with_work(code: str) -> str:
    import textwrap

    return WORK + textwrap.dedent(code)


def run_work(code: str, **how) -> str:
    return in_python(with_work(code), **how)


def test_a_call_is_profiled_into_the_directory_and_its_value_passed_on(here):
    assert run_work("print(profile(work, 'a/b'))") == f"{20 << 20}\n"
    assert large("a/b") == {("5 work", "3 inner"): 20}
    page = Path("a/b/index.html").read_text()
    assert '"kind":"unknown"' in page.replace(" ", "")  # the program goes on, the part has ended


def test_the_root_of_every_callstack_is_the_callable(here):
    run_work("def main():\n    profile(lambda: work(), 'out')\nmain()")
    roots = {name_of(frames[0]) for frames in callstacks("out") if "[" not in frames[0]}
    assert roots == {"9 <lambda>"}


def test_exceptions_pass_through_and_there_is_a_report(here):
    code = """
        def fail():
            kept = inner()
            raise KeyError("mine")
        try:
            profile(fail, "out")
        except KeyError as error:
            print(error)
    """
    assert run_work(code) == "'mine'\n"
    assert large("out") == {("10 fail", "3 inner"): 20}


def test_several_calls_do_not_disturb_each_other_and_what_is_kept_is_not_counted_again(here):
    code = """
        kept = []
        for number in range(3):
            profile(lambda: kept.append(bytearray((number + 1) << 20)), f"out{number}")
        def free_all_then_work():
            global before
            kept.clear(); before = None
            return bytearray(7 << 20)
        profile(free_all_then_work, "last")
    """
    run_work(code)
    sizes = [sum(large(f"out{number}").values()) for number in range(3)]
    assert sizes == [1, 2, 3]
    assert large("last") == {("15 free_all_then_work",): 7}


def test_a_nested_or_overlapping_run_raises_and_the_first_goes_on(here):
    code = """
        import threading
        def outer():
            try: profile(work, "inner")
            except RuntimeError as error: print(error)
            def other():
                try: profile(work, "other")
                except RuntimeError as error: print(type(error).__name__)
            thread = threading.Thread(target=other); thread.start(); thread.join()
            return inner()
        print(len(profile(outer, "outer")))
        print(profile(work, "after"))
    """
    said = run_work(code).splitlines()
    assert "neither be nested nor overlap" in said[0]
    assert said[1:] == ["RuntimeError", str(20 << 20), str(20 << 20)]
    assert large("outer") == {("17 outer", "3 inner"): 20}
    assert not Path("inner").exists()
    assert not Path("other").exists()


def test_threads_started_before_are_seen_each_rooted_at_its_target(here):
    code = """
        import threading
        go, done, kept = threading.Event(), threading.Event(), []
        def target():
            kept.append(bytearray(3 << 20))
            go.wait()
            kept.append(bytearray(5 << 20))
            done.set()
        thread = threading.Thread(target=target); thread.start()
        def release():
            go.set(); done.wait()
        profile(release, "out")
        thread.join()
    """
    run_work(code)
    assert large("out") == {("14 target",): 5}


def test_numbers_and_callstacks_are_plain_objects(here):
    code = """
        with profiling("out") as p:
            kept = inner()
            kept = None
            kept = bytearray(1 << 20)
        print(p.peak_bytes)
        top = p.result.callstacks[0]
        print(top.bytes, top.frames[0].function, top.frames[-1].line, top.frames[-1].function)
        print(p.result.to_json())
    """
    peak, top, as_json = run_work(code).splitlines()
    assert 20 * MIB <= int(peak) < 21 * MIB
    size, first, line, last = top.split()
    assert int(size) >= 20 * MIB
    assert (first, line, last) == ("<module>", "3", "inner")
    result = json.loads(as_json)
    assert result["peak_bytes"] == int(peak)
    assert result["callstacks"][0]["frames"][-1]["function"] == "inner"
    assert sum(callstack["bytes"] for callstack in result["callstacks"]) == sum(
        callstacks("out").values()
    )


def test_a_block_is_rooted_at_the_function_it_is_in(here):
    code = """
        def main():
            with profiling("out"):
                work()
                kept = inner()
        def caller():
            main()
        caller()
    """
    run_work(code)
    assert large("out") == {("12 main", "3 inner"): 20}


def test_nothing_is_known_before_the_end(here):
    code = """
        with profiling("out") as p:
            try: p.peak_bytes
            except RuntimeError as error: print(error)
    """
    assert "has ended" in run_work(code)


def test_a_decorated_function_writes_a_report_for_each_call(here):
    code = """
        @profiling("out")
        def decorated(size):
            "its words"
            return len(bytearray(size << 20))
        print(decorated(2), decorated(size=4), decorated.profiled.peak_bytes >> 20)
        print(decorated.__name__, decorated.__doc__)
    """
    assert run_work(code) == f"{2 << 20} {4 << 20} 4\ndecorated its words\n"
    assert large("out") == {("12 decorated",): 2}
    assert large("out-2") == {("12 decorated",): 4}


def test_async_functions_are_profiled_until_they_are_done(here):
    code = """
        import asyncio
        async def load(size):
            await asyncio.sleep(0)
            kept = bytearray(size << 20)
            await asyncio.sleep(0)
            return len(kept)
        @profiling("decorated")
        async def decorated():
            return await load(4)
        async def main():
            print(await profile(lambda: load(2), "lambda"))
            async def three(): return await load(3)
            print(await profile(three, "function"))
            print(await decorated())
            try:
                await asyncio.gather(profile(three, "one"), profile(three, "two"))
            except RuntimeError as error:
                print("refused")
        asyncio.run(main())
    """
    assert run_work(code) == f"{2 << 20}\n{3 << 20}\n{4 << 20}\nrefused\n"
    assert large("lambda") == {("12 load",): 2}
    assert large("function") == {("20 three", "12 load"): 3}
    assert large("decorated") == {("17 decorated", "12 load"): 4}


def test_a_forked_child_leaves_the_parents_run_alone(here):
    code = """
        import os
        with profiling("out") as p:
            child = os.fork()
            if child == 0:
                more = bytearray(90 << 20)
            else:
                kept = inner()
                os.waitpid(child, 0)
        if child == 0:
            os._exit(0)
        print(p.peak_bytes >> 20)
    """
    assert run_work(code) == "20\n"
    assert sum(large("out").values()) == 20


def test_a_program_that_dies_in_a_run_leaves_its_report(here):
    code = with_work("""
        import os, signal
        def die():
            kept = inner()
            os.kill(os.getpid(), signal.SIGKILL)
        profile(die, "out")
    """)
    assert python(script("x.py", code)).status == -signal.SIGKILL
    wait_until(lambda: Path("out/index.html").exists(), "the report")
    assert large("out") == {("11 die", "3 inner"): 20}


def test_a_report_that_cannot_be_written_is_an_error_but_not_in_place_of_the_programs(here):
    Path("file").touch()
    code = """
        try: profile(work, "file")
        except RuntimeError as error: print(error)
    """
    assert "could not be written" in run_work(code)
    code = with_work("profile(lambda: 1 / 0, 'file')")
    failed = python(script("x.py", code))
    assert failed.status == 1
    assert b"ZeroDivisionError" in failed.own_stderr.splitlines()[-1]
    assert PREFIX in failed.stderr


def test_a_killed_watcher_costs_the_report_and_not_the_program(here, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(here))
    code = """
        import os, signal, pathlib
        for process in pathlib.Path("/proc").iterdir():
            try:
                is_fil = os.readlink(process / "exe").endswith("fil-profile")
                is_ours = b"killed.py" in (process / "cmdline").read_bytes()
            except OSError:
                continue
            if is_fil and is_ours:
                os.kill(int(process.name), signal.SIGKILL)
        try: profile(work, "out")
        except RuntimeError as error: print(error)
    """
    ended = python(script("killed.py", with_work(code)), env={**PATH, "TMPDIR": str(here)})
    assert (ended.status, ended.stderr) == (0, b"")
    assert b"could not be written" in ended.stdout


def test_the_source_of_code_that_is_in_no_file_is_shown(here):
    code = """
        import linecache, sys, zipfile
        text = "def made():\\n    return bytearray(3 << 20)  # out of nothing\\n"
        linecache.cache["<made>"] = (len(text), None, text.splitlines(keepends=True), "<made>")
        exec(compile(text, "<made>", "exec"))
        with zipfile.ZipFile("z.zip", "w") as z:
            z.writestr("zipped.py", "def go():\\n    return bytearray(2 << 20)  # in a zip\\n")
        sys.path.insert(0, "z.zip")
        import zipped
        def both():
            kept = made(), zipped.go()
        profile(both, "out")
    """
    run_work(code)
    page = Path("out/index.html").read_text()
    assert "# out of nothing" in page
    assert "# in a zip" in page


# ---- where it does not work ----------------------------------------------------------------------

TRY = "from filprofiler.api import profile\nprofile(lambda: print('called'), 'out')"


def test_without_fil_it_says_so():
    ended = run_plain([sys.executable, "-c", TRY], env=PATH)
    assert b"RuntimeError: Fil APIs can't be used from Python started without Fil" in ended.stderr
    assert ended.stdout == b""


def test_in_a_program_that_is_profiled_whole_it_says_so(here):
    run = [str(FIL_PROFILE), "--no-browser", "--python", sys.executable, "run"]
    ended = run_plain([*run, script("x.py", TRY)], env=PATH)
    assert b"RuntimeError: This whole program is being profiled" in ended.stderr


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_run_but_cannot_be_profiled(here, method):
    code = """
        import multiprocessing
        def child(queue):
            try: profile(work, "child")
            except RuntimeError as error: queue.put(str(error))
        def start():
            queue = context.Queue()
            process = context.Process(target=child, args=(queue,)); process.start()
            print(queue.get(timeout=30)); process.join()
        if __name__ == "__main__":
            context = multiprocessing.get_context(METHOD)
            profile(start, "out")
    """
    assert "does not yet support tracing in subprocesses" in run_work(
        code.replace("METHOD", repr(method))
    )
    assert not Path("child").exists()


def test_a_preload_that_failed_is_named():
    code = "import os; os.environ['FIL_PROGRAM'] = str(os.getpid())\n" + TRY
    ended = run_plain([sys.executable, "-c", code], env=PATH)
    assert b"failed to preload the Fil shared library" in ended.stderr


# ---- the command as a module ---------------------------------------------------------------------


def test_the_package_is_the_command_too(here):
    module = [sys.executable, "-m", "filprofiler"]
    assert run_plain(module, env=PATH).stdout == run_plain([str(FIL_PROFILE)]).stdout
    code = "import os, sys; print(sys.executable, os.environ.get('FIL_PYTHON'))"
    ended = run_plain([*module, "python", "-c", code], env=PATH)
    assert ended.stdout.decode() == f"{sys.executable} None\n"
