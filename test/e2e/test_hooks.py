"""Programs with one trap each run as if nobody were watching, and are counted right all the same.

The victims are in test/preload/victims; each says in its first comment what the session must say
of it. They run plain, with the preload library alone, and in a session of session_runner.c.
FIL_BUILD names another build directory than build/.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from profiling import MIB, ROOT, Ended, run_plain

BUILD = Path(os.environ.get("FIL_BUILD", ROOT / "build")).resolve()
LIBRARY = BUILD / "clients" / "preload" / "libfil_preload.so"
RUNNER = BUILD / "test" / "preload" / "session_runner"
VICTIMS = BUILD / "test" / "preload" / "victims"
SOURCES = ROOT / "test" / "preload" / "victims"

EXPECTATION = re.compile(r"expect (peak (\d+) MiB)?(?:, )?(processes (\d+))?")
NOT_ALONE = {
    "allocator", "keys", "operators_allocator", "operators_plugin", "plugin", "plugin_caller",
    "static_program",
}  # fmt: skip
ALL = sorted(p.stem for p in SOURCES.glob("*.c*") if p.stem not in NOT_ALONE)
# Buffers of stdio, bookkeeping of threads, C++'s reserve for exceptions.
MORE = 256 << 10


@dataclass(frozen=True)
class Recorded(Ended):
    numbers: dict

    @property
    def peak(self) -> float:
        return self.numbers["peak"] / MIB


def run_in_session(tmp_path: Path, command: list[str], **how) -> Recorded:
    output = tmp_path / "session.json"
    ended = run_plain([str(RUNNER), str(output), str(LIBRARY), *command], **how)
    return Recorded(ended.status, ended.stdout, ended.stderr, json.loads(output.read_text()))


def preloaded(**variables: str) -> dict[str, str]:
    return {**os.environ, "LD_PRELOAD": str(LIBRARY), **variables}


def environment_of(victim: str) -> dict[str, str]:
    """One arena and no cache, where the trap is that blocks pass from thread to thread at once."""
    tunables = "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1"
    return (
        {**os.environ, "GLIBC_TUNABLES": tunables} if victim == "realloc_race" else {**os.environ}
    )


def as_shell_says(status: int) -> int:
    return 128 - status if status < 0 else status


@pytest.mark.parametrize("victim", ALL)
def test_a_victim_is_unharmed_and_counted(victim: str, tmp_path: Path) -> None:
    command = [str(VICTIMS / victim)]
    variables = environment_of(victim)
    plain = run_plain(command, env=variables)
    alone = run_plain(command, env={**variables, "LD_PRELOAD": str(LIBRARY)})
    recorded = run_in_session(tmp_path, command, env=variables)
    assert plain.stderr == b""
    assert alone == plain
    assert Ended(recorded.status, recorded.stdout, recorded.stderr) == plain

    source = next(SOURCES.glob(victim + ".c*")).read_text()
    expected = EXPECTATION.search(source)
    numbers = recorded.numbers
    if expected and expected[1]:
        low = int(expected[2]) * MIB
        assert low - MORE / 4 <= numbers["peak"] <= low + MORE, numbers
    if expected and expected[3]:
        assert len(numbers["processes"]) == int(expected[4]), numbers
    assert numbers["unprofiled"] == 0
    assert all(process["closed"] for process in numbers["processes"]), numbers
    assert numbers["live"] == 0
    if not victim.startswith("jump_out"):
        assert sum(process["missed"] for process in numbers["processes"]) == 0, numbers


@pytest.mark.parametrize(
    "way", ["exit", "_exit", "_Exit", "quick_exit", "thread", "raw", "kill", "segv", "abort"]
)
def test_what_was_counted_survives_every_way_out(way: str, tmp_path: Path) -> None:
    command = [str(VICTIMS / "exits"), way]
    plain = run_plain(command)
    recorded = run_in_session(tmp_path, command)
    assert recorded.status == as_shell_says(plain.status)
    assert recorded.stdout == plain.stdout == way.encode() + b"\n"
    assert recorded.stderr == plain.stderr == b""
    assert recorded.peak == pytest.approx(20, abs=0.1)
    assert recorded.numbers["live"] == 0


def test_where_files_may_not_grow_nothing_is_recorded_and_nobody_harmed(tmp_path: Path) -> None:
    recorded = run_in_session(tmp_path, [str(VICTIMS / "limits"), "none"])
    assert (recorded.status, recorded.stdout, recorded.stderr) == (0, b"limited\n", b"")


# ---- what a program starts -----------------------------------------------------------------------


def test_a_static_program_is_counted_and_hands_our_variables_on(tmp_path: Path) -> None:
    static = str(VICTIMS / "static_program")
    recorded = run_in_session(tmp_path, [str(VICTIMS / "spawns"), static])
    preloaded = f"preload {LIBRARY}\n".encode()
    assert recorded.stdout == preloaded + preloaded + b"spawned\n"
    assert recorded.stderr == b""
    assert recorded.numbers["unprofiled"] == 2
    assert len(recorded.numbers["processes"]) == 1
    assert recorded.peak == pytest.approx(24, abs=0.1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file of somebody else's")
def test_a_set_user_id_program_gets_no_preload_and_is_counted(tmp_path: Path) -> None:
    program = tmp_path / "true"
    shutil.copy(shutil.which("true"), program)
    os.chown(program, 65534, 65534)
    program.chmod(0o4755)
    recorded = run_in_session(tmp_path, [str(VICTIMS / "spawns"), str(program)])
    assert (recorded.stdout, recorded.stderr) == (b"spawned\n", b"")
    assert recorded.numbers["unprofiled"] == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_child_that_cannot_open_the_library_gets_no_preload_and_is_counted(
    tmp_path: Path,
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    library = shutil.copy(LIBRARY, private)
    child = "subprocess.run(['/bin/sh', '-c', 'echo preload $LD_PRELOAD'], close_fds=%s); "
    code = "import os, subprocess; os.setuid(65534); "
    code += child % True + child % False  # by fork and exec, and by posix_spawn
    command = [str(RUNNER), str(tmp_path / "session.json"), library, sys.executable, "-c", code]
    ended = run_plain(command, cwd="/")
    numbers = json.loads((tmp_path / "session.json").read_text())
    assert (ended.stdout, ended.stderr) == (b"preload\npreload\n", b"")
    assert numbers["unprofiled"] == 2


def test_a_script_is_recorded_by_its_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n:\n")
    script.chmod(0o755)
    recorded = run_in_session(tmp_path, [str(VICTIMS / "spawns"), str(script)])
    assert recorded.stdout == b"spawned\n"
    assert len(recorded.numbers["processes"]) == 3
    assert str(script) in recorded.numbers["processes"][1]["command"]


def test_a_program_started_through_the_loader_is_recorded(tmp_path: Path) -> None:
    headers = run_plain(["readelf", "-l", str(VICTIMS / "chdir")]).stdout.decode()
    loader = re.search(r"interpreter: (\S+)]", headers)[1]
    command = [str(VICTIMS / "spawns"), loader, str(VICTIMS / "reserve")]
    recorded = run_in_session(tmp_path, command)
    assert recorded.stdout == b"reserved\nreserved\nspawned\n"
    assert [round(p["peak"] / MIB) for p in recorded.numbers["processes"]] == [24, 16, 16]


def test_pythons_children_are_recorded_though_it_empties_their_environment(tmp_path: Path) -> None:
    victim = str(VICTIMS / "reserve")
    code = f"import subprocess; subprocess.run([{victim!r}], env={{}}, check=True, close_fds=True)"
    recorded = run_in_session(tmp_path, [sys.executable, "-c", code])
    assert (recorded.status, recorded.stdout, recorded.stderr) == (0, b"reserved\n", b"")
    children = [p for p in recorded.numbers["processes"] if p["command"] == victim]
    assert [round(child["peak"] / MIB) for child in children] == [16]


def test_the_users_own_preload_keeps_its_place_behind_ours(tmp_path: Path) -> None:
    other = str(VICTIMS / "libvictim_plugin.so")
    program = ["env", "-i", "sh", "-c", "echo $LD_PRELOAD"]
    recorded = run_in_session(tmp_path, program, env={**os.environ, "LD_PRELOAD": other})
    assert recorded.stdout.decode().strip() == str(LIBRARY)
    code = "import os; os.execve('/bin/sh', ['sh', '-c', 'echo $LD_PRELOAD'], {'LD_PRELOAD': %r})"
    recorded = run_in_session(tmp_path, [sys.executable, "-c", code % other])
    assert recorded.stdout.decode().strip() == f"{LIBRARY}:{other}"


# ---- what else is in the process -----------------------------------------------------------------


@pytest.mark.parametrize("victim", ["constructor", "tls_destructor", "threads_come_and_go"])
def test_an_allocator_preloaded_after_us_keeps_working(victim: str, tmp_path: Path) -> None:
    other = str(VICTIMS / "libvictim_allocator.so")
    command = [str(VICTIMS / victim)]
    plain = run_plain(command, env={**os.environ, "LD_PRELOAD": other})
    recorded = run_in_session(tmp_path, command, env={**os.environ, "LD_PRELOAD": other})
    assert (recorded.status, recorded.stdout, recorded.stderr) == (
        plain.status,
        plain.stdout,
        plain.stderr,
    )
    assert 2 <= recorded.peak < 100, "what the allocator maps is 256 MiB"


def test_a_session_that_is_gone_harms_nobody() -> None:
    for session in ["", "nonsense", "/nowhere/at/all"]:
        ended = run_plain([str(VICTIMS / "execs")], env=preloaded(FIL_SESSION=session))
        assert (ended.status, ended.stderr) == (0, b"")


@pytest.mark.parametrize(
    "command",
    [
        ["sh", "-c", "for i in 1 2 3; do echo $i | tr 1-3 a-c; done | sort -r"],
        ["git", "--version"],
        [sys.executable, "-c", "import json, threading, asyncio; print(json.dumps([1, {}]))"],
        [sys.executable, "-c", "import os; os.fork() or print('child'); os.wait if 0 else 0"],
        ["env", "-i", "/bin/sh", "-c", "env | grep -v -e FIL_SESSION -e LD_PRELOAD | sort"],
    ],
)
def test_programs_that_everybody_has_say_what_they_always_say(
    command: list[str], tmp_path: Path
) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    plain = run_plain(command)
    recorded = run_in_session(tmp_path, command)
    assert (recorded.status, recorded.stdout, recorded.stderr) == (
        plain.status,
        plain.stdout,
        plain.stderr,
    )
