"""Each system call that we make is refused in turn, and the program killed at each stage.

The rule: the program runs as it would without us, and there is a right report or a sentence that
names the reason. programs/deny.c refuses one call, in fil-profile and the program (`everywhere`;
then fil-profile may refuse to start, with the reason) or in the program only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conservation import model_of
from profiling import (
    FIL_PROFILE,
    MIB,
    PREFIX,
    PROGRAMS,
    ROOT,
    Profiled,
    run_plain,
)
from session_folder import environment, held_in, sessions

# What the recorder calls in the program, the first four of it in fil-profile too.
IN_THE_PROGRAM = {
    "memfd_create": "EPERM",
    "socket": "EACCES",
    "ftruncate": "EPERM",
    "fcntl": "EINVAL",
    "connect": "EACCES",
    "sendmsg": "EPERM",
    "recvmsg": "ENOSYS",
    "setsockopt": "EPERM",
    "madvise": "EPERM",
    "sigaltstack": "EPERM",
    "getcwd": "ENOMEM",
    "symlink": "EPERM",
    "rt_sigprocmask": "EPERM",
    "kill": "EPERM",
    "nanosleep": "EPERM",
    "setitimer": "EPERM",
    "munlock": "ENOMEM",
    "mincore": "ENOSYS",
    "process_vm_readv": "EPERM",
    "fstatfs": "ENOSYS",
    "prlimit64": "EPERM",
    "clock_gettime": "EPERM",
    "sched_yield": "ENOSYS",
    "rt_sigaction": "EPERM",
    "faccessat2": "ENOSYS",
    "fgetxattr": "EPERM",
    "geteuid": "EPERM",
    "getsockopt": "EPERM",
}
# What it calls besides where nobody supervises it.
WITHOUT_SUPERVISOR = {
    "fallocate": "ENOSPC",
    "getdents64": "EPERM",
    "lseek": "EPERM",
    "mkdirat": "ENOSPC",
    "pwrite64": "ENOSPC",
    "readlinkat": "EACCES",
    "uname": "EPERM",
    "unlinkat": "EPERM",
}
# What fil-profile calls.
IN_FIL_PROFILE = {
    "accept4": "EMFILE",
    "bind": "EACCES",
    "clone": "EAGAIN",
    "epoll_create1": "EMFILE",
    "epoll_ctl": "ENOSPC",
    "flock": "ENOSYS",
    "getdents64": "EPERM",
    "getrandom": "ENOSYS",
    "listen": "EPERM",
    "lseek": "EPERM",
    "mkdir": "ENOSPC",
    "mkdirat": "ENOSPC",
    "pidfd_open": "ENOSYS",
    "pidfd_send_signal": "ENOSYS",
    "pipe2": "EMFILE",
    "poll": "EPERM",
    "prctl": "EPERM",
    "rename": "EPERM",
    "renameat2": "ENOSYS",
    "setpgid": "EPERM",
    "signalfd4": "ENOSYS",
    "sysinfo": "EPERM",
    "waitid": "ENOSYS",
}
# Without these no program starts, whoever watches; or the system never refuses them.
NO_PROGRAM_WITHOUT = set(
    "mmap munmap mprotect mremap openat read close write pread64 exit_group futex execveat".split()
    + "newfstatat fstat getpid getppid gettid getuid getgid getegid seccomp faccessat".split()
)
ALWAYS = {("everywhere", call) for call in ("socket", "connect", "pipe2", "waitid", "mkdirat")} | {
    ("program", call) for call in ("memfd_create", "sendmsg", "madvise", "recvmsg", "sigaltstack")
}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    for name in ("deny", "faulted"):
        source = PROGRAMS / f"{name}.c"
        subprocess.run(["cc", "-g", "-O1", source, "-o", folder / name], check=True)
    return folder


def profile(tmp_path: Path, before: list[str], program: list[str], **how) -> Profiled:
    """In a directory for temporary files of its own, which must be empty again."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    output = tmp_path / "out"
    command = [*before, str(FIL_PROFILE), "--no-browser", "-o", str(output), "run", *program]
    ended = run_plain(command, env={**os.environ, "TMPDIR": str(temporary)}, timeout=60, **how)
    return Profiled(ended.status, ended.stdout, ended.stderr, output)


def left_behind(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "tmp").iterdir()]


def said(profiled: Profiled) -> list[str]:
    lines = profiled.stderr.decode().splitlines()
    return [line for line in lines if line.startswith(PREFIX.decode())]


def names_a_reason(lines: list[str], error: str) -> bool:
    reasons = ["the system refused", "unrecorded", os.strerror(getattr(errno, error))]
    return any(reason in line for line in lines for reason in reasons)


def is_right(profiled: Profiled) -> bool:
    """A report of all that `work` held, in which the numbers agree."""
    pages = list(profiled.output.glob("2*/index.html"))
    if not pages:
        return False
    model = model_of(pages[0].parent)
    assert profiled.peak <= model["facts"]["peak"]
    if profiled.peak == 0:
        return False
    at_work = sum(size for frames, size in profiled.callstacks.items() if "(work)" in frames[-1])
    return at_work == 8 * MIB and model["facts"]["peak"] < 8.5 * MIB


def rows() -> list:
    every = [("everywhere", call, error) for call, error in IN_FIL_PROFILE.items()]
    for call, error in IN_THE_PROGRAM.items():
        every += [("everywhere", call, error), ("program", call, error)]
    marks = {False: [pytest.mark.slow], True: []}
    return [pytest.param(*row, marks=marks[row[:2] in ALWAYS]) for row in every]


@pytest.mark.parametrize("where, call, error", rows())
def test_a_refused_call(where: str, call: str, error: str, build: Path, tmp_path: Path) -> None:
    deny, program = [str(build / "deny"), call, error], [str(build / "faulted")]
    plain = run_plain(deny + program)
    if where == "everywhere":
        profiled = profile(tmp_path, deny, program)
    else:
        profiled = profile(tmp_path, [], deny + program)
    lines = said(profiled)
    assert profiled.own_stderr == plain.stderr
    if where == "everywhere" and profiled.status in (2, 126):
        assert profiled.stdout == b""
        assert os.strerror(getattr(errno, error)) in lines[-1]
        return
    assert (profiled.status, profiled.stdout) == (plain.status, plain.stdout)
    assert is_right(profiled) or names_a_reason(lines, error), lines
    assert not any("Peak memory was 0 B" in line for line in lines)
    if call != "getdents64":
        assert [name for name in left_behind(tmp_path) if not name.endswith(".recording")] == []


@pytest.mark.parametrize(
    "call", ["memfd_create", "socket", "connect", "sendmsg", "recvmsg", "rt_sigaction"]
)
def test_a_program_killed_while_it_joins(call: str, build: Path, tmp_path: Path) -> None:
    killed = [str(build / "deny"), call, "KILL", str(build / "faulted")]
    profiled = profile(tmp_path, [], killed)
    assert profiled.status == -signal.SIGSYS
    assert len(said(profiled)) >= 3, "a report, or that there is none"
    assert any("killed by SIGSYS: a sandbox" in line for line in said(profiled))
    assert left_behind(tmp_path) == []


STAGES = {
    "as it allocates": "bytearray(10**6); me()",
    "before exec, in a child": "os.fork() or me(); os.wait(); me()",
    "after a fork": "os.fork() or bytearray(10**6) and me(); os.wait(); bytearray(10**7); me()",
    "in the image of an exec": "os.execl('/bin/sh', 'sh', '-c', 'kill -9 $$')",
    "beside another thread": "from threading import Thread; "
    "Thread(target=bytearray, args=[10**7]).start(); me()",
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_program_killed_while_it_runs(stage: str, tmp_path: Path) -> None:
    code = f"import os, signal\nme = lambda: os.kill(os.getpid(), signal.SIGKILL)\n{STAGES[stage]}"
    profiled = profile(tmp_path, [], ["-c", code])
    assert profiled.status == -signal.SIGKILL
    assert profiled.own_stderr == b""
    assert profiled.report.is_dir()
    assert any("Wrote HTML report" in line for line in said(profiled))
    assert left_behind(tmp_path) == []


def shells_of(supervisor: int) -> list[int]:
    """The first is the program; a keeper is on its way out of there."""
    found = []
    for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{child}/comm").read_text() == "sh\n":
                found.append(int(child))
    return found


@pytest.mark.parametrize(
    "seed", [pytest.param(i, marks=[pytest.mark.slow] * (i > 2)) for i in range(12)]
)
def test_a_program_killed_at_any_time(seed: int, build: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    loop = f"while :; do {build / 'faulted'}; done"
    command = [
        str(FIL_PROFILE),
        "--no-browser",
        "-o",
        str(tmp_path / "out"),
        "run",
        "/bin/sh",
        "-c",
    ]
    variables = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen(
        [*command, loop], env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as supervisor:
        end = time.monotonic() + 30
        while not (program := shells_of(supervisor.pid)) and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(random.Random(seed).uniform(0, 0.2))
        os.kill(program[0], signal.SIGKILL)
        lines = supervisor.communicate(timeout=60)[1].decode().splitlines()
    assert supervisor.returncode == -signal.SIGKILL
    assert all(line.startswith(PREFIX.decode()) for line in lines)
    assert any("Wrote HTML report" in line or "No report: " in line for line in lines)
    assert left_behind(tmp_path) == []


# ---- where nobody supervises ---------------------------------------------------------------------


@pytest.mark.parametrize("call, error", WITHOUT_SUPERVISOR.items())
def test_a_refused_call_where_nobody_supervises(
    call: str, error: str, build: Path, tmp_path: Path
) -> None:
    """It runs as plain; its recording is right, or a line says that there is none."""
    program = [str(build / "deny"), call, error, str(build / "faulted")]
    plain = run_plain(program)
    ended = run_plain(program, env=environment(tmp_path / "out"))
    assert (ended.status, ended.stdout) == (plain.status, plain.stdout)
    lines = [
        line for line in ended.stderr.decode().splitlines() if line.startswith("=fil-profile=")
    ]
    assert len(lines) == len(ended.stderr.splitlines())
    if not lines:
        (session,) = sessions(tmp_path / "out")
        assert any(size == 8 << 20 for held in held_in(session).values() for size in held.values())
    else:
        assert names_a_reason(lines, error), lines


# ---- the tables are whole ------------------------------------------------------------------------


def calls_in(*paths: str) -> set[str]:
    texts = [path.read_text() for pattern in paths for path in ROOT.glob(pattern)]
    assert len(texts) >= len(paths)
    return {call for text in texts for call in re.findall(r"\bSYS_(\w+)", text)}


def test_every_call_of_the_recorder_is_in_the_sandboxs_list_and_here() -> None:
    listed = calls_in("lib/os/sandbox.cpp")
    made = calls_in("lib/os/*_linux.cpp", "lib/process/*.cpp")
    made |= calls_in("capi/record*.cpp", "capi/run.cpp", "capi/sandbox.cpp")
    made |= calls_in("clients/preload/*.cpp", "bindings/python/**/*.cpp")
    passed_on = {"seccomp", "prctl", "execveat", "mremap", "exit"}  # the program's own
    # Not made in a sandbox: lib/os/shared_memory_linux.cpp, and the beginning of a session.
    passed_on |= {"shmget", "shmat", "shmctl", "mkdirat"}
    assert made - passed_on - listed == set()
    ours = set(IN_THE_PROGRAM) | set(WITHOUT_SUPERVISOR) | NO_PROGRAM_WITHOUT
    assert (made | listed) - passed_on - ours == set()
