#!/usr/bin/env python3
"""Puts the page of a study into a C++ header: embed_study.py OUTPUT.hpp HTML CSS JS CHARACTERS."""

import sys
from pathlib import Path

from embed import literal, policy_hash, script, style

output, page, css, code, characters = (Path(name) for name in sys.argv[1:])
ran = script([code], characters)
text = page.read_text().replace("@STYLE@", style([css])).replace("@SCRIPT@", ran)
parts = text.replace("@SCRIPT_HASH@", policy_hash(ran)).split("@GAP@")
header = "// Made by lib/report/assets/embed_study.py.\n#pragma once\n\n#include <string_view>\n\n"
header += "namespace fil::report::assets {\n\n"
header += "\n".join(literal(f"study_{number}", part) for number, part in enumerate(parts))
output.write_text(header + "\n}  // namespace fil::report::assets\n")
