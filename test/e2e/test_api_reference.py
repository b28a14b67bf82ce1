"""The guide's reference page names all that filprofiler.api has, as it is."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys

import pytest
from profiling import ROOT

PAGE = (ROOT / "docs/guide/api-reference.md").read_text()
HEADINGS = re.findall(r"^#+ `(.*)`$", PAGE, re.M)


@pytest.fixture
def api(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bindings" / "python"))
    import filprofiler.api

    yield filprofiler.api
    for name in [name for name in sys.modules if name.startswith("filprofiler")]:
        del sys.modules[name]


def words_of(function) -> str:
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    return f"({', '.join(names)})"


def public(thing: type) -> list[str]:
    return [name for name in vars(thing) if not name.startswith("_")]


def test_every_name_has_its_signature_in_a_heading(api):
    classes = {name: getattr(api, name) for name in api.__all__ if name != "profile"}
    expected = {f"profile{words_of(api.profile)}"}
    for name, thing in classes.items():
        # Nobody but us makes a Callstack.
        expected.add(name if name == "Callstack" else name + words_of(thing))
        for member in public(thing):
            if inspect.isfunction(getattr(thing, member)):
                expected.add(f"{name}.{member}{words_of(getattr(thing, member))}")
            elif name == "profiling":
                expected.add(f"{name}.{member}")
    assert sorted(HEADINGS) == sorted(expected - {"Result.of(run)"})


def test_every_attribute_stands_in_a_table(api):
    for thing in (api.Result, api.Callstack, api.Frame):
        section = PAGE.split(f"## `{thing.__name__}")[1].split("\n## ")[0]
        fields = {field.name for field in dataclasses.fields(thing)}
        fields |= {name for name in public(thing) if isinstance(vars(thing)[name], property)}
        told = set(re.findall(r"^\| `(\w+)` \|", section, re.M))
        assert told == {name for name in fields if not name.startswith("_")}


def test_the_arguments_stand_in_a_table(api):
    section = PAGE.split("## `profile(")[1].split("\n## ")[0]
    arguments = set(inspect.signature(api.profile).parameters)
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.M)) == arguments
