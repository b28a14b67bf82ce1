"""What documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

from sources import ROOT, every_file, name, texts

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


def test_the_pictures_of_documents_are_those_that_the_script_makes() -> None:
    """docs/make_pictures.py is read, not imported: it needs a browser's driver."""
    script = (ROOT / "docs/make_pictures.py").read_text()
    made = {f"docs/pictures/{found}" for found in re.findall(r'"([a-z-]+\.png)": ', script)}
    pictures = [path for path in every_file() if path.suffix in {".png", ".svg", ".gif", ".jpg"}]
    there = {name(path) for path in pictures if path.is_relative_to(ROOT / "docs")}
    shown = {
        name((document.parent / target).resolve())
        for document in DOCUMENTS
        for target in re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", document.read_text())
    }
    assert made and made == there == shown
    assert all((ROOT / picture).stat().st_size < 200_000 for picture in there)


def test_the_guide_has_its_pages_in_the_order_of_its_contents() -> None:
    contents = (ROOT / "docs/guide/README.md").read_text()
    pages = re.findall(r"^\d+\. \[[^\]]+\]\(([a-z-]+)\.md\)", contents, re.MULTILINE)
    order = "peak install jupyter running live report api api-reference out-of-memory processes"
    assert pages == [
        *order.split(),
        "without-fil-profile",
        "threads",
        "what-is-tracked",
        "native-programs",
        "own-pools",
        "your-allocator",
        "data-libraries",
        "reading-the-report",
        "needing-less",
        "questions",
        "laboratory",
        "coming-from",
        "formats",
    ]
    there = {path.stem for path in (ROOT / "docs/guide").glob("*.md")}
    assert there == {*pages, "README"}


def test_the_guide_says_what_there_is_not_and_why() -> None:
    contents = (ROOT / "docs/guide/README.md").read_text()
    items = re.findall(r"^- \*\*(.+?)\*\*(.+?)(?=^- |\Z)", contents, re.MULTILINE | re.DOTALL)
    reasons = {name: reason for name, reason in items if len(reason.split()) >= 5}
    for missing in ["macOS", "Conda", "Python before 3.9", "manylinux2010", "`filprofiler`"]:
        assert any(missing in name for name in reasons), missing
