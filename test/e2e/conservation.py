"""What must add up in every report, whatever a test is about: no byte and no process gets lost.

    head of the page = graph + what it says it left out
                     = the peak, of a program that is one process
    peak of all processes = the head + what the others held
    what the terminal says = the peak

A fixture in conftest.py sees to every report that a test leaves behind, run_profiled() in
profiling.py to what the terminal says.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

MODEL = re.compile(rb'<script type="application/json" id="model">(.*?)</script>', re.S)
SAID = re.compile(r"Peak memory( of all processes together)?(?: so far)? was ([\d.,]+) (\w+),")
WROTE = re.compile(r"Wrote HTML report to (.*)/index\.html")
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def model_of(report: Path) -> dict:
    return json.loads(MODEL.search((report / "index.html").read_bytes())[1])


def is_report(folder: Path) -> bool:
    return (folder / "index.html").is_file() and len(list(folder.glob("*.prof"))) == 1


def check_report(report: Path) -> None:
    model = model_of(report)
    facts = model["facts"]
    (folded,) = report.glob("*.prof")
    graph = sum(model["tree"]["self"])
    listed = sum(int(line.rpartition(b" ")[2]) for line in folded.read_bytes().splitlines())
    assert listed == graph, (report, "the list and the graph", listed, graph)
    hidden = model["hidden"]["bytes"]
    assert min([hidden, *model["tree"]["self"]]) >= 0, (report, "less than nothing")
    is_of_another_moment = facts["ending"]["kind"] == "oom"
    if is_of_another_moment or any("not all of one moment" in note for note in facts["notes"]):
        return
    head, peak, bound = graph + hidden, facts["peak"], facts["exact"]["bound"]
    others = sum(process["peak"] for process in facts["processes"])
    assert head <= peak <= head + others + bound, (report, "the peak", peak, head, others)


def check_said(stderr: str) -> None:
    """Of each report that the command says it wrote: its peak."""
    said = zip(SAID.findall(stderr), WROTE.findall(stderr), strict=False)
    for (of_all, number, unit), folder in said:
        if not is_report(Path(folder)):
            continue  # control characters in its name are not said
        facts = model_of(Path(folder))["facts"]
        step = 1 if unit == "B" else UNITS[unit] / 10
        difference = abs(facts["peak"] - float(number.replace(",", "")) * UNITS[unit])
        assert difference <= step / 2 + facts["exact"]["bound"], (folder, number, facts["peak"])
        assert bool(of_all) == bool(facts["processes"]), (folder, of_all)
