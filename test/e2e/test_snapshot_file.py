"""The snapshot file in a report's folder: what is in it, who leaves it out, and who reads it."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from command import profiled, script
from parts import PACKAGE, PATH, run_work
from profiling import FIL_PROFILE, MIB, REPORT_FILES, Ended, reports_in, run_plain, snapshot_content

sys.path.insert(0, str(PACKAGE))
from filprofiler._library import FIL_OK, sized
from filprofiler._snapshot import Facts, Snapshot, Words, string

SNAPSHOT = "peak-memory.filsnap"


def run(*words: str) -> Ended:
    return run_plain([str(FIL_PROFILE), "--no-browser", *words], timeout=60)


def facts_of(snapshot: Snapshot) -> Facts:
    facts = sized(Facts())
    assert snapshot._library.fil_snapshot_read(snapshot._handle, ctypes.byref(facts)) == FIL_OK
    return facts


def innermost(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    """Bytes by the file and the function that allocated."""
    frames = [(string(f.file), string(f.function)) for f in snapshot.frames()]
    calls = [call.frame for call in snapshot.calls()]
    held: dict[tuple[str, str], int] = {}
    for used in snapshot.used():
        frame = frames[calls[used.callstack]]
        held[frame] = held.get(frame, 0) + used.bytes
    return held


class HeldProcess(ctypes.Structure):
    """fil_held_process"""

    _fields_ = (
        ("struct_size", ctypes.c_size_t),
        ("pid", ctypes.c_int32),
        ("name", Words),
        ("bytes", ctypes.c_int64),
        ("peak", ctypes.c_int64),
        ("peak_seconds", ctypes.c_double),
        ("equals", Words),
        ("note", Words),
        ("parent", ctypes.c_int32),
    )


def test_it_knows_who_started_whom(here):
    script(
        "job.py",
        """
        import os
        held = bytearray(30_000_000)
        os.write(1, f"{os.getpid()}\\n".encode())
        for _ in range(2):
            last = os.getpid()
            if pid := os.fork():
                os.waitpid(pid, 0)
                os._exit(0)
            assert os.getppid() == last
            held = bytearray(20_000_000)
            os.write(1, f"{os.getpid()}\\n".encode())
        """,
    )
    ended = profiled("job.py")
    assert ended.status == 0
    started = [int(line) for line in ended.stdout.split()]
    with Snapshot(ended.report) as snapshot:
        each = snapshot._each(snapshot._library.fil_snapshot_process, HeldProcess)
        parents = {one.pid: one.parent for one in each}
    assert set(parents) == set(started)
    assert [parents[pid] for pid in started[1:]] == started[:2]
    assert parents[started[0]] not in started


def test_it_holds_all_callstacks_and_no_secret(here):
    ended = run(
        "run", script("job.py", "x = bytearray(b'1') * (30 << 20)\n"), "--password", "hunter2"
    )
    assert ended.status == 0
    (report,) = reports_in("fil-result")
    with Snapshot(report / SNAPSHOT) as snapshot:
        facts = facts_of(snapshot)
        held = innermost(snapshot)
        assert string(facts.host) == socket.gethostname()
        assert string(facts.command).split("\0")[-3:] == ["job.py", "--password", "***"]
        assert sum(held.values()) == facts.peak == snapshot.peak
        assert 30 * MIB <= held["job.py", "<module>"] < 31 * MIB
        assert "hunter2" not in {string(f.file) for f in snapshot.frames()}
    with Snapshot(report) as again:  # a report's folder
        assert again.peak == facts.peak


def test_drawn_again_elsewhere_it_is_the_same_byte_for_byte(here):
    """Without the program, in another directory and time zone; of two processes."""
    program = """
        import os
        kept = [bytearray(b"1") * (3 << 20) for _ in range(4)]
        if os.fork() == 0:
            mine = bytearray(b"2") * (7 << 20)
            os._exit(0)
        os.wait()
    """
    assert run("--embed-sources", "run", script("job.py", program)).status == 0
    (report,) = reports_in("fil-result")
    Path("job.py").unlink()
    Path("elsewhere").mkdir()
    moved = report.rename("elsewhere/moved")
    ended = run_plain(
        [str(FIL_PROFILE), "--no-browser", "report", "-o", "again", "moved"],
        env={**os.environ, "TZ": "Pacific/Auckland"},
        cwd="elsewhere",
        timeout=60,
    )
    assert ended.status == 0, ended.stderr
    (again,) = reports_in("elsewhere/again")
    for name in REPORT_FILES:
        assert (moved / name).read_bytes() == (again / name).read_bytes(), name
    assert b"kept = [bytearray" in (again / "index.html").read_bytes()


def test_it_is_left_out_where_it_is_not_wanted(here):
    program = script("job.py", "x = bytearray(1 << 20)\n")
    assert run("--no-recording", "run", program).status == 0
    (report,) = reports_in("fil-result")
    assert {file.name for file in report.iterdir()} == REPORT_FILES - {SNAPSHOT}


def test_source_lines_are_in_it_only_where_that_was_wanted(here):
    program = script("job.py", "a = 'far away'\n" * 9 + "kept = bytearray(b'1') * (5 << 20)\n")
    for options in ([], ["--embed-sources"]):
        assert run(*options, "-o", f"out{len(options)}", "run", program).status == 0
        (report,) = reports_in(f"out{len(options)}")
        content = snapshot_content(report / SNAPSHOT)
        assert (b"bytearray(b'1')" in content) == bool(options)
        assert content.count(b"far away") == 2 * len(options)  # the two lines before


def test_native_code_has_its_names_when_the_program_is_gone(here):
    Path("grid.c").write_text(
        "#include <stdlib.h>\n#include <string.h>\n"
        "void *fill_the_grid(void) { return memset(malloc(20 << 20), 1, 20 << 20); }\n"
        "int main(void) { return fill_the_grid() == NULL; }\n"
    )
    subprocess.run(["cc", "-g", "-O0", "grid.c", "-o", "grid"], check=True)
    assert run("run", "./grid").status == 0
    Path("grid").unlink()
    Path("grid.c").unlink()
    (report,) = reports_in("fil-result")
    with Snapshot(report / SNAPSHOT) as snapshot:
        held = {function: size for (_, function), size in innermost(snapshot).items()}
    assert 20 * MIB <= held["fill_the_grid"] < 21 * MIB


def test_a_program_that_was_killed_leaves_one(here):
    ended = profiled(
        script("job.py", "import os\nx = bytearray(b'1') * (9 << 20)\nos.kill(os.getpid(), 9)\n")
    )
    with Snapshot(ended.report / SNAPSHOT) as snapshot:
        assert 9 * MIB <= snapshot.peak < 20 * MIB


def test_what_a_killed_program_left_without_a_supervisor_is_read(here):
    """Its child lived on for a moment; both are there, at their peak together."""
    program = """
        import os, signal, sys
        ready, tell = os.pipe()
        kept = bytearray(b"1") * (20 << 20)
        if os.fork() == 0:
            mine = bytearray(b"2") * (10 << 20)
            os.write(tell, b"x")
            signal.pause()
        os.read(ready, 1)
        os.killpg(0, signal.SIGKILL)
    """
    library = run("preload-path").stdout.decode().strip()
    variables = {**os.environ, "LD_PRELOAD": library, "FIL_OUTPUT": "kept"}
    subprocess.run(
        [sys.executable, script("job.py", program)],
        env=variables,
        check=False,
        timeout=60,
        start_new_session=True,
    )
    with pytest.raises(RuntimeError, match="fil-profile report reads"):
        Snapshot(Path("kept"))
    assert run("report", "-o", "drawn", "kept").status == 0
    (report,) = reports_in("drawn")
    with Snapshot(report) as snapshot:
        held = innermost(snapshot)
        facts = facts_of(snapshot)
        assert string(facts.host) == socket.gethostname()
        assert string(facts.command).split("\0")[-1] == "job.py"
        assert sum(held.values()) == facts.peak
        assert 30 * MIB <= held["job.py", "<module>"] < 31 * MIB


@pytest.mark.parametrize("bad", ["cut", "flipped", "text", "gone"])
def test_what_cannot_be_read_is_a_sentence_with_its_name(here, bad):
    assert run("run", script("job.py", "x = bytearray(1 << 20)\n")).status == 0
    (report,) = reports_in("fil-result")
    file = report / SNAPSHOT
    whole = file.read_bytes()
    if bad == "gone":
        file.unlink()
    else:
        changed = {
            "cut": whole[: len(whole) // 2],
            "flipped": whole[:-1] + bytes([whole[-1] ^ 1]),
            "text": b"Dear Sir",
        }
        file.write_bytes(changed[bad])
    says = {
        "cut": "it is cut short",
        "flipped": "it is damaged",
        "text": "it is neither a snapshot nor a recording",
        "gone": "No such file or directory",
    }
    with pytest.raises(RuntimeError) as refused:
        Snapshot(file)
    assert str(file) in str(refused.value)
    assert says[bad] in str(refused.value)


def test_a_result_says_that_there_is_no_recording(here):
    code = """
        from filprofiler.api import profiling
        with profiling("out") as p: kept = bytearray(3 << 20)
        try: p.result
        except RuntimeError as error: print(error)
    """
    ended = run_plain(
        [
            str(FIL_PROFILE),
            "--no-recording",
            "--python",
            sys.executable,
            "python",
            script("part.py", code),
        ],
        env=PATH,
        timeout=60,
    )
    assert (ended.status, ended.stderr) == (0, b"")
    assert "(--no-recording)" in ended.stdout.decode()
    assert {file.name for file in Path("out").iterdir()} == REPORT_FILES - {SNAPSHOT}


def test_a_result_has_frames_that_the_page_leaves_out(here):
    code = """
        def down(n):
            return bytearray(1 << 20) if n == 0 else down(n - 1)
        with profiling("out") as p:
            kept = down(50)
        print(len(p.result.callstacks[0].frames))
        print(sum(one.bytes for one in p.result.callstacks) - p.peak_bytes)
    """
    frames, left_out = run_work(code).splitlines()
    assert int(frames) >= 51
    assert abs(int(left_out)) < 20_000
