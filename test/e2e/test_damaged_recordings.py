"""A program that scribbles over its recording: it ends as it would, and so does fil-profile, soon
and in little memory, with a report or a sentence."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from command import PROFILED, fil_profile, profiled, script
from json_report import checked
from profiling import PROGRAMS, run_plain

SCRIBBLE = str(PROGRAMS / "scribble.py")
# Runs a command, then says how much the largest of all its processes had resident, in KiB.
MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print("resident", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


def scribbled(way: str, number: int, tmpdir: Path):
    ended = run_plain(
        [sys.executable, "-c", MEASURE, *PROFILED, SCRIBBLE, way, str(number)],
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmpdir)},
    )
    resident = int(re.search(rb"resident (\d+)", ended.stdout).group(1))
    return ended, resident, ended.stderr.decode(errors="replace")


@pytest.mark.parametrize(
    ("way", "number"),
    [
        ("texts", 0xFFFFFFF0),
        ("texts", 32768),
        ("pages", 0),
        ("session", 2**63 - 1),
        ("session", 2**63),
    ],
)
def test_what_is_said_of_sizes_is_not_believed(here, way, number):
    ended, resident, said = scribbled(way, number, here)
    assert ended.status == 7, said
    assert "The report could not be made: the recording is damaged. The recording is kept" in said
    assert resident < 200 * 1024
    (kept,) = here.glob("*.recording")
    assert kept.stat().st_blocks * 512 < 64 << 20


def test_where_no_report_can_be_written_the_recordings_of_all_are_kept(here, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(here / "tmp"))
    (here / "tmp").mkdir()
    script(
        "x.py",
        """
        import os
        held = bytearray(30_000_000)
        (begun, says), (waits, end) = os.pipe(), os.pipe()
        for size in (20_000_000, 15_000_000):
            if os.fork() == 0:
                os.close(end)
                own = bytearray(size)
                os.write(says, b"x")
                os.read(waits, 1)
                os._exit(0)
            os.read(begun, 1)
        os.rmdir("out")
        open("out", "w").close()
        os.close(end)
        os.wait()
        os.wait()
        """,
    )
    ended = profiled("x.py")
    assert ended.status == 0
    said = ended.stderr.decode()
    assert "Not a directory. The recordings are kept in " in said
    folder = said.partition("kept in ")[2].strip()
    made = fil_profile("report", "--format", "json", folder)
    assert made.status == 0, made.stderr
    drawn = checked(made.stdout)
    assert drawn["peak"]["bytes"] == pytest.approx(70_000_000, rel=0.08)
    assert [one["name"] for one in drawn["processes"]] == 3 * ["python x.py"]


# Our own half of it believes these, inside the program, which may crash then.
@pytest.mark.parametrize("way", ["functions", "callstacks", "sets"])
def test_counts_are_not_believed(here, way):
    ended, resident, said = scribbled(way, 0, here)
    assert ended.status in (7, 256 - 11, -11), said
    assert "the recording is damaged" in said
    assert resident < 200 * 1024


@pytest.mark.parametrize("seed", range(4))
def test_words_at_random_give_a_report_or_a_sentence(here, seed):
    ended, resident, said = scribbled("random", seed, here)
    assert ended.status in (7, 256 - 11, -11), said
    assert resident < 200 * 1024
    assert ("Wrote HTML report" in said) != ("The report could not be made" in said), said
