"""What must add up in every report, whatever a test is about: no byte and no process gets lost.

    head of the page = graph + what it says it left out
                     = your lines + those too small to list + what is below none of them
                       + what libraries' threads took
                     = the peak
                     = what each of the processes held, where there are several
    what is below a process in the graph <= what it held
    what the terminal says = the peak, and the heaviest of the page's "your lines"

A fixture in conftest.py sees to every report that a test leaves behind, run_profiled() in
profiling.py to what the terminal says.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

MODEL = re.compile(rb'<script type="application/json" id="model">(.*?)</script>', re.S)
SAID = re.compile(
    r"(?:Peak memory|In use)( of all processes together| by all processes together)?"
    r"(?: so far)?(?: was| when memory ran out:) ([\d,.]+) (\w+)"
)
WROTE = re.compile(r"Wrote HTML report to (.*)/index\.html")
ROW = re.compile(r"^=fil-profile=  +([\d,.]+ \w+) (.*)$", re.MULTILINE)
THREADS = " threads, started at "
NOBODYS = "not below any line of yours"
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}


def model_of(report: Path) -> dict:
    """The page's model (docs/design/report.md), with its frames and tree written out."""
    model = json.loads(MODEL.search((report / "index.html").read_bytes())[1])
    texts, columns, tree = model["strings"].split("\n"), model["frames"], model["tree"]
    owners = ["user", "library", "stdlib", "native", "threads", "process", "errand"]
    frames = [
        {
            "f": texts[f],
            "p": texts[d] + texts[p],
            "l": line,
            "o": owners[o],
            "g": texts[g],
            "s": texts[s],
        }
        for f, d, p, line, o, g, s in zip(*(columns[key] for key in "fdplogs"), strict=True)
    ]
    for key in "ba":
        for i, around in columns[key].items():
            frames[int(i)][key] = [texts[text] for text in around]
    nowhere = {"f": "", "p": "", "l": 0, "s": ""}
    tops = [entry for kind in model["mappings"] for entry in kind["top"]]
    for entry in model["threads"]:
        entry["of"] = frames[entry["threads"]]["g"]
    for entry in [*model["lines"], *model["threads"], *model["facts"]["untouched"], *tops]:
        at = frames[entry["frame"]] if entry["frame"] >= 0 else nowhere
        entry.update(file=at["p"], line=at["l"], function=at["f"], source=at["s"])
    model["frames"] = frames
    for series in model["facts"]["samples"]:
        numbers = iter(series["points"])
        series["points"] = [dict(zip("tar", point)) for point in zip(numbers, numbers, numbers)]
    for key in ["frame", "self", "allocations"]:
        tree[key].insert(0, -1 if key == "frame" else 0)
    tree["parent"] = [0, *(i - up for i, up in enumerate(tree["up"], 1))]
    return model


def is_report(folder: Path) -> bool:
    return (folder / "index.html").is_file() and len(list(folder.glob("*.prof"))) == 1


def check_report(report: Path) -> None:
    model = model_of(report)
    facts = model["facts"]
    (folded,) = report.glob("*.prof")
    graph = sum(model["tree"]["self"])
    listed = sum(int(line.rpartition(b" ")[2]) for line in folded.read_bytes().splitlines())
    listed -= facts["request"]["bytes"]  # the page sets it apart
    assert listed == model["listed"]["bytes"], (report, "the list", listed, model["listed"])
    hidden = model["hidden"]["bytes"]
    assert graph <= listed <= graph + hidden, (report, "the list and the graph", listed, graph)
    lines = sum(line["bytes"] for line in model["lines"] if not line.get("imports"))
    lines += model["imports"]["bytes"]
    listed_imports = [line["bytes"] for line in model["lines"] if line.get("imports")]
    assert sum(listed_imports) <= model["imports"]["bytes"], (report, "imports", model["imports"])
    lines += model["smallLines"]["bytes"] + model["others"] + model["smallThreads"]
    lines += sum(threads["bytes"] for threads in model["threads"])
    assert lines == graph + hidden, (report, "the lines", lines, graph, hidden)
    assert min([hidden, *model["tree"]["self"]]) >= 0, (report, "less than nothing")
    if any("not all of one moment" in note for note in facts["notes"]):
        return
    head, peak, processes = graph + hidden, facts["peak"], facts["processes"]
    assert head == peak, (report, "the peak", peak, head)
    check_processes(report, model, processes, head)


def check_processes(report: Path, model: dict, processes: list[dict], head: int) -> None:
    if processes:
        held = sum(process["bytes"] for process in processes)
        assert held == head, (report, "the processes", held, head)
    for process in processes:
        assert 0 < process["bytes"] <= process["peak"], (report, "its own peak", process)
    if len(processes) < 2:
        assert "process" not in {frame["o"] for frame in model["frames"]}, (report, "a frame more")
        return
    below = bytes_of_processes(model)
    for process in processes:
        assert below.pop(process["frame"], 0) <= process["bytes"], (report, "in the graph", process)
    assert not below, (report, "below no process", below)


def bytes_of_processes(model: dict) -> dict[int, int]:
    """By the frame on top: what the graph shows below it."""
    tree, top, sums = model["tree"], [-1], {}
    for node in range(1, len(tree["parent"])):
        above = tree["parent"][node]
        top.append(tree["frame"][node] if above == 0 else top[above])
        sums[top[node]] = sums.get(top[node], 0) + tree["self"][node]
    sums.pop(small_callstacks(model), None)  # of several processes
    return sums


def small_callstacks(model: dict) -> int:
    return next((i for i, f in enumerate(model["frames"]) if f["f"] == "[small callstacks]"), -1)


def is_said(size: str, exactly: int) -> bool:
    number, unit = size.split()
    digits = len(number.partition(".")[2])
    difference = abs(exactly - Fraction(number.replace(",", "")) * UNITS[unit])
    return difference <= Fraction(UNITS[unit], 2 * 10**digits)  # 1.75 is said as 1.8


def rows_of(model: dict) -> list[dict]:
    """As a reader sees them: those that import are one row, if there are several."""
    rows = [line for line in model["lines"] if not line.get("imports")]
    imports = model["imports"]
    if imports["lines"] > 0:
        name = f"imports in {imports['lines']:,} lines"
        rows.insert(imports["place"], {"bytes": imports["bytes"], "line": 0, "file": name})
    return rows


def check_said(stderr: str) -> None:
    """Of each report that the command says it wrote: its peak, and the lines that held it."""
    answers = re.split(WROTE, stderr)
    for said, folder in zip(answers[::2], answers[1::2], strict=False):
        if not is_report(Path(folder)):
            continue  # control characters in its name are not said
        model = model_of(Path(folder))
        facts = model["facts"]
        answer = list(SAID.finditer(said))[-1]
        of_all, number, unit = answer.groups()
        assert is_said(f"{number} {unit}", facts["peak"]), (folder, number, facts["peak"])
        others = facts["others"]["count"] if facts["moment"] == "peak" else 0
        all_processes = len(facts["processes"]) + others
        assert bool(of_all) == (all_processes > 1), (folder, of_all)
        rows = ROW.findall(said[answer.start() :])
        if facts["request"]["bytes"] > 0:
            assert is_said(rows.pop(0)[0], facts["request"]["bytes"]), (folder, "the request")
        if rows and rows[-1][1].endswith(NOBODYS):
            others = [model["others"], model["others"] - model["compiling"]["bytes"]]
            size = rows.pop()[0]
            assert any(is_said(size, bytes) for bytes in others), (folder, size, others)
        if rows and re.match(r"\W*compiling ", rows[-1][1]):
            assert is_said(rows.pop()[0], model["compiling"]["bytes"]), (folder, "compiling")
        for threads in model["threads"][: sum(THREADS in row for _, row in rows)]:
            size, row = rows.pop(0)
            assert is_said(size, threads["bytes"]), (folder, size, threads)
            assert f"{threads['of']}'" in row and f":{threads['line']}" in row, (folder, row)
        for (size, row), line in zip(rows, rows_of(model), strict=False):
            assert is_said(size, line["bytes"]), (folder, size, line)
            assert line["line"] <= 0 or f":{line['line']}" in row, (folder, row, line)
            name = line["file"].rpartition("/")[2]
            assert name in row or re.search(r"[\\…~]", row), (folder, row, line)
