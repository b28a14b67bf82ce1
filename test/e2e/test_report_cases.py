"""What C++ and the page's scripts both do, by one table of cases (test/report/cases.json): how
texts are shown and cut, where boxes stand. The C++ side is test/report/cases_test.cpp."""

from __future__ import annotations

import importlib.util
import json

import pytest
from profiling import ROOT

ASSETS = ROOT / "lib/report/assets"
CASES = json.loads((ROOT / "test/report/cases.json").read_text())

# The node of a case as the page's model has it, then the boxes of a view, row by row.
GRAPHS = """
const [cases, leastTurned] = arguments;
const names = new Map();
const nameOf = (name) => names.get(name) ?? names.set(name, names.size).get(name);
function modelOf({ nodes }) {
  const joined = nodes.map(([, , , times = 1, period = 1, next], i) =>
    [i + 1, { times, period, next: next ? nameOf(next) : -1 }]);
  const frame = Int32Array.from([-1, ...nodes.map(([, name]) => nameOf(name))]);
  const frames = [...names.keys()].map((f) => ({ f, p: "x.py", l: 1, o: "user" }));
  return {
    parent: Int32Array.from([0, ...nodes.map(([parent]) => parent)]),
    frame,
    self: Float64Array.from([0, ...nodes.map(([, , bytes]) => bytes)]),
    allocations: new Float64Array(nodes.length + 1),
    recursions: new Map(joined.filter(([, { times }]) => times > 1)),
    frames,
    functionOf: Int32Array.from(frames, (_, i) => i),
    processOf: new Int32Array(frames.length).fill(-1),
    leastTurned,
  };
}
function rowsOf(model, view) {
  layOut(view);
  return view.levels.flatMap((level, depth) =>
    [...level].filter((node) => node > 0).map((node) => {
      const name = model.frames[view.frame[node]].f + recursionText(model, view, node);
      return [depth, view.x[node], name, view.total[node]].join(" ");
    }));
}
return cases.map((each) => {
  names.clear();
  const model = modelOf(each);
  const view = callersFirst(model, false, new Set());
  return [rowsOf(model, view), rowsOf(model, leavesFirst(model, view))];
});
"""
LABELS = """
return arguments[0].map(({ function: f, path, line, joined = "", parts, cut }) => {
  const frame = { f, h: parts || [f], p: path, i: path, l: line };
  for (const room in cut) cut[room] = cutLabel(frameLabel(frame, joined), Number(room));
  return cut;
});
"""


@pytest.fixture
def told(browser):
    """What functions of the page's scripts make of a list of cases."""
    spec = importlib.util.spec_from_file_location("embed", ASSETS / "embed.py")
    embed = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(embed)
    texts = [(ASSETS / name).read_text() for name in ("text.js", "view.js", "label.js")]
    characters = (ROOT / "include/fil/report/characters.def").read_text()
    script = embed.fill_in("\n".join(texts), characters)
    assert "[@" not in script
    return lambda body, *arguments: browser.run(script + body, *arguments)


@pytest.mark.parametrize(
    ("kind", "function"),
    [
        ("visible", "visible"),
        ("cells", "cells"),
        ("seconds", "seconds"),
        ("percent", "percent"),
        ("sources", "cutSource"),
    ],
)
def test_the_page_shows_texts_as_cpp_does(told, kind, function):
    cases = CASES[kind]
    shown = told(f"return arguments[0].map((each) => {function}(...each))", [c[:-1] for c in cases])
    if kind in ("seconds", "percent"):
        shown = [text.replace("\u00a0", " ") for text in shown]
    assert len(cases) >= 5
    assert shown == [case[-1] for case in cases]


def test_the_page_cuts_labels_as_cpp_does(told):
    cases = CASES["labels"]
    assert told(LABELS, cases) == [case["cut"] for case in cases]


def test_the_page_places_boxes_as_cpp_does(told):
    cases = CASES["graphs"]
    expected = [[case["rows"], case["turned"]] for case in cases]
    assert told(GRAPHS, cases, 1 / 20_000) == expected
