"""The glossary explains the nouns of the public interface."""

from __future__ import annotations

import re

from sources import ROOT

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
HEADERS = "".join(path.read_text() for path in sorted((ROOT / "capi").glob("fil*.h")))


def explained() -> set[str]:
    cells = re.findall(r"^\| ([a-z, ]+) \|", GLOSSARY, re.MULTILINE)
    return {word.strip() for cell in cells for word in cell.split(",")}


def test_each_function_of_the_c_interface_is_about_a_word_of_the_glossary() -> None:
    functions = re.findall(r"^FIL_API[^(;]*?\bfil_([a-z]+)", HEADERS, re.MULTILINE)
    assert len(functions) > 30
    assert not set(functions) - explained()


def test_no_word_is_explained_twice() -> None:
    cells = re.findall(r"^\| ([a-z, ]+) \|", GLOSSARY, re.MULTILINE)
    words = [word.strip() for cell in cells for word in cell.split(",") if word != "word"]
    assert len(words) == len(set(words))
