"""The command itself: what it accepts, what it refuses, and that its program cannot tell."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from command import (
    PROFILED,
    SECONDS,
    executable,
    fil_profile,
    profiled,
    script,
    wait_until,
)
from profiling import (
    ALLOCATORS,
    FIL_PROFILE,
    MIB,
    PREFIX,
    ROOT,
    THREAD_POOLS,
    Profiled,
    run_plain,
)

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


def test_license_prints_ours_and_those_of_what_is_compiled_in():
    shown = fil_profile("--license")
    assert (shown.status, shown.stderr) == (0, b"")
    assert b"Apache License" in shown.stdout
    for project in (b"Boost", b"xxHash. Copyright", b"CLI11. Copyright", b"range-v3", b"libdw"):
        assert project in shown.stdout


def test_filprofiler_is_another_name_of_the_command():
    other = run_plain([str(FIL_PROFILE.with_name("filprofiler")), "--version"])
    assert other == fil_profile("--version")


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
        (["run"], 2, "what should be run"),
        (["doctor"], 2, "what should be run"),
        (["doctor", "-m"], 2, "which module"),
        (["run", "-m"], 2, "which module"),
        (["run", "-c"], 2, "which code"),
        (["run", "--no-browser", "x.py"], 2, "before the command"),
        (["run", "./missing.py"], 2, "No such file"),
        (["run", "missing.py"], 2, "no such file"),
        (["run", "no-such-command"], 127, "PATH"),
        (["run", "directory/"], 2, "__main__.py"),
        (["run", "not-executable.sh"], 2, "not executable"),
        (["run", "./elf32"], 2, "32-bit"),
        (["run", "./elf"], 2, "./elf"),
        (["run", "./orphan"], 2, "/no/such/interpreter, which does not exist"),
        (["run", "./picture"], 2, "neither a program"),
        (["run", "directory.py"], 2, "__main__.py"),
        (["--python", "./missing", "run", "x.py"], 2, "./missing: it does not exist"),
        (["--python", "./file", "run", "x.py"], 2, "./file: it is not executable"),
        (["--python", "./directory", "run", "x.py"], 2, "./directory: it is a directory"),
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
    Path("directory.py").mkdir()
    picture = b"\x89PNG\r\n\x1a\n" + bytes(8)
    for name, content in (("elf", EMPTY_ELF), ("elf32", ELF_32_BIT), ("picture", picture)):
        Path(name).write_bytes(content)
        Path(name).chmod(0o755)
    before = sorted(here.iterdir())

    refused = fil_profile(*words, env={**os.environ, "TMPDIR": str(here)})
    lines = refused.stderr.splitlines(keepends=True)
    assert (refused.status, refused.stdout, len(lines)) == (status, b"", 1), refused.stderr
    assert lines[0].startswith(PREFIX)
    assert says in lines[0].decode()
    assert sorted(here.iterdir()) == before


def test_where_no_file_may_grow_it_says_so(here):
    script("x.py", "print('started')")
    limit = resource.RLIMIT_FSIZE
    ended = fil_profile(
        "--no-browser", "run", "x.py", preexec_fn=lambda: resource.setrlimit(limit, (0, 0))
    )
    assert (ended.status, ended.stdout) == (2, b"")
    assert b"File too large" in ended.stderr


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
    for words in (["-m", "package.module"], ["-mpackage.module"]):
        ended = profiled(*words, "-m", "x")
        assert ended.stdout == b"['-m', 'x'] __main__ package.module\n"
        assert ended.report
        shutil.rmtree("out")


def test_a_modules_callstacks_begin_at_the_module(here):
    Path("app").mkdir()
    script("app/__init__.py", "")
    script("app/module.py", "def work():\n    return bytearray(20 << 20)\nkept = work()\n")
    callstacks = profiled("-m", "app.module").callstacks
    heaviest = max(callstacks, key=callstacks.get)
    assert heaviest == (f"{here}/app/module.py:3 (<module>)", f"{here}/app/module.py:2 (work)")
    of_module = [frames for frames in callstacks if "app/module.py" in ";".join(frames)]
    assert all("app/module.py" in frames[0] for frames in of_module)


def test_the_command_is_a_module_of_python_too(here):
    script("yourscript.py", "import sys\nprint(sys.argv)\nblock = bytearray(20 << 20)\n")
    module = [sys.executable, "-m", "filprofiler", "--no-browser", "-o", "out"]
    packages = {**os.environ, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    ended = run_plain([*module, "run", "yourscript.py", "--input-file=yourfile"], env=packages)
    assert ended.stdout == b"['yourscript.py', '--input-file=yourfile']\n"
    ran = Profiled(ended.status, ended.stdout, ended.stderr, Path("out"))
    assert ran.status == 0
    assert ran.callstacks[("yourscript.py:3 (<module>)",)] >= 20 * MIB


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
        for name in ("LD_PRELOAD", "FIL_SESSION", *ALLOCATORS, *THREAD_POOLS)
    }
    del plain["environment"]["LD_PRELOAD"]
    assert ours == plain
    assert set_by_us["ARROW_DEFAULT_MEMORY_POOL"] == "system"
    assert {set_by_us[name] for name in THREAD_POOLS} == {"1"}
    assert set_by_us["LD_PRELOAD"].endswith("/libfil_preload.so")
    assert ended.report


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_what_a_shell_ignores_stays_ignored_by_the_entry_point_in_python(here, shell):
    show = "grep SigIgn /proc/self/status"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "bindings" / "python")}
    entry = f"{sys.executable} -m filprofiler --no-browser -o out run /bin/grep SigIgn"
    for trap in ["trap '' PIPE", "trap '' XFSZ PIPE", "trap 'echo' PIPE", "trap '' XFSZ HUP"]:
        plain = run_plain([f"/bin/{shell}", "-c", f"{trap}; {show}; true"], env=env)
        ended = run_plain(
            [f"/bin/{shell}", "-c", f"{trap}; {entry} /proc/self/status; true"], env=env
        )
        assert ended.stdout == plain.stdout, trap


def test_the_entry_point_in_python_hands_nothing_of_pythons_own_on(here):
    show = ["/bin/sh", "-c", "grep SigIgn /proc/self/status; echo ${LC_CTYPE-unset}"]
    plain = {"PATH": os.environ["PATH"], "LANG": "C"}
    env = {**plain, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    options = ["--no-browser", "-o", "out", "run"]
    entry = [sys.executable, "-m", "filprofiler", *options]
    assert run_plain([*entry, *show], env=env).stdout == run_plain(show, env=plain).stdout
    env["LC_CTYPE"] = "C.UTF-8"
    assert run_plain([*entry, *show], env=env).stdout.endswith(b"\nC.UTF-8\n")
    command = " ".join([*entry, "/usr/bin/yes | head -n1; echo ${PIPESTATUS[0]}"])
    ended = run_plain(["/bin/bash", "-c", command], env=env)
    assert (ended.stdout, ended.own_stderr) == (b"y\n141\n", b"")


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
    with tempfile.TemporaryDirectory() as here:
        ended = run_plain([str(command), "--no-browser", "run", "env"], cwd=here)
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
    assert len(list(Path("out").glob("2*/index.html"))) == 1


def test_the_output_does_not_follow_the_programs_directory(here):
    script("x.py", "import os; os.mkdir('elsewhere'); os.chdir('elsewhere')")
    ended = fil_profile("--no-browser", "--python", sys.executable, "run", "x.py")
    assert ended.status == 0
    assert len(list(Path("fil-result").glob("2*/index.html"))) == 1
    assert list(Path("elsewhere").iterdir()) == []


# ---- the browser ---------------------------------------------------------------------------------


def test_the_report_is_opened_in_the_browser_of_the_user(here):
    script("x.py", "")
    executable("browser", '#!/bin/sh\necho noise; echo "$1" >opened.new; mv opened.new opened\n')
    words = ["-o", "out ü", "--python", sys.executable, "run", "x.py"]
    ended = fil_profile(*words, env={**os.environ, "BROWSER": str(here / "browser")})
    assert (ended.status, ended.stdout) == (0, b"")
    assert b"opened in a browser" in ended.stderr.splitlines()[0]
    wait_until(Path("opened").exists, "the browser is started")
    page = next(Path("out ü").glob("2*/index.html")).resolve()
    assert Path("opened").read_text().strip() == page.as_uri()


def test_no_browser_and_nothing_to_open_with_are_quiet(here):
    script("x.py", "")
    executable("browser", "#!/bin/sh\ntouch opened\n")
    variables = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    words = ["-o", "out", "--python", sys.executable, "run", "x.py"]
    asked_not = fil_profile("--no-browser", *words, env={**variables, "BROWSER": f"{here}/browser"})
    nothing = fil_profile(*words, env={**variables, "BROWSER": "no-such-browser"})
    assert [e.status for e in (asked_not, nothing)] == [0, 0]
    assert [len(e.stderr.splitlines()) for e in (asked_not, nothing)] == [5, 5]
    time.sleep(0.3)
    assert not Path("opened").exists()
