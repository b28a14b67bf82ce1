"""Writes files as one C++ string literal: embed_text.py OUTPUT INPUT..."""

from __future__ import annotations

import sys
from pathlib import Path

output, *inputs = sys.argv[1:]
text = "\n".join(Path(name).read_text(encoding="utf-8") for name in inputs)
lines = text.splitlines(keepends=True)
# A literal may hold 64 KiB; neighbours join.
parts = [
    f'R"license({line})license"'
    for line in ["".join(lines[i : i + 50]) for i in range(0, len(lines), 50)]
]
Path(output).write_text("\n".join(parts) + "\n", encoding="utf-8")
