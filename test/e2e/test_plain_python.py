"""`fil-profile python`: a plain interpreter and its watcher; where parts cannot be profiled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import script, wait_until
from parts import PATH, in_python, python, run_work, with_watcher
from profiling import FIL_PROFILE, PREFIX, run_plain


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


def watchers_in(here: Path) -> list[str]:
    return [
        entry.name
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
        and link_of(entry / "exe") == FIL_PROFILE.resolve()
        and link_of(entry / "cwd") == here.resolve()
    ]


def link_of(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except OSError:
        return None


def test_the_watcher_ends_with_the_program_and_leaves_nothing(here, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(here))
    assert python("-c", "import time; time.sleep(0.1)", env=os.environ).status == 0
    wait_until(lambda: not watchers_in(here), "the watcher ends")
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


def test_a_killed_watcher_costs_the_report_and_not_the_program(here, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(here))
    code = """
        import os, signal
        os.kill(watcher(), signal.SIGKILL)
        try: profile(work, "out")
        except RuntimeError as error: print(error)
    """
    program = script("killed.py", with_watcher(code))
    ended = python(program, env={**PATH, "TMPDIR": str(here)})
    assert (ended.status, ended.stderr) == (0, b"")
    assert b"could not be written" in ended.stdout


def test_between_runs_the_watcher_sleeps(here):
    code = """
        import pathlib, time
        pid = watcher()  # before it has a child, which makes the report
        def waits():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            return int(status.partition("\\nvoluntary_ctxt_switches:")[2].split()[0])
        profile(work, "out")
        time.sleep(0.5)
        before = waits()
        time.sleep(1)
        print(waits() - before)
    """
    assert int(in_python(with_watcher(code))) < 20  # in a run it looks 50 times a second


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
