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


def restore_signals() -> None:
    """Python ignores these two from its start, and nothing tells whether they were before."""
    for number in [signal.SIGPIPE, signal.SIGXFSZ]:
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
