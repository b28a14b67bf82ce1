"""Children that changed what a process is: each is recorded, or said to be not."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from command import profiled, script
from conservation import model_of
from profiling import FIL_PROFILE, MIB, Profiled, run_plain, run_profiled

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root changes its user or root")

# child(n) is a process that holds n bytes for a moment.
HOLD = """
    import ctypes, os, resource, shutil, subprocess, sys, time
    def hold(what):
        block = bytes(what)
        time.sleep(0.2)
        os._exit(0 if len(block) == what else 1)
    def child(what):
        return os.fork() or hold(what)
    def ended(*children):
        return [os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in children]
"""


def ran(body: str, *arguments: str) -> Profiled:
    script("x.py", HOLD + body)
    ended = profiled("x.py", *arguments)
    assert ended.status == 7, ended.stderr.decode()
    return ended


def held_by(ended: Profiled, function: str) -> int:
    return sum(
        held
        for frames, held in ended.callstacks.items()
        if any(frame.endswith(f"({function})") for frame in frames)
    )


def native(source: str, name: str, *options: str) -> None:
    script(f"{name}.c", source)
    subprocess.run(["gcc", "-g", "-O0", f"{name}.c", "-o", name, *options], check=True)


@needs_root
def test_workers_of_a_root_that_became_somebody_else(here):
    ended = ran(
        """
    master = bytes(3_000_000)
    os.setgid(65534)
    os.setuid(65534)
    raise SystemExit(7 if ended(child(25_000_000), child(25_000_000)) == [0, 0] else 8)
        """
    )
    assert held_by(ended, "hold") == pytest.approx(50_000_000, rel=0.01)
    assert b"not recorded" not in ended.stderr


@needs_root
def test_a_program_that_is_started_as_somebody_else(here):
    ended = profiled(
        *"setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/python3 -c".split(),
        "block = bytes(20_000_000); raise SystemExit(7)",
    )
    assert ended.status == 7
    assert ended.peak >= 20_000_000
    assert b"not recorded" not in ended.stderr


@needs_root
@pytest.mark.parametrize("network", ["the same", "another"])
def test_workers_in_another_root_directory(here, network):
    """Where the network is another one too, no address leads to the session: that is said."""
    ended = ran(
        """
    os.mkdir("root")
    os.chmod("root", 0o755)
    if os.fork() == 0:
        kept = bytes(1_000_000)
        if sys.argv[1] == "another" and ctypes.CDLL(None).unshare(0x40000000) != 0:
            os._exit(9)
        os.chroot("root")
        os.setuid(65534)
        os._exit(ended(child(20_000_000))[0])
    status = os.waitstatus_to_exitcode(os.wait()[1])
    raise SystemExit(7 if status in (0, 9) else 8)
        """,
        network,
    )
    if network == "the same":
        assert held_by(ended, "hold") == 20_000_000 + 33
        assert b"not recorded" not in ended.stderr
    else:
        assert held_by(ended, "hold") == 0
        said = b"1 process was not recorded, since fil-profile's socket is out of sight"
        assert said in ended.stderr


def test_children_of_a_program_that_is_linked_statically(here):
    native("#include <unistd.h>\nint main(int c, char **v) { execvp(v[1], v + 1); return 9; }",
           "helper", "-static")  # fmt: skip
    script("prog.py", "import os\nblock = bytes(20_000_000)\nraise SystemExit(7)")
    between = profiled("/bin/sh", "-c", "./helper /usr/bin/python3 prog.py; exit $?")
    assert between.status == 7
    assert between.peak >= 20_000_000
    assert b"1 child process ran unrecorded (static" in between.stderr

    first = run_profiled(here / "first", ["./helper", "/usr/bin/python3", "prog.py"])
    assert first.status == 7
    assert first.peak >= 20_000_000
    assert b"./helper itself is not recorded, since it is statically linked" in first.stderr

    alone = run_profiled(here / "alone", ["./helper", "--nothing-to-start"])
    assert b"cannot profile ./helper: it is statically linked" in alone.stderr


@needs_root
def test_a_library_that_others_may_not_read(here):
    """As where it was installed below /root: what becomes somebody else finds a copy."""
    Path("private").mkdir(mode=0o700)
    for file in [FIL_PROFILE, FIL_PROFILE.resolve().parents[1] / "preload" / "libfil_preload.so"]:
        shutil.copy(file.resolve(), "private")
    native(
        """
        #include <unistd.h>
        int main(int c, char **v) {
            if (setgid(65534) || setuid(65534)) return 8;
            execvp(v[1], v + 1);
            return 9;
        }
        """,
        "gosu",
        "-static",
    )
    code = "block = bytes(20_000_000)"
    command = ["private/fil-profile", "--no-browser", "-o", "out", "run", "./gosu"]
    ended = run_plain([*command, "/usr/bin/python3", "-c", code])
    assert (ended.status, ended.own_stderr) == (0, b"")
    assert Profiled(0, b"", b"", here / "out").peak >= 20_000_000
    assert not list(Path(tempfile.gettempdir()).glob("fil-copy-*/libfil_preload.so"))


def test_a_program_that_never_connects_is_counted(here):
    """Its environment is so large that we pass it on as it is, and names no library."""
    ended = ran(
        """
    large = {f"V{i}": "x" for i in range(5000)}
    small = {"PATH": "/bin"}
    for environment in (large, small, large):
        os.waitpid(os.posix_spawn("/bin/true", ["true"], environment), 0)
    raise SystemExit(7)
        """
    )
    said = re.findall(rb"(.*) never connected: ended at once, or", ended.stderr)
    assert said == [b"=fil-profile= 2 programs that were started"]


def test_a_daemon_whose_parent_leaves_at_once(here):
    native(
        """
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>
        int main(void) {
            int begun[2];
            char c;
            if (pipe(begun) || dup2(begun[1], 100) < 0) return 8;
            if (fork()) return close(begun[1]), close(100), read(begun[0], &c, 1) == 1 ? 7 : 8;
            setsid();
            if (fork()) _exit(0);
            for (int i = 0; i < 64; i++) close(i);
            for (int i = 0; i < 90; i++) {
                free(memset(malloc(1 << 20), 1, 1 << 20));
                if (i == 0 && write(100, "x", 1) != 1) return 1;
                usleep(30000);
            }
        }
        """,
        "daemon",
    )
    ended = profiled("./daemon")
    assert ended.status == 7
    assert re.search(rb"PID \d+ \(./daemon\) is still running", ended.stderr)
    assert b"not recorded, since" not in ended.stderr


def test_thirty_children_where_address_space_is_limited(here):
    """Nobody reserves what it does not use: no child, and the supervisor for none."""
    script("x.py", HOLD + """
    children = [child(2_000_000) for _ in range(30)]
    raise SystemExit(7 if not any(ended(*children)) else 8)
    """)  # fmt: skip
    ended = profiled("x.py", preexec_fn=lambda: limit_address_space(300 * MIB))
    assert ended.status == 7
    assert b"not recorded" not in ended.stderr
    facts = model_of(ended.report)["facts"]
    assert len(facts["processes"]) + facts["others"]["count"] == 31


def limit_address_space(most: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def test_a_limit_that_a_program_computes_from_its_own_size(here):
    """Little is reserved, so that such a limit is as useful as without us."""
    ended = ran(
        """
    size = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (size + 60_000_000, -1))
    kept = [bytes(2_000_000) for _ in range(10)]
    raise SystemExit(7 if size < 200_000_000 else 8)
        """
    )
    assert ended.peak >= 20_000_000


@pytest.mark.parametrize("what", ["descriptors", "files", "folder"])
def test_a_program_that_leaves_its_children_little(here, what):
    limits = {
        "descriptors": "resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))",
        "files": "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))",
        "folder": "shutil.rmtree(os.path.dirname(os.environ['FIL_SESSION'].split(':', 3)[3]))",
    }
    ended = ran(
        f"""
    {limits[what]}
    forked = child(20_000_000)
    words = ["python3", "-IS", "-c", "block = bytes(20_000_000)"]
    started = os.posix_spawn("/usr/bin/python3", words, os.environ)
    raise SystemExit(7 if ended(forked, started) == [0, 0] else 8)
        """
    )
    if what == "descriptors":
        assert b"2 processes were not recorded, since the system refused" in ended.stderr
        assert b"Too many open files" in ended.stderr
    else:
        assert held_by(ended, "hold") == 20_000_000 + 33
        assert b"not recorded" not in ended.stderr


def test_a_supervisor_that_is_stopped_for_a_second(here):
    """A machine that stands still, or a report that takes long: children wait for it."""
    ended = ran(
        """
    supervisor = os.getppid()
    if os.fork() == 0:
        kept = bytes(1000)
        time.sleep(1.3)
        os.kill(supervisor, 18)
        os._exit(0)
    time.sleep(0.3)
    os.kill(supervisor, 19)
    started = child(20_000_000)
    raise SystemExit(7 if ended(started) == [0] else 8)
        """
    )
    assert held_by(ended, "hold") == 20_000_000 + 33
    assert b"not recorded" not in ended.stderr
