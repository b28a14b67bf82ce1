#!/usr/bin/env python3
"""Puts the report's page and the SVG's script into one C++ header, at build time.

    embed.py OUTPUT.hpp FILE...

FILE... are the assets of this folder, scripts in the order in which they build on one another,
and the table of characters. The page is self-contained: styles and scripts go into it here, and its
content policy names them by their hash, so that nothing else in a report can ever run or style.
Comment lines and indentation are left out: they are for readers of this folder.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

GAPS = ["@TITLE@", "@HEAD@", "@LINES@", "@GRAPH@", "@MODEL@"]  # in their order
# Before anything is painted: what is for readers without scripts is not for this one.
BEGIN = 'document.documentElement.className = "live";'


def fill_in(code: str, characters: str) -> str:
    """Sets of characters, from characters.def, where regular expressions name them: [@WIDE@]."""
    for kind in ["INVISIBLE", "WIDE"]:
        ranges = re.findall(rf"^FIL_{kind}\(0x(\w+), 0x(\w+)\)", characters, flags=re.MULTILINE)
        code = code.replace(f"@{kind}@", "".join(f"\\u{{{a}}}-\\u{{{b}}}" for a, b in ranges))
    return code


def script(paths: list[Path], characters: Path) -> str:
    """The scripts as one, private to itself, in ASCII: a page that quotes ours in another encoding
    must not change its hash."""
    lines = [line.strip() for path in paths for line in path.read_text().splitlines()]
    kept = "\n".join(line for line in lines if line and not line.startswith("//"))
    kept = fill_in(kept, characters.read_text())
    ascii_only = re.sub(r"[^\x00-\x7f]", lambda match: f"\\u{ord(match[0]):04x}", kept)
    return f'(() => {{\n"use strict";\n{ascii_only}\n}})();\n'


def style(paths: list[Path]) -> str:
    text = "\n".join(path.read_text() for path in paths)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"


def policy_hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def literal(name: str, text: str) -> str:
    """A string constant, in pieces that every compiler takes."""
    quoted = []
    for line in text.splitlines(keepends=True):
        for start in range(0, len(line), 400):
            piece = line[start : start + 400].replace("\\", "\\\\").replace('"', '\\"')
            quoted.append('    "' + piece.replace("\n", "\\n").replace("?", "\\?") + '"')
    return f"inline constexpr std::string_view {name} =\n" + "\n".join(quoted) + ";\n"


def page(paths: dict[str, Path]) -> list[str]:
    """The page before, between and after what each report fills in."""
    scripts = [path for name, path in paths.items() if name.endswith(".js") and name != "svg.js"]
    styles = [paths["palette.css"], paths["page.css"]]
    parts = {
        "@SCRIPT@": script(scripts, paths["characters.def"]),
        "@STYLE@": style(styles),
        "@BEGIN@": BEGIN,
    }
    text = paths["page.html"].read_text()
    text = text.replace("@SCRIPT_HASH@", policy_hash(parts["@SCRIPT@"]))
    text = text.replace("@STYLE_HASH@", policy_hash(parts["@STYLE@"]))
    text = text.replace("@BEGIN_HASH@", policy_hash(BEGIN))
    for mark, part in parts.items():
        if "</" in part:
            sys.exit(f"embed.py: {mark} holds '</', which would end its element")
        text = text.replace(mark, part)
    return re.split("|".join(GAPS), text)


def main(output: str, files: list[str]) -> None:
    paths = {Path(file).name: Path(file) for file in files}
    constants = {f"page_{number}": part for number, part in enumerate(page(paths))}
    if "svg.js" in paths:
        constants["svg_style"] = style([paths["palette.css"], paths["svg.css"]])
        constants["svg_script"] = script(
            [paths[name] for name in ("text.js", "matcher.js", "address.js", "paper.js", "svg.js")],
            paths["characters.def"],
        )
    text = "// Made by lib/report/assets/embed.py from the files beside it.\n#pragma once\n\n"
    text += "#include <string_view>\n\nnamespace fil::report::assets {\n\n"
    text += "\n".join(literal(name, value) for name, value in constants.items())
    text += "\n}  // namespace fil::report::assets\n"
    Path(output).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
