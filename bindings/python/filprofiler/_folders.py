"""The folder of a cell's report: fil-result/2026-11-23T16-28-03_759-flights-In-3. The time is
written as `fil-profile run` writes it."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

REPORTS = Path("fil-result")
LONGEST = 100  # bytes of a notebook's name; file systems take 255 in all


def new_folder(notebook: str, cell: str) -> Path:
    """Made, with the permissions that the user's umask gives."""
    REPORTS.mkdir(exist_ok=True)
    words = [word for word in (in_a_path(notebook), in_a_path(cell)) if word]
    moment = datetime.datetime.now()  # local time, for people
    while True:
        time = re.sub("[:.]", "-", moment.isoformat(timespec="seconds"))
        folder = REPORTS / "-".join([f"{time}_{moment.microsecond // 1000:03}", *words])
        try:
            folder.mkdir()
        except FileExistsError:  # another kernel's: the next millisecond
            moment += datetime.timedelta(milliseconds=1)
        else:
            return folder.absolute()


def in_a_path(words: str) -> str:
    """ "In [3]" -> "In-3": nothing that a shell or an address would take for something else."""
    text = re.sub(r"[^\w.+]+", "-", words).strip("-.")
    return text.encode(errors="replace")[:LONGEST].decode(errors="ignore")
