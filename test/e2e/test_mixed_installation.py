"""libfil and PyPI's filprofiler in one environment: whoever came last has the other's files. Wheels
of these names, with files of the same names, installed and removed by the real pip."""

from __future__ import annotations

import shutil
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from profiling import PREFIX, ROOT, Ended, run_plain

REMEDY = "pip uninstall filprofiler libfil, then install libfil again"
OTHER_FILES = ["__init__.py", "__main__.py", "_ipython.py", "_script.py", "api.py"]


def wheel(name: str, version: str, start: str, files: dict[str, bytes]) -> str:
    metadata = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{metadata}/METADATA": b"Metadata-Version: 2.1\nName: %b\nVersion: %b\n"
        % (name.encode(), version.encode()),
        f"{metadata}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{metadata}/entry_points.txt": ("[console_scripts]\n" + start).encode(),
    }
    record = "".join(f"{path},,{len(content)}\n" for path, content in files.items())
    files[f"{metadata}/RECORD"] = f"{record}{metadata}/RECORD,,\n".encode()
    file = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (stat.S_IFREG | 0o755) << 16
            archive.writestr(entry, content)
    return file


class Environment:
    def __init__(self) -> None:
        made = run_plain([sys.executable, "-m", "venv", "--without-pip", "env"])
        assert made.status == 0, made.stderr.decode()
        package = ROOT / "bindings" / "python" / "filprofiler"
        files = {f"filprofiler/{each.name}": each.read_bytes() for each in package.glob("*.py")}
        files["filprofiler/bin/fil-profile"] = b'#!/bin/sh\necho ours "$@"\n'
        start = "".join(f"{name} = filprofiler._launcher:main\n" for name in self.COMMANDS)
        self.libfil = wheel("libfil", "0.1.0", start, files)
        theirs = {f"filprofiler/{name}": b"def main(): print('theirs')\n" for name in OTHER_FILES}
        start = "fil-profile = filprofiler._script:main\n"
        self.filprofiler = wheel("filprofiler", "2024.11.2", start, theirs)

    COMMANDS = ("fil-profile", "filprofiler")

    def pip(self, *words: str) -> None:
        pip = [sys.executable, "-m", "pip", "--python", "env/bin/python", "-q"]
        done = run_plain([*pip, *words])
        assert done.status == 0, done.stderr.decode()

    def install(self, file: str) -> None:
        self.pip("install", "--no-index", "--no-compile", file)

    def command(self, name: str) -> Ended:
        return run_plain([f"env/bin/{name}", "run", "x.py"])


@pytest.fixture
def environment(here: Path) -> Environment:
    return Environment()


def said(ended: Ended) -> str:
    assert (ended.status, ended.stdout) == (0, b"ours run x.py\n"), ended.stderr.decode()
    assert all(line.startswith(PREFIX) for line in ended.stderr.splitlines())
    return ended.stderr.decode()


def test_libfil_installed_over_filprofiler_says_so_and_what_its_removal_took(environment):
    environment.install(environment.filprofiler)
    environment.install(environment.libfil)
    beside = (
        "=fil-profile= filprofiler 2024.11.2 is installed too, and its files have the same names "
        f"as libfil's: {REMEDY}\n"
    )
    assert said(environment.command("fil-profile")) == beside
    assert said(run_plain(["env/bin/python", "-m", "filprofiler", "run", "x.py"])) == beside

    environment.pip("uninstall", "-y", "filprofiler")
    assert not Path("env/bin/fil-profile").exists()
    (line,) = said(environment.command("filprofiler")).splitlines()
    assert line.startswith("=fil-profile= files of libfil were overwritten or removed (")
    assert line.endswith(REMEDY)
    for name in ["__init__.py", "__main__.py", "_ipython.py", "api.py", "fil-profile"]:
        assert name in line


def test_filprofiler_installed_over_libfil_is_named_with_what_it_overwrote(environment):
    environment.install(environment.libfil)
    assert said(environment.command("fil-profile")) == ""
    environment.install(environment.filprofiler)
    assert environment.command("fil-profile").stdout == b"theirs\n"
    (line,) = said(environment.command("filprofiler")).splitlines()
    assert line.startswith("=fil-profile= filprofiler 2024.11.2 has overwritten files of libfil (")
    assert "api.py" in line
    assert "_launcher.py" not in line

    environment.pip("uninstall", "-y", "filprofiler", "libfil")
    shutil.rmtree("env/lib64/python3/site-packages/filprofiler", ignore_errors=True)
    environment.install(environment.libfil)
    assert (
        said(environment.command("filprofiler")) == said(environment.command("fil-profile")) == ""
    )
