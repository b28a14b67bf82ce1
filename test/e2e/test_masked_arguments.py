"""A page is made to be sent: passwords on the command line are not on it, unless asked for."""

from __future__ import annotations

import sys
from pathlib import Path

from command import script
from profiling import FIL_PROFILE, reports_in, run_plain, snapshot_content

PROGRAM = """
    import subprocess, sys
    print(sys.argv[1:])
    child = "held = bytearray(9_000_000)"
    subprocess.run([sys.executable, "-c", child, "--token", "hus" "h-child"])
"""
WORDS = ["--password=hush-1", "--api-key", "hush-2", "--db=postgres://ada:hush-3@db/x", "plain"]


def text_of(file: Path) -> str:
    whole = snapshot_content(file) if file.suffix == ".filsnap" else file.read_bytes()
    return whole.decode(errors="replace")


def reported(here: Path, *options: str) -> str:
    code = script("x.py", PROGRAM)
    options = ("--no-browser", "-o", "out", "--python", sys.executable, *options)
    ran = run_plain([str(FIL_PROFILE), *options, "run", code, *WORDS])
    assert ran.stdout.decode() == f"{WORDS}\n"  # the program gets them as they are
    (folder,) = reports_in("out")
    files = [text_of(file) for file in sorted(folder.iterdir())]
    return "".join([ran.stderr.decode(), *files])


def test_secrets_of_the_command_and_of_children_are_in_no_file_of_the_report(here):
    text = reported(here)
    assert "hush" not in text
    assert "--password=***" in text
    assert "postgres://ada:***@db/x" in text
    assert "--token ***" in text
    assert "plain" in text


def test_arguments_are_shown_as_they_are_if_asked_for(here):
    text = reported(here, "--show-arguments")
    for secret in ["hush-1", "hush-2", "hush-3", "hush-child"]:
        assert secret in text


def test_names_alone_are_shown_if_asked_for(here):
    text = reported(here, "--hide-arguments")
    assert "x.py" in text and Path(sys.executable).name in text
    for word in ["hush", "--db", "--api-key", "***"]:
        assert word not in text, word
