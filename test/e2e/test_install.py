"""`meson install`: what it puts where, and that all of it works from there."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from profiling import FIL_PROFILE, PREFIX, ROOT, reports_in

BUILD = FIL_PROFILE.parent.parent
# Headers, and the tables that they include.
HEADERS = [*(ROOT / "include/fil").rglob("*.hpp"), *(ROOT / "include/fil").rglob("*.def")]
PROGRAM = """
#include <fil.h>
#include <stdio.h>

int main(void) {
    puts(fil_version());
    return fil_recorder_running();
}
"""


@dataclass(frozen=True)
class Installation:
    destination: Path

    @property
    def prefix(self) -> Path:
        return self.destination / "usr" / "local"

    @property
    def libraries(self) -> Path:
        (library,) = self.prefix.rglob("libfil.so")
        return library.parent

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PKG_CONFIG_SYSROOT_DIR": str(self.destination),
            "PKG_CONFIG_PATH": str(self.libraries / "pkgconfig"),
        }

    def pkg_config(self, *arguments: str, package: str = "fil") -> list[str]:
        return output(["pkg-config", *arguments, package], env=self.environment).split()


def output(command: list[str], **how) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **how)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    destination = tmp_path_factory.mktemp("installed")
    meson = ["meson", "install", "-C", str(BUILD), "--no-rebuild", "--destdir", str(destination)]
    output(meson, env={**os.environ, "LC_ALL": "C.UTF-8"})
    return Installation(destination)


def version() -> str:
    return re.search(r"^  version: '(.+)'", (ROOT / "meson.build").read_text(), re.MULTILINE).group(
        1
    )


def test_exactly_these_files_are_installed(installed: Installation) -> None:
    folder = installed.libraries.relative_to(installed.prefix)
    everything = [
        path for path in installed.prefix.rglob("*") if path.is_symlink() or path.is_file()
    ]
    files = {str(path.relative_to(installed.prefix)) for path in everything}
    core = {f"include/{path.relative_to(ROOT / 'include')}" for path in HEADERS}
    assert core <= files
    assert files - core == {
        "bin/fil-profile",
        "bin/filprofiler",
        "include/fil.h",
        "include/fil.hpp",
        "include/fil_announce.h",
        "include/fil_hooks.h",
        "include/fil_snapshot.h",
        "include/fil_supervisor.h",
        "include/fil_trace.h",
        f"{folder}/libfil.a",
        f"{folder}/libfil.so",
        f"{folder}/libfil.so.0",
        f"{folder}/libfil.so.{version()}",
        f"{folder}/fil/fil-replay",
        f"{folder}/fil/libfil_preload.so",
        f"{folder}/fil/libfil_trace.so",
        f"{folder}/pkgconfig/fil.pc",
        f"{folder}/pkgconfig/fil-core.pc",
        "share/fil/report-1.json",
    }


def test_the_installed_command_records_with_the_installed_library(
    installed: Installation, tmp_path: Path
) -> None:
    script = tmp_path / "mapped.py"
    # By content: where other users may not read it, root's is a copy.
    script.write_text(
        """if True:
        import hashlib
        from pathlib import Path
        paths = {line.split()[-1] for line in open("/proc/self/maps") if "libfil" in line}
        print(*[hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths])
        """
    )
    command = [
        str(installed.prefix / "bin" / "fil-profile"),
        "--no-browser",
        "-o",
        str(tmp_path / "out"),
    ]
    mapped = output([*command, "run", str(script)], cwd=tmp_path)
    library = (installed.libraries / "fil" / "libfil_preload.so").read_bytes()
    assert mapped.split() == [hashlib.sha256(library).hexdigest()]
    (report,) = reports_in(tmp_path / "out")
    assert (report / "index.html").exists()


def test_the_installed_command_says_its_version(installed: Installation) -> None:
    assert version() in output([str(installed.prefix / "bin" / "fil-profile"), "--version"])


@pytest.mark.parametrize("link", ["shared", "static"])
def test_a_program_is_compiled_with_pkg_config(
    installed: Installation, tmp_path: Path, link: str
) -> None:
    source = tmp_path / "program.c"
    source.write_text(PROGRAM)
    libraries = installed.pkg_config("--libs")
    if link == "static":
        libraries = installed.pkg_config("--static", "--libs")
        libraries = ["-l:libfil.a" if each == "-lfil" else each for each in libraries]
    program = str(tmp_path / "program")
    output(["cc", str(source), "-o", program, *installed.pkg_config("--cflags"), *libraries])
    environment = {**os.environ, "LD_LIBRARY_PATH": str(installed.libraries)}
    assert output([program], env=environment) == f"{version()}\n"
    needed = output(["ldd", program], env=environment)
    assert ("libfil.so" in needed) == (link == "shared")


def test_our_lines_are_the_only_ones_on_stderr(installed: Installation, tmp_path: Path) -> None:
    command = [str(installed.prefix / "bin" / "fil-profile"), "--no-browser", "-o", str(tmp_path)]
    done = subprocess.run(
        [*command, "run", "/bin/true"], capture_output=True, timeout=60, check=True
    )
    assert done.stdout == b""
    assert all(line.startswith(PREFIX) for line in done.stderr.splitlines())


def test_the_core_is_used_without_the_library(installed: Installation, tmp_path: Path) -> None:
    """By its pkg-config file: nothing of ours to link, and none of this tree's headers."""
    source = shutil.copy(ROOT / "examples/core_alone.cpp", tmp_path)
    flags = installed.pkg_config("--cflags", "--libs", package="fil-core")
    assert [flag for flag in flags if flag.startswith(("-l", "-L"))] == []
    assert str(installed.prefix / "include") in " ".join(flags)
    program = str(tmp_path / "core_alone")
    output(["c++", "-std=c++20", str(source), "-o", program, *flags], cwd=tmp_path)
    assert "libfil" not in output(["ldd", program])
    assert output([program, str(tmp_path)]) == "The peak: 32.0 MiB\n"
    callstacks = (tmp_path / "peak-memory.prof").read_text().splitlines()
    assert [line.rsplit(" ", 1)[1] for line in callstacks] == [str(24 << 20), str(8 << 20)]
