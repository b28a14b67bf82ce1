"""No exception leaves a function of fil.h: C programs cannot catch it.

The hot files are compiled without exceptions (their archives have nothing that throws:
test_hot_path.py). In the cold ones every call stands in guarded() or answer_or(), which catch all.
"""

from __future__ import annotations

import re

import pytest
from sources import ROOT

BUILT = (ROOT / "capi" / "meson.build").read_text()
COLD = re.search(r"static_library\('fil_capi_cold', ([^\n]*),\n", BUILT)[1]
FILES = re.findall(r"'(\w+\.cpp)'", COLD)
FUNCTION = re.compile(r"^[a-z][\w\s*]*?\b(fil_\w+)\([^;{]*\) \{\n(.*?)^\}\n", re.S | re.M)
GUARDED = re.compile(r"\b(?:guarded|guarded_reading|guarded_visit|answer_or(?:<[^>]*>)?)\(")
CALL = re.compile(r"\b(\w+)\s*(?:<[^<>;]*>)?\(")


def without_guarded(body: str) -> str:
    """What stands outside guarded(...)."""
    while guard := GUARDED.search(body):
        depth, end = 1, guard.end()
        while depth > 0:
            depth += {"(": 1, ")": -1}.get(body[end], 0)
            end += 1
        body = body[: guard.start()] + body[end:]
    return body


def test_guards_are_seen() -> None:
    assert CALL.findall(without_guarded("return guarded(e, [&] { f(g(1)); });")) == []
    assert CALL.findall(without_guarded("f(); answer_or<int>(0, [&] { return g(); });")) == ["f"]
    assert CALL.findall("std::vector<bool>(count)") == ["vector"]


@pytest.mark.parametrize("file", FILES)
def test_every_call_of_a_cold_function_is_guarded(file: str) -> None:
    text = (ROOT / "capi" / file).read_text()
    if 'extern "C" {' not in text:  # what other files are made of
        assert FUNCTION.findall(text) == []
        return
    functions = dict(FUNCTION.findall(text[text.index('extern "C" {') :]))
    assert set(functions) == set(
        re.findall(r"^\S.*?\b(fil_\w+)\(", text.split('extern "C" {')[1], re.M)
    )
    calls = {name: CALL.findall(without_guarded(body)) for name, body in functions.items()}
    assert {name: found for name, found in calls.items() if found} == {}


def test_the_guard_itself_lets_nothing_out() -> None:
    text = (ROOT / "capi" / "guarded.hpp").read_text()
    for name in ["guarded", "answer_or"]:
        assert re.search(rf"^\S.* {name}\(.*\) noexcept \{{$", text, re.M), name
    assert "catch (...)" in text
