"""The command as tests run it: in a directory of its own, in the foreground or the background."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from profiling import FIL_PROFILE, Profiled, run_plain, run_profiled

PROFILED = [str(FIL_PROFILE), "--no-browser", "-o", "out", "--python", sys.executable, "run"]
SECONDS = 30  # until a test that hangs gives up


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
    how.setdefault("stderr", subprocess.PIPE)
    with subprocess.Popen([*PROFILED, *program], stdout=subprocess.PIPE, **how) as supervisor:
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
