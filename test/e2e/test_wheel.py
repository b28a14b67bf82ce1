"""The wheel that `./dev wheel` builds: what is in it, and that it works where
nothing else of ours is.

Installing it asks for no compiler and no network; building it does.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import newest_pythons
import pytest
import pythons
from profiling import PREFIX, ROOT, Profiled, run_plain

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

PACKAGE = ROOT / "bindings" / "python" / "filprofiler"
SCRIPT = """
import sys

kept = bytearray(50_000_000)
objects = [number**2 for number in range(1_000_000)]
print(sys.executable)
"""
# What every glibc of this platform has; libc.so.6 among them is what a version is asked of.
C_LIBRARY = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2"}


def output(command: list[str | Path], **how) -> str:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, **how
    )
    assert done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


@pytest.fixture(scope="module")
def wheel() -> Path:
    return Path(output([ROOT / "dev", "wheel"]).split()[-1])


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def binaries(unpacked: Path) -> list[Path]:
    files = [path for path in unpacked.rglob("*") if path.is_file()]
    return [path for path in files if path.read_bytes()[:4] == b"\x7fELF"]


# ---- what is in it -------------------------------------------------------------------------------


def version() -> str:
    text = (ROOT / "meson.build").read_text()
    return re.search(r"^  version: '(.+)'", text, re.MULTILINE).group(1)


def test_one_wheel_is_for_every_python_and_for_glibc_2_28(wheel: Path, unpacked: Path) -> None:
    tag = "py3-none-manylinux_2_28_x86_64"
    assert wheel.name == f"libfil-{version()}-{tag}.whl"
    (about,) = unpacked.glob("*.dist-info/WHEEL")
    assert f"Tag: {tag}\n" in about.read_text()
    (metadata,) = unpacked.glob("*.dist-info/METADATA")
    assert "Requires-Dist" not in metadata.read_text()


def test_the_wheel_holds_the_package_and_what_it_needs_and_nothing_else(unpacked: Path) -> None:
    files = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    files = {file for file in files if "dist-info" not in file and "/notices/" not in file}
    modules = {f"filprofiler/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*.py")}
    data = f"libfil-{version()}.data/data/share/jupyter/kernels/filprofile"
    kernel = {f"{data}/{path.name}" for path in (PACKAGE.parent / "kernel").iterdir()}
    libraries = {"filprofiler/bin/fil-profile", "filprofiler/lib/fil/libfil_preload.so"}
    assert modules
    for_others = {"filprofiler/include/fil_announce.h", "filprofiler/schema/report-1.json"}
    assert files == modules | kernel | libraries | for_others


def test_every_file_of_the_wheel_is_in_its_record(unpacked: Path) -> None:
    """What every installer of wheels goes by, and checks, be it pip or not."""
    (record,) = unpacked.glob("*.dist-info/RECORD")
    rows = list(csv.reader(record.read_text().splitlines()))
    listed = {name: (digest, size) for name, digest, size in rows}
    files = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert set(listed) == files and len(rows) == len(files)
    for name in files - {str(record.relative_to(unpacked))}:
        content = (unpacked / name).read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        assert listed[name] == (f"sha256={digest}", str(len(content))), name


def test_what_is_linked_statically_brings_its_licence(unpacked: Path) -> None:
    notices = {path.name for path in (unpacked / "filprofiler" / "notices").iterdir()}
    assert {"libdw-dev.txt", "zlib1g-dev.txt", "libxxhash-dev.txt", "libcxx.txt"} <= notices


def test_no_binary_asks_for_a_c_library_newer_than_2_28(binaries: list[Path]) -> None:
    assert len(binaries) == 2
    for binary in binaries:
        needed = output(["readelf", "--wide", "--version-info", binary])
        versions = {
            tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_([0-9.]+)", needed)
        }
        assert versions and max(versions) <= (2, 28), (binary.name, max(versions))


def test_no_binary_needs_a_library_but_the_c_library(binaries: list[Path]) -> None:
    for binary in binaries:
        dynamic = output(["readelf", "--wide", "--dynamic", binary])
        assert set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)) <= C_LIBRARY
        assert "RUNPATH" not in dynamic


def test_what_no_library_promises_is_only_asked_for_weakly(binaries: list[Path]) -> None:
    """A name without a version is one of Python's, or of a C library newer than that of 2.28."""
    for binary in binaries:
        symbols = output(["readelf", "--wide", "--dyn-syms", binary])
        unversioned = re.findall(r" GLOBAL +DEFAULT +UND +([^@\s]+)\s*$", symbols, re.MULTILINE)
        assert unversioned == [], binary.name


def test_modules_are_found_without_the_loaders_lock_where_the_c_library_can(
    binaries: list[Path],
) -> None:
    (library,) = (binary for binary in binaries if binary.suffix == ".so")
    symbols = output(["readelf", "--wide", "--dyn-syms", library])
    assert re.search(r" WEAK +DEFAULT +UND +_dl_find_object\b", symbols)


# ---- installed with pip --------------------------------------------------------------------------


class Environment:
    """A fresh virtual environment, with nothing on PATH but its own commands."""

    def __init__(self, folder: Path, interpreter: pythons.Interpreter) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.pip = [self.python, "-m", "pip"]
        venv = [interpreter.path, "-m", "venv", folder]
        if Path(interpreter.path).is_relative_to(newest_pythons.TREE):  # it comes without pip
            venv.append("--without-pip")
            self.pip = [interpreter.venv_python, "-m", "pip", "--python", self.python]
        output(venv)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.variables = {**kept, "PATH": str(folder / "bin")}

    def install(self, *arguments: str | Path, **how) -> None:
        options = ["--quiet", "--disable-pip-version-check"]
        output([*self.pip, "install", *options, *arguments], **how)

    def profiled(self, command: list[str | Path], here: Path) -> Profiled:
        (here / "script.py").write_text(SCRIPT)
        words = [*command, "--no-browser", "-o", "out", "run", "script.py"]
        ended = run_plain([str(word) for word in words], cwd=here, env=self.variables)
        return Profiled(ended.status, ended.stdout, ended.stderr, here / "out")

    def check(self, command: list[str | Path], here: Path) -> None:
        """The script runs with the environment's own Python, and its lines are in the report."""
        profiled = self.profiled(command, here)
        assert profiled.status == 0, profiled.stderr
        assert profiled.own_stderr == b"", profiled.stderr
        assert profiled.stdout.decode().strip() == str(self.python)
        by_line = {frames[0]: size for frames, size in profiled.callstacks.items()}
        assert by_line["script.py:4 (<module>)"] >= 50_000_000
        assert any(frame.startswith("script.py:5 ") for frame in by_line)


@pytest.fixture(scope="module", params=pythons.find(), ids=str)
def environment(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """Made without a compiler and without the network."""
    made = Environment(tmp_path_factory.mktemp("installed") / "venv", request.param)
    made.install("--no-index", "--no-deps", wheel, env=made.variables)
    return made


@pytest.mark.parametrize("command", ["fil-profile", "filprofiler"])
def test_the_installed_command_profiles(environment: Environment, here: Path, command: str) -> None:
    environment.check([environment.folder / "bin" / command], here)


def test_the_installed_package_is_the_command(environment: Environment, here: Path) -> None:
    environment.check([environment.python, "-m", "filprofiler"], here)


def test_the_installed_package_profiles_a_call(environment: Environment, here: Path) -> None:
    (here / "calls.py").write_text(
        "from filprofiler.api import profile\n"
        "def work():\n"
        "    return bytearray(20_000_000)\n"
        "print(len(profile(work, 'result')))\n"
    )
    command = [environment.folder / "bin" / "fil-profile", "python", "calls.py"]
    assert output(command, cwd=here, env=environment.variables) == "20000000\n"
    assert "calls.py:3 (work) 200" in (here / "result" / "peak-memory.prof").read_text()


def test_the_installed_command_and_package_say_their_version(environment: Environment) -> None:
    assert version() in output([environment.folder / "bin" / "fil-profile", "--version"])
    code = "import filprofiler; print(filprofiler.__version__)"
    assert output([environment.python, "-c", code]) == f"{version()}\n"


def test_the_kernel_for_notebooks_is_installed(environment: Environment) -> None:
    kernel = environment.folder / "share" / "jupyter" / "kernels" / "filprofile" / "kernel.json"
    described = json.loads(kernel.read_text())
    assert described["display_name"] == "Python 3 with Fil"
    assert "{connection_file}" in described["argv"]


def test_pip_installs_the_sources_with_this_machines_compiler(here: Path) -> None:
    shutil.copytree(
        ROOT, here / "libfil", symlinks=True, ignore=shutil.ignore_patterns("build*", ".*")
    )
    made = Environment(here / "venv", pythons.find()[0])
    made.install(here / "libfil")
    made.check([made.folder / "bin" / "fil-profile"], here)
    # Of a native program nothing but its own is counted: no C++ runtime of ours takes memory there.
    (here / "x.c").write_text(
        "#include <stdlib.h>\nint main(void) { return malloc(5000000) == 0; }\n"
    )
    output(["cc", "-g", "-O0", here / "x.c", "-o", here / "x"])
    output(
        [
            made.folder / "bin" / "fil-profile",
            "--no-browser",
            "-o",
            here / "of_x",
            "run",
            here / "x",
        ]
    )
    ((_, size),) = Profiled(0, b"", b"", here / "of_x").callstacks.items()
    assert size == 5_000_000


# ---- on Debian 11 --------------------------------------------------------------------------------


def mirror() -> str:
    """Where this machine gets Debian from."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Origin: Debian"]
    found = re.search(r"^(\S+) bookworm$", output(asked), re.MULTILINE)
    return found.group(1) if found else pytest.skip("no mirror of Debian in this machine's sources")


@pytest.fixture(scope="module")
def debian_11() -> Path:
    """A minimal Debian 11 with its own Python, kept in build/."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.skip("debootstrap, as root, makes the Debian 11 of this test")
    machine = ROOT / "build" / "debian-11"
    if not (machine / "complete").exists():
        shutil.rmtree(machine, ignore_errors=True)
        make = ["debootstrap", "--variant=minbase", "--include=python3-venv", "bullseye", machine]
        output([*make, mirror()])
        (machine / "complete").touch()
    return machine


def test_the_wheel_works_on_debian_11(debian_11: Path, wheel: Path) -> None:
    home = debian_11 / "root" / "test"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    shutil.copy(wheel, home)
    (home / "script.py").write_text(SCRIPT)
    # In namespaces of its own, so that nothing stays mounted or running.
    steps = [
        "ldd --version | grep -q 'GLIBC 2.31'",
        "python3 -m venv venv",
        f"venv/bin/pip install --quiet --no-index --no-deps {wheel.name}",
        "venv/bin/fil-profile --no-browser -o out run script.py",
    ]
    mount = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev"'
    enter = f'{mount} && exec chroot "$0" sh -ec "$1"'
    command = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", enter, str(debian_11)]
    variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    ended = run_plain([*command, "cd /root/test\n" + "\n".join(steps)], env=variables)
    profiled = Profiled(ended.status, ended.stdout, ended.stderr, home / "out")
    assert ended.status == 0, ended.stderr
    assert ended.stdout.startswith(b"/root/test/venv/bin/python")
    assert all(line.startswith(PREFIX) for line in ended.stderr.splitlines())
    assert profiled.callstacks[("script.py:4 (<module>)",)] >= 50_000_000
