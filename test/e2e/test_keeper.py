"""fil-profile itself is killed: the program dies with it; but what was recorded of all processes is
left in files, of which `fil-profile report` draws the truth."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command import is_alive, running, script, wait_until
from json_report import checked
from profiling import FIL_PROFILE, PREFIX

HOLD = """
    import os, signal, subprocess, time
    def hold(size):
        return bytearray(size)
    def child(size, until):
        (waits, begun) = os.pipe()
        pid = os.fork()
        if pid == 0:
            own = hold(size)
            os.close(begun)
            until()
            os._exit(0)
        os.close(begun)
        os.read(waits, 1)
        return pid
    def end(at_most=time.monotonic() + 30):
        while not os.path.exists("end") and time.monotonic() < at_most:
            time.sleep(0.01)
    def ready():
        print("ready", flush=True)
        signal.pause()
"""
NATIVE = """
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>
    char* hold(size_t size) { return memset(malloc(size), 1, size); }
    int main() {
        char* own = hold(40000000);
        write(1, "x", 1);
        for (int i = 0; i < 3000 && access("end", F_OK) != 0; ++i) usleep(10000);
        return own[0] - 1;
    }
"""
TREE = """
    first = child(20_000_000, end)
    second = child(25_000_000, end)
    native = subprocess.Popen(["./native"], stdout=subprocess.PIPE)
    native.stdout.read(1)
    own = hold(30_000_000)
    ready()
"""


def keepers_of(supervisor: int) -> list[int]:
    """Nobody's children that are called so, and tell errors where the supervisor does."""
    errors = Path(f"/proc/{supervisor}/fd/2").readlink()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_one = (process / "comm").read_text() == "fil-keeper\n"
            if is_one and (process / "fd/2").readlink() == errors:
                found.append(int(process.name))
    return found


def keeper_of(supervisor: int) -> int:
    """It takes its name when it is under way, which the program does not wait for."""
    wait_until(lambda: keepers_of(supervisor), "there is a keeper")
    (pid,) = keepers_of(supervisor)
    return pid


def said_before(stream) -> bytes:
    os.set_blocking(stream.fileno(), False)
    return stream.read() or b""


def killed(body: str, how=lambda supervisor: supervisor.kill(), **more) -> tuple[str, str]:
    """The program says ready, and fil-profile is killed: what was said then, and the folder."""
    script("x.py", HOLD + body)
    with running("x.py", **more) as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        keeper = keeper_of(supervisor.pid)
        said_before(supervisor.stderr)
        how(supervisor)
        assert supervisor.wait() == -signal.SIGKILL
        wait_until(lambda: not is_alive(keeper), "the keeper ends")
        (line,) = said_before(supervisor.stderr).decode().splitlines()
    assert line.startswith(PREFIX.decode() + "fil-profile was killed, and the program with it")
    return line, line.partition("fil-profile report ")[2]


def report_of(folder: str) -> dict:
    made = subprocess.run(
        [FIL_PROFILE, "report", "--format", "json", folder], capture_output=True, check=True
    )
    assert made.stderr == b""
    return checked(made.stdout)


def large(report: dict) -> list[int]:
    return sorted(step["bytes"] for step in report["callstacks"] if step["bytes"] > 1_500_000)


def native() -> None:
    script("native.c", NATIVE)
    subprocess.run(["gcc", "-g", "-O0", "native.c", "-o", "native"], check=True)


def test_what_all_processes_held_is_kept(here):
    native()
    line, folder = killed(TREE)
    Path("end").write_text("")
    assert Path(folder).parent == Path("out").resolve()
    assert "3 processes it started run on" in line
    report = report_of(folder)
    sizes = [20_000_000, 25_000_000, 30_000_000, 40_000_000]
    assert [size for size in large(report) if size >= 20_000_000] == pytest.approx(sizes, rel=0.01)
    assert report["peak"]["bytes"] == pytest.approx(sum(sizes), rel=0.1)
    lines = {(line["file"].rpartition("/")[2], line["line"]): line for line in report["lines"]}
    assert lines["x.py", 4]["bytes"] == pytest.approx(75_000_000, rel=0.01)
    assert lines["native.c", 5]["bytes"] == pytest.approx(40_000_000, rel=0.01)
    assert sorted(one["name"] for one in report["processes"]).count("python x.py") == 3
    assert "fil-profile was killed" in " ".join(report["notes"])
    assert report["program"]["command"] == "x.py"


def test_the_whole_group_is_killed(here):
    native()
    line, folder = killed(TREE, lambda at: os.killpg(at.pid, signal.SIGKILL), process_group=0)
    assert "run on" not in line
    assert large(report_of(folder))[-4:] == pytest.approx(
        [20_000_000, 25_000_000, 30_000_000, 40_000_000], rel=0.01
    )


def test_who_ended_is_kept_while_the_peak_stands(here):
    """The first two had no part in the peak, the others have, and ended afterwards."""
    _, folder = killed(
        """
    for _ in range(2):
        os.waitpid(child(5_000_000, lambda: None), 0)
    for pid in [child(20_000_000, signal.pause) for _ in range(3)]:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    child(1_000_000, lambda: None)
    own = hold(2_000_000)
    ready()
        """
    )
    report = report_of(folder)
    assert large(report) == pytest.approx([20_000_000] * 3, rel=0.01)
    assert len(report["processes"]) == 4


def test_each_image_of_a_process_is_kept(here):
    native()
    _, folder = killed(
        """
    until = lambda: os.execv("./native", ["native"])
    (waits, begun) = os.pipe()
    if os.fork() == 0:
        before = hold(60_000_000)
        os.dup2(begun, 1)
        until()
    os.read(waits, 1)
    ready()
        """
    )
    report = report_of(folder)
    assert large(report)[-1] == pytest.approx(60_000_000, rel=0.01)


@pytest.mark.parametrize("after_seconds", [0.05, 0.15, 0.4])
def test_a_busy_program_at_any_moment(here, after_seconds):
    """It says in a file, before and after, how much it holds."""

    def kill(supervisor):
        time.sleep(after_seconds)
        supervisor.kill()

    _, folder = killed(
        """
    print("ready", flush=True)
    held = []
    with open("log", "w") as log:
        for n in range(10_000):
            held.append(hold(200_000))
            if n % 20 == 0:
                os.waitpid(child(100_000, lambda: None), 0)
            print(n + 1, file=log, flush=True)
        """,
        kill,
    )
    done = int((Path("log").read_text().split("\n") or ["0"])[-2])
    kept = sum(size for size in large(report_of(folder)))
    assert 200_000 * done <= kept + 2_000_000 <= 200_000 * (done + 1) + 4_000_000


def test_nothing_is_left_of_it_after_a_usual_end(here):
    script("x.py", HOLD + "    child(1_000_000, lambda: None)\n    ready()")
    with running("x.py", process_group=0) as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        keeper = keeper_of(supervisor.pid)
        assert os.getsid(keeper) == os.getpgid(keeper) == keeper
        files = {name.readlink() for name in Path(f"/proc/{keeper}/fd").iterdir()}
        assert Path(f"/proc/{supervisor.pid}/fd/1").readlink() not in files
        assert len(files) == 3  # nothing of anybody, errors, the line
        os.kill(supervisor.pid, signal.SIGTERM)
        assert supervisor.wait() == -signal.SIGTERM
        assert not is_alive(keeper)
        assert b"fil-profile was killed" not in supervisor.stderr.read()
    names = [path.name for path in Path("out").iterdir()]
    assert len(names) == 2 and "latest" in names


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_program_does_not_need_it(here, how):
    """It is killed, or stopped, so that nothing is heard of some hundred processes."""
    script(
        "x.py",
        HOLD
        + """
    print("ready", flush=True)
    input()
    for _ in range(300):
        os.waitpid(child(10_000, lambda: None), 0)
    own = hold(30_000_000)
        """,
    )
    with running("x.py", stdin=subprocess.PIPE) as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        keeper = keeper_of(supervisor.pid)
        os.kill(keeper, how)
        supervisor.stdin.write(b"\n")
        supervisor.stdin.close()
        assert supervisor.wait() == 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGKILL)
    (report,) = [path for path in Path("out").iterdir() if path.name != "latest"]
    assert large(report_of(str(report)))[-1] == pytest.approx(30_000_000, rel=0.01)


def test_where_the_folder_of_reports_is_no_more(here):
    """Then it is where temporary files go."""
    Path("tmp").mkdir()

    def kill(supervisor):
        Path("out").rmdir()
        Path("out").write_text("")
        supervisor.kill()

    where = {**os.environ, "TMPDIR": str(Path("tmp").resolve())}
    _, folder = killed("    own = hold(30_000_000)\n    ready()", kill, env=where)
    assert Path(folder).parent == Path("tmp").resolve()
    assert [path.name for path in Path("tmp").iterdir()] == [Path(folder).name]
    assert large(report_of(folder)) == pytest.approx([30_000_000], rel=0.01)
