"""FIL_OUTPUT=dir LD_PRELOAD=libfil_preload.so program: recordings are files, whatever ends it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command import script, wait_until
from profiling import PREFIX, run_plain
from session_folder import environment, held_in, large_in, live_in, preload_path, sessions

PYTHON = sys.executable


def run(*command: str, **how):
    return run_plain([*command], env=how.pop("env", None) or environment(), **how)


def test_its_lines_are_in_a_file_of_its_own(here):
    script("x.py", "def hold():\n    return bytearray(30_000_000)\nkept = hold()\nprint('done')")
    ended = run(PYTHON, "x.py")
    assert (ended.status, ended.stdout, ended.stderr) == (0, b"done\n", b"")
    (session,) = sessions()
    (held,) = held_in(session).values()
    at = [size for stack, size in held.items() if stack.endswith("x.py:2 (hold)")]
    assert at == [pytest.approx(30_000_000, abs=1000)]
    assert live_in(session) == 0
    names = {file.name.partition(".")[2] for file in session.iterdir()}
    assert names == {"", "recording"}
    assert (session.stat().st_mode & 0o777, (session / "session").stat().st_mode & 0o777) == (
        0o700,
        0o600,
    )


TREE = """
    import os, subprocess, sys
    held = bytearray(20_000_000)
    (begun, says), (waits, end) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        own = bytearray(30_000_000)
        os.write(says, b"x")
        os.close(end)
        os.read(waits, 1)
        os._exit(0)
    os.read(begun, 1)
    code = "held = bytearray(40_000_000)"
    subprocess.run([sys.executable, "-c", code], check=True, env=ENV)
    os.close(end)
    os.waitpid(pid, 0)
    print("done")
"""


@pytest.mark.parametrize("variables", ["None", "{'PATH': os.environ['PATH']}"])
def test_all_that_it_starts_are_one_session_with_one_peak(here, variables):
    """Forked and executed, also where the program drops our variables."""
    script("x.py", TREE.replace("ENV", variables))
    ended = run(PYTHON, "x.py")
    assert (ended.status, ended.stdout, ended.stderr) == (0, b"done\n", b"")
    (session,) = sessions()
    expected = [20_000_000, 30_000_000, 40_000_000]
    assert large_in(session) == pytest.approx(expected, rel=0.1)
    assert live_in(session) == 0


@pytest.mark.parametrize("shell", ["sh", "bash"])  # bash writes into its environment's texts
def test_a_shell_and_its_commands_are_one_session(here, shell):
    script("x.py", "kept = bytearray(30_000_000)")
    ended = run(shell, "-c", f"true; {PYTHON} x.py; true")
    assert (ended.status, ended.stderr) == (0, b"")
    (session,) = sessions()
    assert large_in(session) == pytest.approx([30_000_000], rel=0.1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_signal_costs_nothing(here, number):
    script("x.py", f"import os\nkept = bytearray(30_000_000)\nos.kill(os.getpid(), {int(number)})")
    ended = run(PYTHON, "x.py")
    assert (ended.status, ended.stderr) == (-number, b"")
    assert large_in(*sessions()) == pytest.approx([30_000_000], rel=0.1)


def test_what_a_killed_child_held_is_gone_when_it_is_reaped(here):
    script(
        "x.py",
        """
        import os, signal
        pid = os.fork()
        if pid == 0:
            kept = bytearray(50_000_000)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(pid, 0)
        kept = bytearray(60_000_000)
        """,
    )
    assert run(PYTHON, "x.py").status == 0
    (session,) = sessions()
    assert large_in(session) == pytest.approx([60_000_000], rel=0.1)
    assert live_in(session) == 0


def test_recordings_of_children_that_no_report_needs_do_not_stay(here):
    script("x.py", "import os\nkept = bytearray(30_000_000)\nfor _ in range(30): os.system('true')")
    assert run(PYTHON, "x.py").status == 0
    assert len(list(sessions()[0].iterdir())) <= 4


def test_an_image_that_replaces_itself_leaves_both(here):
    script(
        "x.py",
        """
        import os, sys
        kept = bytearray(30_000_000)
        if len(sys.argv) < 2:
            os.execv(sys.executable, [sys.executable, __file__, "again"])
        more = bytearray(10_000_000)
        """,
    )
    assert run(PYTHON, "x.py").status == 0
    (session,) = sessions()
    assert large_in(session) == pytest.approx([40_000_000], rel=0.1)


def test_a_name_that_is_relative_is_that_of_the_start(here):
    Path("elsewhere").mkdir()
    code = "import os; os.chdir('elsewhere'); os.system('true'); x = bytearray(20_000_000)"
    assert run(PYTHON, "-c", code, env=environment("a/b")).stderr == b""
    assert large_in(*sessions("a/b")) == pytest.approx([20_000_000], rel=0.1)
    assert list(Path("elsewhere").iterdir()) == []


def test_an_environment_with_nothing_else_will_do(here):
    code = "x = bytearray(20_000_000)"
    ended = run(PYTHON, "-c", code, env={"FIL_OUTPUT": "out", "LD_PRELOAD": preload_path()})
    assert (ended.status, ended.stderr) == (0, b"")
    assert large_in(*sessions()) == pytest.approx([20_000_000], rel=0.1)


def test_two_programs_are_two_sessions(here):
    for _ in range(2):
        run(PYTHON, "-c", "x = bytearray(20_000_000)")
    assert [large_in(session) for session in sessions()] == [
        pytest.approx([20_000_000], rel=0.1)
    ] * 2


# ---- where it cannot be recorded, it runs as it would ----


def test_a_place_that_cannot_be_written_to_is_one_line(here):
    Path("out").write_text("a file")
    ended = run("/bin/sh", "-c", f"{PYTHON} -c 'print(1)'; {PYTHON} -c 'print(2)'")
    assert ended.stdout == b"1\n2\n"
    place = Path("out").absolute()
    said = f"=fil-profile= Not recorded: cannot write to {place}: Not a directory\n"
    assert ended.stderr.decode() == said


MANY_CALLSTACKS = """
kept = []
def branch(depth):
    if depth == 0:
        kept.append(bytearray(64))
    else:
        branch(depth - 1)
        branch(depth - 1)
branch(14)
print("done", len(kept))
"""


@pytest.mark.parametrize("kilobytes", [16, 200, 1000])
def test_a_full_disk_ends_nobody(here, kilobytes):
    script("x.py", MANY_CALLSTACKS)
    Path("small").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", "small"]
    if os.geteuid() != 0 or run_plain(mount).status != 0:
        pytest.skip("no file system can be mounted here")
    try:
        ended = run(PYTHON, "x.py", env=environment("small"))
    finally:
        run_plain(["umount", "small"])
    assert (ended.status, ended.stdout) == (0, b"done 16384\n")
    assert ended.own_stderr == b"" and ended.stderr.count(b"\n") <= 1


def test_files_that_may_not_grow_end_nobody(here):
    script("x.py", MANY_CALLSTACKS)
    ended = run("/bin/bash", "-c", f"ulimit -f 1000; {PYTHON} x.py")
    assert ended.stdout == b"done 16384\n"
    assert ended.stderr.startswith(PREFIX)


def test_a_folder_that_is_removed_meanwhile_ends_nobody(here):
    script("x.py", "import shutil; shutil.rmtree('out')\n" + MANY_CALLSTACKS)
    ended = run(PYTHON, "x.py")
    assert (ended.status, ended.stdout, ended.own_stderr) == (0, b"done 16384\n", b"")


def test_a_report_signal_is_the_programs_own(here):
    """Nobody would write a report: it does what it does without us."""
    code = "import os, signal; os.kill(os.getpid(), signal.SIGUSR2)"
    assert run(PYTHON, "-c", code).status == -signal.SIGUSR2


# ---- surroundings --------------------------------------------------------------------------------


def test_under_timeout_it_ends_by_its_signal(here):
    script(
        "x.py", "import time\nx = bytearray(20_000_000)\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    ended = run("timeout", "-s", "KILL", "1", PYTHON, "x.py")
    assert ended.stdout == b"ready\n"
    assert large_in(*sessions()) == pytest.approx([20_000_000], rel=0.1)


def test_a_daemon_whose_parents_are_gone_is_recorded_to_its_end(here):
    script(
        "x.py",
        """
        import os, time
        if os.fork(): os._exit(0)
        os.setsid()
        if os.fork(): os._exit(0)
        os.closerange(0, 1000)
        kept = bytearray(30_000_000)
        open("ended", "w").close()
        """,
    )
    assert run(PYTHON, "x.py").status == 0
    wait_until(lambda: Path("ended").exists(), "the daemon has its memory")
    wait_until(lambda: live_in(sessions()[0]) == 0, "the daemon ends")
    assert large_in(*sessions()) == pytest.approx([30_000_000], rel=0.1)


def test_a_child_under_another_user_records_on_or_runs_plain(here):
    if os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    script(
        "x.py",
        """
        import os
        pid = os.fork()
        if pid == 0:
            os.setuid(65534)
            kept = [bytearray(100_000) for _ in range(300)]
            os._exit(0)
        print(os.waitpid(pid, 0)[1])
        """,
    )
    ended = run(PYTHON, "x.py")
    assert (ended.stdout, ended.stderr) == (b"0\n", b"")
    assert large_in(*sessions()) == pytest.approx([30_000_000], rel=0.1)


@pytest.mark.skipif(shutil.which("mpirun") is None, reason="there is no Open MPI")
def test_the_ranks_of_mpirun_are_one_session(here):
    script("x.py", "import time\nx = bytearray(20_000_000)\ntime.sleep(2)")
    command = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "4", PYTHON, "x.py"]
    done = subprocess.run(command, env=environment(), capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (session,) = sessions()
    assert large_in(session) == pytest.approx([20_000_000] * 4, rel=0.1)
