"""One dialect of comments: // in C++, /* */ where C or an assembler reads it too."""

from __future__ import annotations

import re
from pathlib import Path

from sources import name, texts

TOKEN = re.compile(
    r'R"(?P<ends>[^(\s]*)\(.*?\)(?P=ends)"'  # a raw string
    r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)",
    re.DOTALL,
)


def comments(text: str) -> list[str]:
    return [found["comment"] for found in TOKEN.finditer(text) if found["comment"]]


def with_a_comment_that_begins(opening: str, files: list[Path]) -> list[str]:
    assert len(files) > 10
    return [
        f"{name(path)}: {comment}"
        for path in files
        for comment in comments(path.read_text())
        if comment.startswith(opening)
    ]


def test_comments_are_told_from_strings() -> None:
    text = 'a("// no", \'"\');  // yes\nb(R"x(/* no */)x"); /* and\nthis */'
    assert comments(text) == ["// yes", "/* and\nthis */"]


def test_cpp_has_line_comments() -> None:
    assert not with_a_comment_that_begins("/*", texts({".cpp", ".hpp"}))


def test_cpp_has_no_comments_for_a_generator_of_documents() -> None:
    files = texts({".cpp", ".hpp"})
    assert not with_a_comment_that_begins("///", files) + with_a_comment_that_begins("//!", files)


def test_c_has_block_comments() -> None:
    assert not with_a_comment_that_begins("//", texts({".c", ".h", ".S"}))
