"""How the command ends, and what becomes of signals: as without it."""

from __future__ import annotations

import ast
import contextlib
import os
import shlex
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from command import (
    PROFILED,
    SECONDS,
    is_alive,
    profiled,
    running,
    script,
    wait_until,
)
from profiling import FIL_PROFILE, PREFIX, reports_in, run_plain
from terminal import Terminal

# ---- how it ends ---------------------------------------------------------------------------------

ENDINGS = {
    "sys.exit(7)": 7,
    "sys.exit(255)": 255,
    "sys.exit('a message')": 1,
    "raise ValueError('a message')": 1,
    "os._exit(9)": 9,
    "os.abort()": -signal.SIGABRT,
    "os.kill(os.getpid(), signal.SIGKILL)": -signal.SIGKILL,
    "os.kill(os.getpid(), signal.SIGSEGV)": -signal.SIGSEGV,
    "os.kill(os.getpid(), signal.SIGTERM)": -signal.SIGTERM,
    "os.kill(os.getpid(), signal.SIGINT)": -signal.SIGINT,
    "raise KeyboardInterrupt": -signal.SIGINT,
    "os.execv('/bin/sh', ['sh', '-c', 'exit 6'])": 6,
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_ends_as_the_program_does_and_leaves_a_report(here, ending):
    script(
        "x.py", f"import os, signal, sys\nprint('out', flush=True)\nblock = bytes(10**6)\n{ending}"
    )
    plain = run_plain([sys.executable, "x.py"])
    ended = profiled("x.py", preexec_fn=allow_cores)
    assert ended.status == plain.status == ENDINGS[ending]
    assert (ended.stdout, ended.own_stderr) == (plain.stdout, plain.stderr)
    assert ended.callstacks["x.py:3 (<module>)",] >= 10**6
    assert len(list(here.glob("core*"))) <= 1  # the program's, none of ours


def allow_cores():
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def test_what_it_says_is_on_stderr_at_the_start_and_at_the_end(here):
    script("x.py", "import sys; print('mine', file=sys.stderr)")
    ended = profiled("x.py")
    lines = ended.stderr.decode().splitlines()
    own = [line.startswith(PREFIX.decode()) for line in lines]
    assert own == [True, True, False, True, True, True]
    assert ended.stdout == b""
    assert str(here / "out") in lines[0]
    assert "browser" not in lines[0]
    assert lines[-1].endswith(f"Wrote HTML report to {ended.report.resolve()}/index.html")


def test_of_the_session_nothing_stays(here):
    script("x.py", "import os; print(os.environ['FIL_SESSION'])")
    with tempfile.TemporaryDirectory() as short:  # a socket's path has its limit
        ended = profiled("x.py", env={**os.environ, "TMPDIR": short})
        assert short in ended.stdout.decode()
        assert list(Path(short).iterdir()) == []


def test_if_the_report_cannot_be_written_the_recording_is_kept(here):
    Path("tmp").mkdir()
    script("x.py", "import os, sys; os.rmdir('out'); open('out', 'w').close(); sys.exit(4)")
    ended = profiled("x.py", env={**os.environ, "TMPDIR": str(here / "tmp")})
    assert ended.status == 4
    kept = [file for file in Path("tmp").iterdir() if file.is_file()]
    assert len(kept) == 1
    assert stat.S_IMODE(kept[0].stat().st_mode) == 0o600
    assert kept[0].stat().st_size > 0
    assert str(kept[0].resolve()) in ended.stderr.decode()
    assert ended.own_stderr == b""


def test_children_left_running_are_left_running_and_named(here):
    script(
        "x.py",
        """
        import subprocess, sys
        idle = "import time; print(1, flush=True); time.sleep(1000)"
        child = subprocess.Popen([sys.executable, "-c", idle], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
        child.stdout.readline()
        print(child.pid, flush=True)
        """,
    )
    ended = profiled("x.py")
    child = int(ended.stdout)
    try:
        assert is_alive(child)
        assert ended.status == 0
        assert f"PID {child} (" in ended.stderr.decode()
        assert ended.report
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_program_whose_first_thread_ends_early_is_waited_for(here):
    script(
        "x.py",
        """
        import ctypes, os, threading, time
        def rest():
            time.sleep(0.2)
            os.write(1, b"rest\\n")
            os._exit(3)
        threading.Thread(target=rest).start()
        ctypes.CDLL(None).syscall(60, 0)  # exit, of this thread only
        """,
    )
    ended = profiled("x.py")
    assert (ended.status, ended.stdout) == (3, b"rest\n")
    assert ended.report


def test_if_the_supervisor_is_killed_the_program_dies(here):
    script("x.py", "import os, time; print(os.getpid(), flush=True); time.sleep(1000)")
    with running("x.py") as supervisor:
        program = int(supervisor.stdout.readline())
        supervisor.kill()
        try:
            wait_until(lambda: not is_alive(program), "the program dies")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(program, signal.SIGKILL)


# ---- nobody reads --------------------------------------------------------------------------------


def full_pipe() -> tuple[int, int]:
    """A pipe that takes no byte more; its ends."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(write, bytes(size))
    os.set_blocking(write, True)
    return read, write


SLEEPS = """
    import os, signal, subprocess, sys, time
    os.set_blocking(2, True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
    subprocess.run([sys.executable, "-c", "block = bytearray(10 << 20)"])
    print("ready", flush=True)
    time.sleep(1000)
"""


def test_nobody_waits_for_a_standard_error_that_is_full(here):
    script("x.py", SLEEPS)
    read, write = full_pipe()
    with running("x.py", stderr=write) as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        supervisor.send_signal(signal.SIGUSR2)
        wait_until(lambda: len(list(Path("out").glob("2*"))) == 1, "a report meanwhile")
        supervisor.terminate()
        assert supervisor.wait(SECONDS) == 5
        assert os.get_blocking(write), "it is the program's as well"
    assert len(list(Path("out").glob("2*"))) == 2
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert PREFIX not in pipe.read()


def test_what_was_not_read_at_once_is_read_later(here):
    script("x.py", SLEEPS)
    read, write = full_pipe()
    with running("x.py", stderr=write) as supervisor, os.fdopen(read, "rb", 0) as pipe:
        os.close(write)
        assert supervisor.stdout.readline() == b"ready\n"
        said = b""
        while said.count(PREFIX) < 2:
            said += pipe.read(100_000)
        supervisor.terminate()
        said += pipe.read()
        assert supervisor.wait(SECONDS) == 5
        lines = said.strip(b"\0").splitlines()
        assert len(lines) >= 5 and all(line.startswith(PREFIX) for line in lines)
        assert b"Wrote HTML report" in lines[-1]


@pytest.mark.parametrize("how", ["2>&-", "2>/dev/full", "2>&1 >/dev/null | true"])
def test_a_standard_error_that_takes_nothing_costs_no_report(here, how):
    script("x.py", "import sys; sys.exit(5)")
    command = f"(sleep 0.1; {shlex.join([*PROFILED, 'x.py'])}; echo $? > status) {how}"
    ended = run_plain(["/bin/sh", "-c", command])
    assert (Path("status").read_text(), ended.stdout) == ("5\n", b"")
    assert len(reports_in("out")) == 1


# ---- signals -------------------------------------------------------------------------------------

# Every delivery leaves a byte in the socket, also where Python runs one handler for two.
COUNTS_SIGNALS = """
    import collections, os, signal, socket, sys
    arrivals, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
                   signal.SIGQUIT, signal.SIGWINCH, signal.SIGRTMIN):
        signal.signal(number, lambda *_: None)
    print("ready", flush=True)
    if sys.argv[1:] == ["signals its group"]:
        os.killpg(0, signal.SIGRTMIN)  # of this kind, two never become one
        os.kill(os.getpid(), signal.SIGTERM)
    counts = collections.Counter()
    while signal.SIGTERM not in counts:
        for number in arrivals.recv(100):
            counts[number] += 1
            print("got", signal.Signals(number).name, flush=True)
    arrivals.settimeout(0.5)  # for one too many
    try:
        counts.update(arrivals.recv(100))
    except OSError:
        pass
    print(sorted((signal.Signals(n).name, times) for n, times in counts.items()), flush=True)
    sys.exit(3)
"""


def test_signals_sent_to_the_supervisor_go_to_the_program_once(here):
    script("x.py", COUNTS_SIGNALS)
    with running("x.py") as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGWINCH", "SIGTERM"):
            supervisor.send_signal(signal.Signals[name])
            assert supervisor.stdout.readline() == f"got {name}\n".encode()
        counts = ast.literal_eval(supervisor.stdout.readline().decode())
        assert {times for _, times in counts} == {1}
        assert supervisor.wait(SECONDS) == 3


def test_a_program_that_signals_its_own_group_is_hit_once(here):
    script("x.py", COUNTS_SIGNALS)
    ended = profiled("x.py", "signals its group", start_new_session=True)
    assert ended.stdout.splitlines()[-1] == b"[('SIGRTMIN', 1), ('SIGTERM', 1)]"
    assert ended.status == 3


# Who is told, one after the other, as kill takes it. The supervisor and then all is timeout's way.
SENT = {
    "the group": ["-{supervisor}"],
    "the supervisor": ["{supervisor}"],
    "the supervisor, then the group": ["{supervisor}", "-{supervisor}"],
    "all one by one": ["{supervisor}", "{witness}", "{program}"],
    "the program": ["{program}"],
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGRTMIN])
@pytest.mark.parametrize("to", SENT)
def test_a_signal_arrives_once_whoever_else_got_it(here, to, number):
    script("x.py", "import os; print(os.getpid(), flush=True)\n" + textwrap.dedent(COUNTS_SIGNALS))
    with running("x.py", start_new_session=True) as supervisor:
        program = int(supervisor.stdout.readline())
        assert supervisor.stdout.readline() == b"ready\n"
        (witness,) = children(supervisor.pid) - {program}
        names = {"supervisor": supervisor.pid, "program": program, "witness": witness}
        pids = [int(pid.format(**names)) for pid in SENT[to]]
        for pid in pids:
            os.kill(pid, number)
        assert supervisor.stdout.readline() == f"got {number.name}\n".encode()
        if number != signal.SIGTERM:
            time.sleep(0.2)  # the next is another one then
            os.kill(program, signal.SIGTERM)
        counts = dict(ast.literal_eval(supervisor.stdout.read().decode().splitlines()[-1]))
        assert counts == {number.name: 1, "SIGTERM": 1}
        assert supervisor.wait(SECONDS) == 3


def children(pid: int) -> set[int]:
    return {
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    }


@pytest.mark.parametrize(
    "pattern", ["{folder}/x.py", "{fil_profile}.*{folder}", "^{python} .*{folder}"]
)
def test_a_signal_sent_by_name_arrives_once(here, pattern):
    """By pkill -f: to all whose command line is like that."""
    script("x.py", COUNTS_SIGNALS)
    with running(str(here / "x.py"), start_new_session=True) as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        names = {"folder": here, "fil_profile": FIL_PROFILE, "python": sys.executable}
        time.sleep(0.1)  # the witness has its name
        assert run_plain(["pkill", "-TERM", "-f", pattern.format(**names)]).status == 0
        assert supervisor.stdout.read().splitlines()[-1] == b"[('SIGTERM', 1)]"
        assert supervisor.wait(SECONDS) == 3


@pytest.mark.parametrize("options", [[], ["--foreground"]])
def test_timeout_ends_a_program_as_it_would(here, options):
    script("x.py", COUNTS_SIGNALS)
    command = [*PROFILED, "x.py"]
    ended = run_plain(["timeout", "--preserve-status", *options, "-s", "TERM", "1", *command])
    assert ended.stdout.splitlines()[-1] == b"[('SIGTERM', 1)]"
    assert ended.status == 3


def test_a_clean_up_after_ctrl_c_to_the_group_is_not_interrupted(here):
    script(
        "x.py",
        """
        import time
        try:
            print("ready", flush=True)  # from here on: the signal may come before this returns
            time.sleep(1000)
        except KeyboardInterrupt:
            time.sleep(0.3)
            print("cleaned up")
        """,
    )
    with running("x.py", start_new_session=True) as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        os.killpg(supervisor.pid, signal.SIGINT)
        assert supervisor.stdout.read() == b"cleaned up\n"
        assert supervisor.wait(SECONDS) == 0


def test_a_program_that_left_the_group_gets_what_the_group_gets(here):
    script("x.py", "import os; os.setpgid(0, 0)\n" + textwrap.dedent(COUNTS_SIGNALS))
    with running("x.py", start_new_session=True) as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        os.killpg(supervisor.pid, signal.SIGTERM)
        assert supervisor.stdout.read().splitlines()[-1] == b"[('SIGTERM', 1)]"
        assert supervisor.wait(SECONDS) == 3


def test_of_the_supervisors_processes_none_stays_and_none_holds_a_file(here):
    script("x.py", "import os; print(os.getpid(), flush=True); input()")
    with running("x.py", stdin=subprocess.PIPE, start_new_session=True) as supervisor:
        program = int(supervisor.stdout.readline())
        (witness,) = children(supervisor.pid) - {program}
        held = [str(file.readlink()) for file in Path(f"/proc/{witness}/fd").iterdir()]
        assert [name.partition(":")[0] for name in held] == ["socket"]
        supervisor.kill()
        wait_until(lambda: not is_alive(witness) and not is_alive(program), "all end")


def test_a_signal_that_goes_to_the_whole_group_as_well_costs_no_report(here):
    """As timeout sends it."""
    script("x.py", "import time; print('ready', flush=True); time.sleep(1000)")
    for _ in range(5):
        with running("x.py", start_new_session=True) as supervisor:
            assert supervisor.stdout.readline() == b"ready\n"
            supervisor.terminate()
            os.killpg(supervisor.pid, signal.SIGTERM)
            assert supervisor.wait(SECONDS) == -signal.SIGTERM
            assert b"Wrote HTML report" in supervisor.stderr.read()


def test_an_alarm_set_before_us_reaches_the_program(here):
    script("x.py", "import time; time.sleep(1000)")
    assert profiled("x.py", preexec_fn=lambda: signal.alarm(1)).status == -signal.SIGALRM


def test_what_the_terminal_sends_to_both_is_not_doubled(here):
    script("x.py", COUNTS_SIGNALS)
    terminal = Terminal(*PROFILED, "x.py")
    terminal.expect(b"ready")
    terminal.type(b"\x03")
    terminal.expect(b"got SIGINT")
    terminal.type(b"\x1c")
    terminal.expect(b"got SIGQUIT")
    time.sleep(0.3)
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.expect(b"[('SIGINT', 1), ('SIGQUIT', 1), ('SIGTERM', 1)]")
    assert terminal.wait() == 3


def test_job_control_stops_and_continues_both(here):
    script("x.py", "import time; print('ready', flush=True); input(); print('went on')")
    command = shlex.join([*PROFILED, "x.py"])
    terminal = Terminal("/bin/sh", "-c", f"set -m; {command}; echo status $?; fg; exit $?")
    terminal.expect(b"ready")
    terminal.type(b"\x1a")
    terminal.expect(f"status {128 + signal.SIGTSTP}".encode())
    terminal.type(b"\n")
    terminal.expect(b"went on")
    assert terminal.wait() == 0


def test_the_end_of_a_terminal_ends_the_first_program_in_it(here):
    """As when a window is closed, or an ssh ends: the kernel tells the session's leader, us."""
    script(
        "x.py",
        """
        import signal, sys, time
        def end(*_):
            open("told", "a").write("x")
            sys.exit(3)
        signal.signal(signal.SIGHUP, end)
        print("ready", flush=True)
        time.sleep(1000)
        """,
    )
    terminal = Terminal(*PROFILED, "x.py")
    terminal.expect(b"ready\r\n")  # all of it: else the program's write fails
    terminal.hang_up()
    assert terminal.wait() == 3
    assert Path("told").read_text() == "x"


# What gunicorn does: more workers, fewer workers, and a clean stop for SIGTSTP.
# By os.write: the first signal may come before the line "ready" is written to its end, and print()
# in print() is an error.
TAKES_JOB_CONTROL_FOR_WISHES = """
    import os, signal, sys, time
    names = {signal.SIGTTIN: "one more", signal.SIGTTOU: "one less", signal.SIGTSTP: "a pause",
             signal.SIGCONT: "no pause"}
    for number in names:
        signal.signal(number, lambda number, _: os.write(1, names[number].encode() + b"\\n"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    os.write(1, b"ready\\n")
    while True:
        time.sleep(1000)
"""


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("to", ["the supervisor", "the group"])
def test_signals_of_job_control_reach_a_program_that_takes_them_for_wishes(here, to):
    script("x.py", TAKES_JOB_CONTROL_FOR_WISHES)
    with running("x.py", process_group=0) as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        for name, wish in [
            ("TTIN", "one more"),
            ("TTIN", "one more"),
            ("TTOU", "one less"),
            ("TSTP", "a pause"),
            ("CONT", "no pause"),
        ]:
            number = signal.Signals[f"SIG{name}"]
            os.kill(supervisor.pid if to == "the supervisor" else -supervisor.pid, number)
            assert supervisor.stdout.readline() == f"{wish}\n".encode()
            time.sleep(0.25)  # so that a second one would be seen to come
            assert state(supervisor.pid) != "T"
        supervisor.terminate()
        assert supervisor.stdout.read() == b""
        assert supervisor.wait(SECONDS) == 3


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU])
@pytest.mark.parametrize("to", ["the supervisor", "the group"])
def test_who_stops_fil_profile_stops_the_program_and_continues_both(here, to, number):
    script("x.py", "import os; print(os.getpid(), flush=True); input(); print('went on')")
    with running("x.py", stdin=subprocess.PIPE, process_group=0) as supervisor:
        program = int(supervisor.stdout.readline())
        pid = supervisor.pid if to == "the supervisor" else -supervisor.pid
        os.kill(pid, number)
        wait_until(lambda: state(supervisor.pid) == state(program) == "T", "both stop")
        _, status = os.waitpid(supervisor.pid, os.WUNTRACED)
        assert os.WSTOPSIG(status) == number
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: "T" not in (state(supervisor.pid), state(program)), "both go on")
        assert supervisor.communicate(b"\n")[0] == b"went on\n"
        assert supervisor.returncode == 0


def test_a_program_that_is_stopped_alone_is_continued_alone(here):
    script("x.py", "import os; print(os.getpid(), flush=True); input(); print('went on')")
    with running("x.py", stdin=subprocess.PIPE, process_group=0) as supervisor:
        program = int(supervisor.stdout.readline())
        os.kill(program, signal.SIGSTOP)
        wait_until(lambda: state(program) == "T", "it stops")
        time.sleep(0.1)
        assert state(supervisor.pid) != "T"
        os.kill(program, signal.SIGCONT)
        assert supervisor.communicate(b"\n")[0] == b"went on\n"


def test_a_stopped_group_goes_on_with_the_supervisor(here):
    """SIGSTOP to all, also to the witness; who then continues fil-profile means the program."""
    script("x.py", "import os; print(os.getpid(), flush=True)\n" + textwrap.dedent(COUNTS_SIGNALS))
    with running("x.py", process_group=0) as supervisor:
        program = int(supervisor.stdout.readline())
        assert supervisor.stdout.readline() == b"ready\n"
        os.killpg(supervisor.pid, signal.SIGSTOP)
        wait_until(lambda: state(supervisor.pid) == state(program) == "T", "all stop")
        os.kill(supervisor.pid, signal.SIGCONT)
        wait_until(lambda: "T" not in (state(supervisor.pid), state(program)), "all go on")
        os.killpg(supervisor.pid, signal.SIGRTMIN)  # the witness is there again
        assert supervisor.stdout.readline() == b"got SIGRTMIN\n"
        time.sleep(0.3)
        supervisor.terminate()
        assert supervisor.stdout.read().splitlines()[-1] == b"[('SIGRTMIN', 1), ('SIGTERM', 1)]"


def test_a_job_stops_where_it_reads_in_the_background(here):
    script("x.py", "print('ready', flush=True); print('read', input())")
    command = shlex.join([*PROFILED, "x.py"])
    # -m: jobs; the shell says how a job stopped where it is asked to.
    shell = f"set -m; {command} & while ! jobs | grep Stopped; do sleep 0.1; done; fg; exit $?"
    terminal = Terminal("/bin/bash", "-c", shell)
    terminal.expect(b"ready")
    terminal.expect(b"Stopped")
    terminal.type(b"a line\n")
    terminal.expect(b"read a line")
    assert terminal.wait() == 0


def test_a_program_that_ignores_ctrl_z_is_not_stopped(here):
    """Neither is fil-profile then: the shell waits on, as for the program itself."""
    script(
        "x.py",
        """
        import signal
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        print("ready", flush=True)
        input()
        print("went on")
        """,
    )
    command = shlex.join([*PROFILED, "x.py"])
    terminal = Terminal("/bin/sh", "-c", f"set -m; {command}; echo status $?")
    terminal.expect(b"ready")
    terminal.type(b"\x1a\n")
    terminal.expect(b"went on")
    terminal.expect(b"status 0")
    assert terminal.wait() == 0
