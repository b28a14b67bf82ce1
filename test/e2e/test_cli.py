"""The command itself: what it accepts, what it refuses, and that its program cannot tell."""

from __future__ import annotations

import ast
import contextlib
import ctypes
import json
import os
import pty
import select
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from profiling import FIL_PROFILE, PREFIX, Profiled, run_plain, run_profiled

PROFILED = [str(FIL_PROFILE), "--no-browser", "-o", "out", "--python", sys.executable, "run"]
SECONDS = 30  # until a test that hangs gives up


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """The test's own working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(name: str, text: str) -> str:
    Path(name).write_text(textwrap.dedent(text))
    return name


def executable(name: str, text: str) -> str:
    script(name, text)
    Path(name).chmod(0o755)
    return name


def fil_profile(*words: str, **how):
    return run_plain([str(FIL_PROFILE), *words], **how)


def profiled(*program: str, **how) -> Profiled:
    return run_profiled(Path("out"), list(program), **how)


@contextlib.contextmanager
def running(*program: str, **how):
    """fil-profile with this program, which says "ready" on stdout when it is."""
    with subprocess.Popen(
        [*PROFILED, *program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how
    ) as supervisor:
        try:
            yield supervisor
        finally:
            supervisor.kill()


def wait_until(condition, what: str):
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


# ---- what it says about itself -------------------------------------------------------------------


def test_no_arguments_print_the_same_bytes_as_help():
    nothing, asked = fil_profile(), fil_profile("--help")
    assert (nothing.status, nothing.stdout, nothing.stderr) == (0, asked.stdout, b"")
    assert (asked.status, asked.stderr) == (0, b"")
    for word in (b"--no-browser", b"--python PY", b"-o DIR", b"run SCRIPT|-m MODULE|PROGRAM"):
        assert word in asked.stdout


def test_version_prints_the_version_only():
    version = fil_profile("--version")
    assert (version.status, version.stderr) == (0, b"")
    parts = version.stdout.decode().removesuffix("\n").split(".")
    assert len(parts) == 3
    assert all(part.isdigit() for part in parts)


# ---- what it refuses -----------------------------------------------------------------------------

EMPTY_ELF = b"\x7fELF" + bytes(60)
ELF_32_BIT = b"\x7fELF\x01\x01\x01" + bytes(57)


@pytest.mark.parametrize(
    "words, status, says",
    [
        (["--bogus", "run", "x.py"], 2, "--bogus"),
        (["-o"], 2, "-o"),
        (["-o", "out"], 2, "what should be run"),
        (["x.py"], 2, "fil-profile run x.py"),
        (["run"], 2, "run what"),
        (["run", "-m"], 2, "which module"),
        (["run", "--no-browser", "x.py"], 2, "before 'run'"),
        (["run", "./missing.py"], 2, "No such file"),
        (["run", "missing.py"], 2, "no such file"),
        (["run", "no-such-command"], 127, "PATH"),
        (["run", "directory/"], 2, "__main__.py"),
        (["run", "not-executable.sh"], 2, "not executable"),
        (["run", "./elf32"], 2, "32-bit"),
        (["run", "./elf"], 2, "./elf"),
        (["run", "./orphan"], 127, "interpreter"),
        (["--python", "./missing", "run", "x.py"], 2, "./missing"),
        (["--python", "no-such-python", "run", "x.py"], 2, "no-such-python"),
        (["--python", "./elf32", "run", "x.py"], 2, "32-bit"),
        (["-o", "file", "run", "x.py"], 2, "file"),
        (["-o", "/proc/nowhere", "run", "x.py"], 2, "/proc/nowhere"),
    ],
)
def test_a_mistake_is_one_clear_line_and_nothing_starts(here, words, status, says):
    script("x.py", "open('started', 'w')")
    script("not-executable.sh", "#!/bin/sh\n")
    executable("orphan", "#!/no/such/interpreter\n")
    Path("file").touch()
    Path("directory").mkdir()
    for name, content in (("elf", EMPTY_ELF), ("elf32", ELF_32_BIT)):
        Path(name).write_bytes(content)
        Path(name).chmod(0o755)
    before = sorted(here.iterdir())

    refused = fil_profile(*words, env={**os.environ, "TMPDIR": str(here)})
    lines = refused.stderr.splitlines(keepends=True)
    if status == 127 and "run" in words and words[-1] == "./orphan":
        lines = lines[1:]  # only exec can know: the start was announced
    assert (refused.status, refused.stdout, len(lines)) == (status, b"", 1), refused.stderr
    assert lines[0].startswith(PREFIX)
    assert says in lines[0].decode()
    assert sorted(here.iterdir()) == before


def test_an_unreadable_script_is_refused(here):
    script("x.py", "print('started')")
    Path("x.py").chmod(0)
    how = {} if os.geteuid() else {"preexec_fn": give_up_reading_everything}
    refused = fil_profile("-o", "out", "run", "x.py", **how)
    assert (refused.status, refused.stdout) == (2, b"")
    assert refused.stderr == PREFIX + b"x.py: Permission denied\n"


def give_up_reading_everything():
    """Root stays root, but modes of files hold for it too after the next exec."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.fixture(scope="session")
def static_program(tmp_path_factory) -> Path:
    program = tmp_path_factory.mktemp("static") / "static"
    source = """
        #include <unistd.h>
        int main() {
            usleep(100000);
            return write(1, "ran\\n", 4) == 4 ? 5 : 6;
        }"""
    compiler = shutil.which("cc") or "gcc"
    subprocess.run(
        [compiler, "-static", "-x", "c", "-", "-o", program], input=source, text=True, check=True
    )
    return program


def test_a_static_program_is_refused_also_as_an_interpreter(here, static_program):
    executable("outer", f"#!{here}/inner\n")
    executable("inner", f"#!{static_program}\n")
    for program in (str(static_program), "./inner", "./outer"):
        refused = fil_profile("run", program)
        assert (refused.status, refused.stdout) == (2, b"")
        assert len(refused.stderr.splitlines()) == 1
        assert b"it is statically linked" in refused.stderr


def test_a_program_that_never_connects_runs_and_is_named_with_the_reason(here, static_program):
    command = Path(shutil.copy(FIL_PROFILE, here))
    Path("libfil_preload.so").touch()  # the loader cannot load this
    run = [str(command), "--no-browser", "-o", "out", "run", "sh", "-c"]
    ended = run_plain([*run, "sleep 0.1; echo ran; exit 5"])
    assert (ended.status, ended.stdout) == (5, b"ran\n")
    assert "No report: sh never connected" in ended.stderr.decode()
    ended = run_plain([*run, f"exec {static_program}"])
    assert ended.stdout == b"ran\n"
    assert f"{static_program} cannot be profiled: it is statically linked" in ended.stderr.decode()
    assert not Path("out").exists()


# ---- what it runs --------------------------------------------------------------------------------


def test_every_word_after_the_script_is_the_programs(here):
    words = ["-o", "there", "-m", "--help", "--version", "--", "++", "", "a b", "run", "{}", "é"]
    script("x.py", "import json, sys; print(json.dumps([sys.argv, sys.orig_argv]))")
    ended = profiled("x.py", *words)
    assert ended.status == 0
    argv, whole = json.loads(ended.stdout)
    assert argv == ["x.py", *words]
    assert whole == [sys.executable, "x.py", *words]
    assert ended.report
    assert not Path("there").exists()


def test_a_module_runs_as_under_python(here):
    Path("package").mkdir()
    script("package/__init__.py", "")
    script("package/module.py", "import sys; print(sys.argv[1:], __name__, __spec__.name)")
    ended = profiled("-m", "package.module", "-m", "x")
    assert ended.stdout == b"['-m', 'x'] __main__ package.module\n"
    assert ended.report


def test_a_directory_or_archive_with_a_main_is_pythons(here):
    Path("app").mkdir()
    script("app/__main__.py", "import sys; print('main', sys.argv)")
    shutil.make_archive("packed", "zip", "app")
    for name in ("app", "packed.zip"):
        assert profiled(name, "a").stdout.decode() == f"main {[name, 'a']}\n"
        shutil.rmtree("out")


def test_native_programs_and_scripts_of_other_languages_run_as_themselves(here):
    executable("job", '#!/bin/sh\necho "$0" "$@"\n')
    assert profiled("job", "a b").stdout == b"./job a b\n"
    assert profiled("/bin/echo", "-n", "x").stdout == b"x"
    assert profiled("echo", "--python", "y").stdout == b"--python y\n"  # found on PATH


def test_which_python_the_asked_one_then_the_packages_then_the_first_on_path(here):
    for name in ("asked", "package", "first/python", "second/python", "second/python3"):
        Path(name).parent.mkdir(exist_ok=True)
        executable(name, f'#!/bin/sh\necho {name} "$@" "${{FIL_PYTHON-gone}}"\n')
    script("x.py", "")
    path = {"PATH": f"{here}/first:{here}/second:/usr/bin:/bin"}
    package = {**path, "FIL_PYTHON": f"{here}/package"}
    options = ["--no-browser", "-o", "out"]

    def chosen(*more: str, env: dict[str, str]) -> bytes:
        return fil_profile(*options, *more, "run", "x.py", env=env).stdout

    assert chosen("--python", "./asked", env=package) == b"asked x.py gone\n"
    assert chosen(env=package) == b"package x.py gone\n"
    assert chosen(env=path) == b"first/python x.py gone\n"
    Path("first/python").unlink()
    assert chosen(env=path) == b"second/python x.py gone\n"
    Path("second/python").unlink()
    assert chosen(env=path) == b"second/python3 x.py gone\n"


# ---- what the program sees -----------------------------------------------------------------------

WHAT_IT_INHERITS = """
    import json, os, signal, sys
    fields = dict(line.split(":\\t", 1) for line in open("/proc/self/status"))
    print(json.dumps({
        "environment": dict(os.environ),
        "descriptors": sorted(int(n) for n in os.listdir("/proc/self/fd"))[:-1],
        "blocked": fields["SigBlk"], "ignored": fields["SigIgn"],
        "group": os.getpgrp(), "session": os.getsid(0),
        "limits": [__import__("resource").getrlimit(n) for n in range(16)],
        "directory": os.getcwd(), "trace": str(sys.gettrace()), "umask": os.umask(0),
        "nice": os.nice(0), "executable": sys.executable, "prefix": sys.prefix,
    }))
"""


def change_what_is_inherited():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})
    os.umask(0o027)


def test_the_program_inherits_what_it_would_without_us(here):
    script("x.py", WHAT_IT_INHERITS)
    how = {"preexec_fn": change_what_is_inherited, "env": {**os.environ, "LD_PRELOAD": ""}}
    plain = json.loads(run_plain([sys.executable, "x.py"], **how).stdout)
    ended = profiled("x.py", **how)
    ours = json.loads(ended.stdout)
    set_by_us = {
        name: ours["environment"].pop(name)
        for name in ("LD_PRELOAD", "FIL_SESSION", "ARROW_DEFAULT_MEMORY_POOL")
    }
    del plain["environment"]["LD_PRELOAD"]
    assert ours == plain
    assert set_by_us["ARROW_DEFAULT_MEMORY_POOL"] == "system"
    assert set_by_us["LD_PRELOAD"].endswith("/libfil_preload.so")
    assert ended.report


def test_what_the_user_preloads_and_chooses_stays(here):
    script(
        "x.py",
        """
        import os
        print(os.environ["LD_PRELOAD"])
        print(os.environ["ARROW_DEFAULT_MEMORY_POOL"])
        """,
    )
    user = {"LD_PRELOAD": "libm.so.6 libdl.so.2", "ARROW_DEFAULT_MEMORY_POOL": "mimalloc"}
    ended = profiled("x.py", env={**os.environ, **user})
    preload, pool = ended.stdout.decode().splitlines()
    assert preload.endswith("/libfil_preload.so:libm.so.6 libdl.so.2")
    assert pool == "mimalloc"


def test_a_path_with_spaces_and_colons_works(here):
    home = here / "a b:c $x"
    home.mkdir()
    for file in (FIL_PROFILE.resolve(), library_beside(FIL_PROFILE.resolve())):
        shutil.copy(file, home)
    script("x.py", "import os; print(os.environ['LD_PRELOAD'])")
    temporary = here / "tmp"
    temporary.mkdir()
    words = ["--no-browser", "-o", "out", "--python", sys.executable, "run", "x.py"]
    ended = run_plain(
        [str(home / FIL_PROFILE.name), *words], env={**os.environ, "TMPDIR": str(temporary)}
    )
    assert (ended.status, ended.own_stderr) == (0, b"")
    link = Path(ended.stdout.decode().strip())
    assert " " not in str(link)
    assert Profiled(0, b"", ended.stderr, Path("out")).report
    assert list(temporary.iterdir()) == []  # the link is gone


def library_beside(command: Path) -> Path:
    """Where the library is, asked of the program it is loaded into."""
    ended = run_plain(
        [str(command), "--no-browser", "run", "env"], cwd=os.environ.get("TMPDIR", "/tmp")
    )
    shutil.rmtree(Path(os.environ.get("TMPDIR", "/tmp"), "fil-result"), ignore_errors=True)
    line = next(line for line in ended.stdout.splitlines() if line.startswith(b"LD_PRELOAD="))
    return Path(line.decode().removeprefix("LD_PRELOAD=").split(":")[0])


def test_stdin_reaches_the_program(here):
    script("x.py", "import sys; print(len(sys.stdin.buffer.read()))")
    assert profiled("x.py", input=b"x" * 100_000).stdout == b"100000\n"


def test_closed_standard_descriptors_stay_closed(here):
    script("x.py", "import os; open('seen', 'w').write(str(sorted(os.listdir('/proc/self/fd'))))")
    done = subprocess.run(
        [*PROFILED, "x.py"], preexec_fn=lambda: os.closerange(0, 3), timeout=SECONDS, check=False
    )
    assert done.returncode == 0
    assert Path("seen").read_text() == "['0', '1']"  # the file itself, and the listing's own
    assert len(list(Path("out").glob("*/index.html"))) == 1


def test_the_output_does_not_follow_the_programs_directory(here):
    script("x.py", "import os; os.mkdir('elsewhere'); os.chdir('elsewhere')")
    ended = fil_profile("--no-browser", "--python", sys.executable, "run", "x.py")
    assert ended.status == 0
    assert len(list(Path("fil-result").glob("*/index.html"))) == 1
    assert list(Path("elsewhere").iterdir()) == []


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
    assert ended.report
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
    assert own == [True, False, True, True]
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
        for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGTERM"):
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


def test_an_alarm_set_before_us_reaches_the_program(here):
    script("x.py", "import time; time.sleep(1000)")
    assert profiled("x.py", preexec_fn=lambda: signal.alarm(1)).status == -signal.SIGALRM


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *command: str):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.shown = b""

    def expect(self, text: bytes):
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            ready, _, _ = select.select([self.descriptor], [], [], end - time.monotonic())
            assert ready, f"never shown: {text!r} in {self.shown!r}"
            try:
                self.shown += os.read(self.descriptor, 1000)
            except OSError:
                raise AssertionError(f"ended without {text!r}: {self.shown!r}") from None
        self.shown = self.shown[self.shown.index(text) + len(text) :]

    def type(self, keys: bytes):
        os.write(self.descriptor, keys)

    def wait(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(status)


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


# ---- the browser ---------------------------------------------------------------------------------


def test_the_report_is_opened_in_the_browser_of_the_user(here):
    script("x.py", "")
    executable("browser", '#!/bin/sh\necho noise; echo "$1" >opened.new; mv opened.new opened\n')
    words = ["-o", "out ü", "--python", sys.executable, "run", "x.py"]
    ended = fil_profile(*words, env={**os.environ, "BROWSER": str(here / "browser")})
    assert (ended.status, ended.stdout) == (0, b"")
    assert b"opened in a browser" in ended.stderr.splitlines()[0]
    wait_until(Path("opened").exists, "the browser is started")
    page = next(Path("out ü").glob("*/index.html")).resolve()
    assert Path("opened").read_text().strip() == page.as_uri()


def test_no_browser_and_nothing_to_open_with_are_quiet(here):
    script("x.py", "")
    executable("browser", "#!/bin/sh\ntouch opened\n")
    variables = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    words = ["-o", "out", "--python", sys.executable, "run", "x.py"]
    asked_not = fil_profile("--no-browser", *words, env={**variables, "BROWSER": f"{here}/browser"})
    nothing = fil_profile(*words, env={**variables, "BROWSER": "no-such-browser"})
    assert [e.status for e in (asked_not, nothing)] == [0, 0]
    assert [len(e.stderr.splitlines()) for e in (asked_not, nothing)] == [3, 3]
    time.sleep(0.3)
    assert not Path("opened").exists()
