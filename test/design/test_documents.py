"""What documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

from sources import ROOT, name, texts

DOCUMENTS = texts({".md"})
# Paths in documents are said from the root, or from a folder that their page is about.
BASES = [ROOT, ROOT / "include/fil", ROOT / "clients/preload"]


def is_there(path: str, document: Path) -> bool:
    return any((base / path).exists() for base in [document.parent, *BASES])


def test_every_file_named_in_a_document_exists() -> None:
    missing = [
        f"{name(document)}: {path}"
        for document in DOCUMENTS
        for path in re.findall(
            r"`((?:[a-z_0-9]+/)+[a-z_0-9]*(?:\.[a-zS]+)?)`", document.read_text()
        )
        if not path.startswith(("build/", "fil-result/")) and not is_there(path, document)
    ]
    assert not missing


def test_every_link_leads_somewhere() -> None:
    broken = [
        f"{name(document)}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#\s]+)\)", document.read_text())
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert not broken
