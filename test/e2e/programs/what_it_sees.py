"""Prints everything a program can see of how it was started, so that two runs can be compared."""

import os
import signal
import sys
from pathlib import Path


def say(name, value):
    print(f"{name}: {value!r}")


def numbers(folder):
    return sorted(int(path.name) for path in Path(folder).iterdir())


def status_lines():
    """Signals blocked and ignored; threads; what may not be gained."""
    wanted = ("Threads", "SigBlk", "SigIgn", "NoNewPrivs", "Seccomp", "Umask")
    lines = Path("/proc/self/status").read_text().splitlines()
    return [line for line in lines if line.split(":")[0] in wanted]


say("arguments", sys.argv)
say("original arguments", getattr(sys, "orig_argv", None))
say("command line", Path("/proc/self/cmdline").read_bytes())
say("executable", sys.executable)
say("image", str(Path("/proc/self/exe").readlink()))
say("path", sys.path)
say("flags", sys.flags)
say("modules", sorted(sys.modules))
say("threads", status_lines())
say("tracing", [sys.gettrace(), sys.getprofile(), sys.getrecursionlimit()])
say("directory", os.getcwd())  # noqa: PTH109
say("group", [os.getpgrp() == os.getpgid(os.getppid()), os.getsid(0) == os.getsid(os.getppid())])
say("terminal", [os.isatty(number) for number in range(3)])
say(
    "descriptors", [(number, os.get_inheritable(number)) for number in numbers("/proc/self/fd")[:3]]
)
say("open", numbers("/proc/self/fd"))
for number in range(1, signal.NSIG):
    if number in signal.valid_signals():
        say(f"signal {number}", signal.getsignal(number))
for name, value in sorted(os.environb.items()):
    say("variable", (name, value))
say("input", sys.stdin.buffer.read())
print("to stderr", file=sys.stderr)
print("not the last line, but no newline at its end", end="")
