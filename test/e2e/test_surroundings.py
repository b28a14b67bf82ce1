"""What is missing or unusual around a program: descriptors, a temporary directory, /proc, leave to
read the program, the dynamic loader as the program. A report, or one line that names the reason."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from command import PROFILED, executable, profiled, script, wait_until
from profiling import FIL_PROFILE, MIB, PREFIX, Profiled, run_plain

NOBODY = 65534
HOLDS = """
    import threading
    held = [bytearray(1000) for _ in range(20_000)]
    thread = threading.Thread(target=lambda: held.append(bytearray(3_000_000)))
    thread.start(), thread.join()
    print(len(held))
"""
TAKES = """
#include <stdlib.h>
__attribute__((noinline)) char *take(size_t n) { return malloc(n); }
int main(void) { return take(9 << 20) == NULL; }
"""


@pytest.fixture
def take(here: Path) -> str:
    script("take.c", TAKES)
    built = run_plain(["cc", "-g", "-O1", "-fno-builtin", "take.c", "-o", "take"])
    assert built.status == 0, built.stderr.decode()
    return "./take"


def of_ours(ended: Profiled) -> list[str]:
    return [line.decode() for line in ended.stderr.splitlines() if line.startswith(PREFIX)]


# ---- few descriptors -----------------------------------------------------------------------------


def with_descriptors(count: int) -> Profiled:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))

    return profiled(script("x.py", HOLDS), preexec_fn=limit)


@pytest.mark.parametrize("count", [15, 16, 18, 22])
def test_a_program_with_few_descriptors_is_recorded(here, count):
    ended = with_descriptors(count)
    assert (ended.status, ended.stdout, ended.own_stderr) == (0, b"20001\n", b"")
    lines = {frames[0]: size for frames, size in ended.callstacks.items()}
    assert sum(size for frame, size in lines.items() if "x.py:3 " in frame) > 20_000_000
    assert any("x.py:4 (<lambda>)" in frames[-1] for frames in ended.callstacks)


@pytest.mark.parametrize("count", [5, 7, 8, 9, 10, 12, 14])
def test_where_even_those_are_not_left_it_runs_and_the_reason_is_said(here, count):
    ended = with_descriptors(count)
    assert (ended.status, ended.stdout, ended.own_stderr) == (0, b"20001\n", b"")
    assert of_ours(ended)[-1].endswith(f"too few files may be open at a time (ulimit -n: {count}).")
    assert list(Path("out").glob("*")) == []


@pytest.mark.parametrize(("count", "is_said"), [(15, True), (16, True), (40, False)])
def test_where_low_memory_cannot_be_watched_for_that_is_said(here, count, is_said):
    said = [line for line in of_ours(with_descriptors(count)) if "memory runs low" in line]
    assert len(said) == is_said


# Each goes on until all of them are there.
MANY = """
    for i in $(seq 40); do sh -c 'echo >> ready; exec sleep 60' & all="$all $!"; done
    until [ "$(wc -l < ready)" = 40 ]; do sleep 0.02; done
    kill $all
    wait
    exit 5
"""


@pytest.mark.parametrize("kind", ["soft", "hard"])
def test_recordings_that_are_too_many_for_fil_profile_are_said_to_be(here, kind):
    """Where its own soft limit is in the way, it takes what it may have."""
    option = "-S" if kind == "soft" else ""
    limited = ["bash", "-c", f'ulimit {option} -v 100000; exec "$@"', "bash"]
    Path("ready").touch()
    ended = run_plain([*limited, *PROFILED, "/bin/sh", "-c", MANY])
    assert (ended.status, ended.stdout) == (5, b""), ended.stderr.decode()
    refused = b"processes were not recorded, since the system refused mmap: Cannot allocate memory."
    assert (refused in ended.stderr) == (kind == "hard"), ended.stderr.decode()


# ---- no temporary directory, no /proc ------------------------------------------------------------


@pytest.mark.parametrize("directory", ["/nowhere", "/proc", "x.py", "", "/" + "long" * 50])
def test_a_tmpdir_that_cannot_serve_is_no_matter(here, directory):
    ended = profiled(script("x.py", HOLDS), env={**os.environ, "TMPDIR": directory})
    assert (ended.status, ended.stdout, ended.own_stderr) == (0, b"20001\n", b"")
    assert ended.peak > 20_000_000


def in_a_mount_namespace(*command: str) -> list[str]:
    alone = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    if run_plain([*alone, "true"]).status != 0:
        pytest.skip("this user may not mount")
    return [*alone, *command]


def test_without_proc_a_program_is_recorded(take):
    options = ["--no-browser", "-o", "out", "run"]
    ran = run_plain(in_a_mount_namespace(str(FIL_PROFILE), *options, take))
    ended = Profiled(ran.status, ran.stdout, ran.stderr, Path("out"))
    assert (ended.status, ended.own_stderr) == (0, b""), ended.stderr
    assert ended.peak >= 9 * MIB


def test_without_a_library_one_line_says_where_it_was_looked_for(here):
    shutil.copy(FIL_PROFILE.resolve(), here / "fil-profile")
    refused = run_plain(["./fil-profile", "run", "/bin/true"])
    where = f"cannot find libfil_preload.so near {here.resolve()}/fil-profile\n"
    assert (refused.status, refused.stderr) == (2, PREFIX + where.encode())


# ---- programs ------------------------------------------------------------------------------------


@pytest.fixture
def nobody() -> dict:
    """How to run as somebody else, in a directory where that one may write."""
    if os.getuid() != 0:
        pytest.skip("only root becomes somebody else")

    def become() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    how = {"preexec_fn": become}
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o777)
        try:
            run_plain([str(FIL_PROFILE), "--version"], cwd=open_to_all, **how)
        except PermissionError:
            pytest.skip(f"nobody may not run {FIL_PROFILE}")
        yield {"cwd": open_to_all, **how}


def test_a_program_that_may_be_executed_and_not_read_runs_as_it_would(take, nobody):
    program = shutil.copy(take, nobody["cwd"])
    Path(program).chmod(0o711)
    options = ["--no-browser", "-o", "out", "run"]
    ran = run_plain([str(FIL_PROFILE), *options, "./take"], **nobody)
    ended = Profiled(ran.status, ran.stdout, ran.stderr, Path(nobody["cwd"], "out"))
    assert (ended.status, ended.own_stderr) == (0, b"")
    assert ended.peak >= 9 * MIB

    hidden = Path(nobody["cwd"], "hidden.py")
    hidden.write_text("print('hidden')\n")
    hidden.chmod(0o600)
    refused = run_plain([str(FIL_PROFILE), *options, "hidden.py"], **nobody)
    assert (refused.status, refused.stderr) == (2, PREFIX + b"hidden.py: Permission denied\n")


LOADER = "/lib64/ld-linux-x86-64.so.2"


@pytest.mark.parametrize("options", [[], ["--argv0", "another"]])
def test_the_loader_may_be_the_program(take, options):
    ended = profiled(LOADER, *options, take)
    assert (ended.status, ended.own_stderr) == (0, b"")
    (frames,) = (frames for frames, size in ended.callstacks.items() if size >= 9 * MIB)
    assert [frame.rpartition("/")[2] for frame in frames] == ["take.c:4 (main)", "take.c:3 (take)"]
    page = (ended.report / "index.html").read_text()
    assert '"lines": []' not in page


def test_the_loader_may_start_fil_profile(take):
    words = ["--no-browser", "-o", "out", "run", take]
    ran = run_plain([LOADER, str(FIL_PROFILE), *words])
    assert Profiled(ran.status, ran.stdout, ran.stderr, Path("out")).peak >= 9 * MIB


# ---- the browser ---------------------------------------------------------------------------------


def test_nobody_waits_for_the_browser(here):
    """It has nothing open that somebody else waits for the end of."""
    executable("browser", "#!/bin/sh\necho $$ >pid.new; mv pid.new pid; exec sleep 1000\n")
    code = script("x.py", "pass")
    ours, theirs = os.pipe()
    env = {**os.environ, "BROWSER": str(here / "browser")}
    options = ["-o", "out", "--python", sys.executable, "run", code]
    subprocess.run(
        [FIL_PROFILE, *options], env=env, pass_fds=[theirs], timeout=60, check=True,
        capture_output=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        assert os.read(ours, 1) == b""
    finally:
        wait_until(Path("pid").exists, "the browser's start")
        os.kill(int(Path("pid").read_text()), signal.SIGKILL)
        os.close(ours)
