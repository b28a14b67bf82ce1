"""Starts the real fil-profile, a native program, in place of this interpreter.

It is told by FIL_PYTHON which Python it belongs to, so that `fil-profile run x.py` means this one;
it takes that variable out of the program's environment. Else the program inherits what this
interpreter did, not what it has changed since.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

from ._installation import mixed_up

PACKAGE = Path(__file__).resolve().parent
# Whose children inherit what they ignore.
HAND_ON = set("sh bash dash ash busybox zsh ksh mksh fish systemd".split())
# Inside the package, where a wheel has it; in the build tree of the sources.
PLACES = ["bin/fil-profile", "../../../build/bin/fil-profile"]


def find_command() -> Path | None:
    for place in PLACES:
        command = PACKAGE / place
        if os.access(command, os.X_OK):
            return command
    return None


def inherited_environment() -> dict[str, str]:
    """Without LC_CTYPE, if it was Python that set it, where the locale is "C"."""
    environment = dict(os.environ)
    with contextlib.suppress(OSError):
        inherited = b"\0" + Path("/proc/self/environ").read_bytes()
        if b"\0LC_CTYPE=" not in inherited:
            environment.pop("LC_CTYPE", None)
    return environment


def ignored_by_the_shell() -> int:
    """A bit for each signal that our parent ignores, if it hands that on.

    Shells do, and so does systemd. (Others ignore some for themselves: Python, Node.)
    """
    parent = Path(f"/proc/{os.getppid()}")
    with contextlib.suppress(OSError, StopIteration):
        if (parent / "comm").read_text().strip() in HAND_ON:
            lines = (parent / "status").read_text().splitlines()
            return int(next(line for line in lines if line.startswith("SigIgn:")).split()[1], 16)
    return 0


def restore_signals() -> None:
    """Python ignores these two from its start; nothing here tells whether they were before."""
    ignored = ignored_by_the_shell()
    for number in [signal.SIGPIPE, signal.SIGXFSZ]:
        if not ignored >> (number - 1) & 1:
            signal.signal(number, signal.SIG_DFL)


def main() -> None:
    mixed = mixed_up(PACKAGE)
    if mixed is not None:
        print(f"=fil-profile= {mixed}", file=sys.stderr)
    command = find_command()
    if command is None:
        print(f"=fil-profile= there is no fil-profile in {PACKAGE}", file=sys.stderr)
        sys.exit(2)
    environment = {**inherited_environment(), "FIL_PYTHON": sys.executable}
    restore_signals()
    os.execve(command, ["fil-profile", *sys.argv[1:]], environment)
