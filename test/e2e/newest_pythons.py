#!/usr/bin/env python3
"""CPythons that are newer than the machine's: those of Debian's newest suite, with their own libc.

    python3 test/e2e/newest_pythons.py             says where they are, or why they are not
    python3 test/e2e/newest_pythons.py --install   fetches them first (./dev setup)

The packages are fetched by apt-get from the mirror that the machine uses, into a state of its own,
and unpacked, not installed: nothing of the system changes. The interpreters are told to start with
the loader and the libraries unpacked beside them, so each is a plain file that runs as it is.
They are kept in $XDG_CACHE_HOME/libfil/pythons (~/.cache without it), for every clone to share.
Where there is no such mirror, or no network, a line says so, and the tests do without them.
Only the standard library is used: this runs before anything is installed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = ("3.14", "3.15")
SUITE = "sid"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "libfil" / "pythons"
TREE = CACHE / "tree"
COMPLETE = TREE / "complete-2"  # another number where this script would make another tree
REASON = CACHE / "why-not.txt"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SECONDS = 900  # for one call of apt-get


class Unreachable(Exception):
    """Why this machine does not get them."""


def interpreters() -> list[Path]:
    """What is installed."""
    if not COMPLETE.exists():
        return []
    return [path for version in VERSIONS if (path := TREE / f"usr/bin/python{version}").exists()]


def why_not() -> str:
    """Why interpreters() is empty."""
    if REASON.exists():
        return REASON.read_text().strip()
    return "the interpreters of Debian's newest suite are not installed: ./dev setup fetches them"


def install() -> None:
    """Fetches and unpacks them, or leaves the reason for why_not()."""
    if COMPLETE.exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    # Nobody else's half-made tree is ever seen or reused.
    state = CACHE / f"apt-{os.getpid()}"
    try:
        print(f"fetching Python {' and '.join(VERSIONS)} into {TREE}", flush=True)
        fetch(state)
        unpack(sorted(state.glob("cache/archives/*.deb")))
        REASON.unlink(missing_ok=True)
    except Unreachable as reason:
        REASON.write_text(f"{reason}\n")
    finally:
        shutil.rmtree(state, ignore_errors=True)


# ---- fetching ----


def mirror() -> str:
    """Where this machine gets Debian's packages from."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Unreachable("the newest Pythons come from Debian's packages, and this is no Debian")
    columns = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
    indexes = run(["apt-get", "indextargets", "--format", columns, "Created-By: Packages"])
    for line in indexes.splitlines():
        origin, label, address = line.split("|")
        if (origin, label) == ("Debian", "Debian"):
            return address
    raise Unreachable("apt-get knows no mirror of Debian to fetch the newest Pythons from")


def fetch(state: Path) -> None:
    """All packages that the interpreters need, down to libc, into state/cache/archives."""
    for folder in ["lists/partial", "cache/archives/partial"]:
        (state / folder).mkdir(parents=True)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (state / "sources.list").write_text(f"deb {signed}{mirror()} {SUITE} main\n")
    settings = {
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": "/dev/null",  # as if nothing were installed
        "Dir::Cache": state / "cache",
        "Dir::Etc::SourceList": state / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Acquire::Languages": "none",
        "Acquire::Retries": 1,
        "Acquire::http::Timeout": 30,
        "APT::Install-Recommends": "false",
        "APT::Update::Error-Mode": "any",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",
    }
    configuration = state / "apt.conf"
    configuration.write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    environment = {**os.environ, "APT_CONFIG": str(configuration)}

    def apt_get(*arguments: str) -> None:
        # Where archives go is where we are, for `download`.
        where = state / "cache" / "archives"
        run(["apt-get", "-q", "-y", *arguments], env=environment, cwd=where)

    apt_get("update")
    pythons = [f"python{version}" for version in VERSIONS]
    tests = [f"libpython{version}-testsuite" for version in VERSIONS]
    headers = [f"libpython{version}-dev" for version in VERSIONS]
    apt_get("install", "--download-only", *pythons, *tests, "patchelf")
    apt_get("download", *headers)  # without what a compiler would need beside them


def run(command: list[str], **how) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            **how,
        )
    except subprocess.TimeoutExpired:
        raise Unreachable(f"{' '.join(command[:4])} took longer than {SECONDS} s") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise Unreachable(f"the newest Pythons cannot be fetched: {said[0]}")
    return done.stdout


# ---- unpacking ----


def unpack(packages: list[Path]) -> None:
    # The interpreters name their loader by its whole path, so the tree is made where it stays.
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir()
    for package in packages:
        run(["dpkg-deb", "--extract", str(package), str(TREE)])
    for archive in TREE.glob("usr/lib/python3.*/config-*/*.a"):
        archive.unlink()

    libraries = next(TREE.glob("usr/lib/*-linux-gnu"))
    loader = next(libraries.glob("ld-linux*.so.*"))
    start = [str(loader), "--library-path", str(libraries)]
    patchelf = [*start, str(TREE / "usr/bin/patchelf")]
    for version in VERSIONS:
        python = TREE / f"usr/bin/python{version}"
        # RPATH, not RUNPATH: it holds for the libraries of extension modules too. In two steps and
        # in this order, or patchelf 0.18 makes a program that crashes.
        run([*patchelf, "--force-rpath", "--set-rpath", str(libraries), str(python)])
        run([*patchelf, "--set-interpreter", str(loader), str(python)])
        run([str(python), "-c", "import ctypes, ssl, zlib"])
        # As dpkg would: what is not compiled is compiled when it is imported, which takes memory.
        library = str(TREE / f"usr/lib/python{version}")
        run([str(python), "-m", "compileall", "-q", "-x", "/(test|lib2to3)/", library])
    COMPLETE.touch()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--install", action="store_true")
    if parser.parse_args().install:
        install()
    for path in interpreters():
        print(path)
    if not interpreters():
        print(why_not())


if __name__ == "__main__":
    sys.exit(main())
