"""libfil_preload.so as a guest in every process: what it needs, what it shows, how it is loaded."""

from __future__ import annotations

import json
import re
from pathlib import Path

from machine_code import PRELOAD_LIBRARY, ROOT, exported_names, tool, undefined_names

HOOKS = (ROOT / "clients" / "preload" / "hooks.def").read_text()
OPERATORS = (ROOT / "clients" / "preload" / "operators.def").read_text()


def hook_names() -> set[str]:
    found = re.findall(r"^FIL_HOOK(?:_OPTIONAL)?\([^,]+,\s*(\w+)", HOOKS, re.MULTILINE)
    return set(found) | set(re.findall(r"^FIL_HOOK_ALONE\((\w+)\)", HOOKS, re.MULTILINE))


def operator_names() -> set[str]:
    return set(re.findall(r"^FIL_OPERATOR\(\w+, (\w+)\)", OPERATORS, re.MULTILINE))


def recording_half_of_the_interface() -> set[str]:
    """What a recorded process uses: programs' and hooks' functions, but not what draws reports."""
    headers = [(ROOT / "capi" / header).read_text() for header in ("fil.h", "fil_hooks.h")]
    found = re.findall(r"^FIL_API [^;(]*?(fil_\w+)\(", "".join(headers), re.MULTILINE)
    return set(found) - {"fil_recording_report"}


def dynamic_section() -> str:
    return tool("readelf", "-d", "-W", PRELOAD_LIBRARY)


def test_it_exports_the_hooks_and_the_recording_half_of_the_interface_and_nothing_else() -> None:
    assert len(hook_names()) > 30
    assert len(recording_half_of_the_interface()) > 25
    listed = hook_names() | operator_names() | recording_half_of_the_interface()
    assert exported_names(PRELOAD_LIBRARY) == listed


def test_it_knows_every_operator_of_the_cxx_library() -> None:
    library = Path(tool("c++", "-print-file-name=libstdc++.so.6").strip())
    assert operator_names() == {
        n for n in exported_names(library) if re.match("_Z(nw|na|dl|da)", n)
    }


def test_it_depends_on_the_c_library_alone() -> None:
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)]", dynamic_section()))
    assert "libc.so.6" in needed
    assert needed <= {"libc.so.6", "ld-linux-x86-64.so.2"}


def test_nothing_of_the_cxx_runtime_is_in_it_that_takes_memory() -> None:
    assert "emergency_pool" not in tool("nm", "-C", PRELOAD_LIBRARY)


def test_no_assertion_of_the_cxx_library_is_compiled_in() -> None:
    commands = json.loads((ROOT / "build" / "compile_commands.json").read_text())
    hot = re.compile(r"(fil_hot|fil_capi_hot|fil_preload_hooks|fil_python)\.a\.p/.*\.cpp\.o$")
    hot_commands = [c["command"] for c in commands if hot.search(c["output"])]
    assert len(hot_commands) > 20
    assert [c for c in hot_commands if "-U_GLIBCXX_ASSERTIONS" not in c.split()] == []


def test_nothing_of_the_cxx_runtime_is_expected_from_elsewhere() -> None:
    names = undefined_names(PRELOAD_LIBRARY)
    banned = re.compile(r"_Z|__cxa_(?!finalize)|__gxx|_Unwind|.*(printf|puts)$")
    assert {name for name in names if banned.match(name)} == set()


def test_it_is_bound_when_loaded_and_never_unloaded() -> None:
    section = dynamic_section()
    assert re.search(r"FLAGS_1\).*\bNOW\b", section)
    assert re.search(r"FLAGS_1\).*\bNODELETE\b", section)
    assert re.search(r"\(FLAGS\).*\bSYMBOLIC\b", section)


def test_its_thread_local_words_need_no_call() -> None:
    relocations = tool("readelf", "-r", "-W", PRELOAD_LIBRARY)
    assert "TPOFF64" in relocations
    assert "DTPMOD" not in relocations


def test_what_is_in_assembly_is_chosen_by_the_processor() -> None:
    sources = {path.stem for path in (ROOT / "clients/preload").glob("*.S")}
    assert sources and all(name.endswith("_x86_64") for name in sources)
    assert "x86_64" not in (ROOT / "clients/preload/meson.build").read_text()


def test_its_stack_is_not_executable() -> None:
    segment = re.search(r"GNU_STACK.*", tool("readelf", "-l", "-W", PRELOAD_LIBRARY))
    assert segment and "RWE" not in segment[0]
