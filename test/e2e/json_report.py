"""The JSON of `fil-profile report`, read and held to its schema and to its own sums."""

from __future__ import annotations

import copy
import json
from functools import cache

import jsonschema
from profiling import ROOT

SCHEMA = ROOT / "docs" / "schema" / "report-1.json"


def closed(schema):
    """No field but those that it names: what a reader must not insist on, a test may."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict):
        made["additionalProperties"] = False
    return made


@cache
def validators() -> list[jsonschema.Draft202012Validator]:
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    whole = copy.deepcopy(schema)
    return [jsonschema.Draft202012Validator(one) for one in (whole, closed(schema))]


def without_doubles(pairs: list[tuple[str, object]]) -> dict:
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def checked(text: bytes | str) -> dict:
    """A report; every sum in it is that of the peak."""
    text = text.decode("utf-8") if isinstance(text, bytes) else text
    report = json.loads(text, object_pairs_hook=without_doubles)
    for validator in validators():
        for problem in validator.iter_errors(report):
            raise AssertionError(f"{problem.json_path}: {problem.message[:300]}")
    peak = report["peak"]["bytes"]
    assert sum(step["bytes"] for step in report["callstacks"]) == peak
    assert sum(one["bytes"] for one in report["processes"]) == peak
    rests = sum(report[rest]["bytes"] for rest in ("small_lines", "small_threads", "outside_lines"))
    assert sum(one["bytes"] for one in [*report["lines"], *report["threads"]]) + rests == peak
    for i, step in enumerate(report["callstacks"]):
        assert step["caller"] is None or step["caller"] < i
        assert step["frame"] < len(report["frames"])
    for process in report["processes"]:
        assert of_process(report, process) == process["bytes"], process
    return report


def roots(report: dict) -> list[int]:
    """By callstack: the frame of its outermost caller."""
    outermost = []
    for step in report["callstacks"]:
        outermost.append(step["frame"] if step["caller"] is None else outermost[step["caller"]])
    return outermost


def of_process(report: dict, process: dict) -> int:
    """What stands below its frame; everything, if it is alone."""
    frames = roots(report)
    return sum(
        step["bytes"]
        for step, frame in zip(report["callstacks"], frames, strict=True)
        if process["frame"] in (None, frame)
    )


def line_of(report: dict, place: str) -> int:
    file, _, number = place.rpartition(":")
    return sum(
        line["bytes"]
        for line in report["lines"]
        if line["file"].endswith(file) and line["line"] == int(number)
    )
