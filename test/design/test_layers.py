"""The folders are layers: a file includes only what lies further down (include/fil/README.md)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sources import ROOT, c_files, includes, name, texts

# From the top to the bottom of include/fil.
LAYERS = ["trace", "report", "track", "capture", "recording", "base"]
HOT_LAYERS = LAYERS[2:]

# From the top to the bottom of lib/ and of fil-profile, whose folders are moments: what happens in
# the profiled program (os/ and process/, hot), at the supervisor's end, when a report is made.
ROOMS = {
    "lib": ["report", "symbols", "session", "process", "os"],
    "clients/cli": ["", "lab", "live", "supervise", "sample", "start", "target", "os"],
}

# Headers that bring what a malloc hook must not do: allocate, throw, lock, print.
NOT_IN_HOT_LAYERS = set(
    "any deque exception filesystem format forward_list fstream functional future iomanip ios"
    " iostream istream list locale map memory memory_resource mutex ostream queue regex set"
    " shared_mutex sstream stack stdexcept streambuf string system_error thread unordered_map"
    " unordered_set valarray vector condition_variable cstdio stdio.h".split()
)

# Doors: all that knows of runtimes may use the source kit, which knows none. The command takes
# of lib/ where temporary files go, of the hooks what they can be loaded into, of the report
# what both say in the same words, and of traces how they are read and planned.
SOURCE_KIT = {path.name for path in c_files("bindings/source_kit")}
DOORS = {
    "clients/preload": SOURCE_KIT,
    "clients/cli": {
        "fil/report/characters.hpp",
        "fil/report/ending_text.hpp",
        "fil/report/mib_text.hpp",
        "fil/report/unrecorded_text.hpp",
        "fil/trace/plan_file.hpp",
        "fil/trace/replay_plan.hpp",
        "fil/trace/synthesis.hpp",
        "fil/trace/trace_reader.hpp",
        "fil/trace/trace_writer.hpp",
        "../../../lib/session/temporary_directories.hpp",
        "../../preload/loadable.hpp",
    },
    "bindings/python": SOURCE_KIT,
    "bindings/lua": SOURCE_KIT,
}
# The tiers of the C interface, and which a client may see: hooks also what programs use, and so on.
TIERS = {"fil.h", "fil_announce.h"} | {
    f"fil_{tier}.h" for tier in ["hooks", "snapshot", "trace", "supervisor"]
}
CLIENTS = {
    "clients/preload": {"fil.h", "fil_hooks.h"},
    "clients/cli": TIERS - {"fil_announce.h", "fil_hooks.h"},
    "bindings/python": {"fil.h"},
    "bindings/lua": {"fil.h"},
    "bindings/source_kit": {"fil.h"},
}


def layer_of(included: str) -> str | None:
    parts = included.split("/")
    return parts[1] if parts[0] == "fil" and len(parts) >= 3 else None


def test_the_folders_of_the_core_are_the_layers() -> None:
    folders = {path.name for path in (ROOT / "include/fil").iterdir() if path.is_dir()}
    assert folders == set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_includes_only_layers_further_down(layer: str) -> None:
    allowed = LAYERS[LAYERS.index(layer) :]
    files = c_files(f"include/fil/{layer}")
    assert files
    wrong = [
        f"{name(path)} includes {included}"
        for path in files
        for included in includes(path)
        if layer_of(included) not in [None, *allowed] or included.startswith("..")
    ]
    assert not wrong


@pytest.mark.parametrize("layer", LAYERS)
def test_the_core_includes_nothing_of_ours_but_the_core(layer: str) -> None:
    """Each quoted include is a whole path, fil/LAYER/NAME.hpp, and is there."""
    wrong = [
        f"{name(path)} includes {included}"
        for path in c_files(f"include/fil/{layer}")
        for included in re.findall(r'#include "([^"]+)"', path.read_text())
        if layer_of(included) is None or not (ROOT / "include" / included).exists()
    ]
    assert not wrong


OF_LINUX = re.compile(
    r"(sys|linux|asm|bits)/|(unistd|fcntl|time|sched|signal|pthread|dlfcn|link|elf|errno|poll"
    r"|dirent|ucontext|semaphore)\.h$"
)


def users_of_linux(folder: str) -> set[str]:
    return {
        str(path.relative_to(ROOT / folder))
        for path in c_files(folder)
        if any(OF_LINUX.match(included) for included in includes(path))
    }


def test_the_core_asks_the_system_only_through_its_seams() -> None:
    """A stranger gives it pages, waiting and the rest; Linux stands in lib/os."""
    assert not users_of_linux("include/fil")


# The C interface has no such room: it only reads what a sandbox's filter is made of.
@pytest.mark.parametrize("house", [*ROOMS, "capi"])
def test_linux_stands_in_the_room_for_it(house: str) -> None:
    """By its headers; and by its calls, written ::poll(), whoever's header brings them."""
    elsewhere = {path for path in users_of_linux(house) if not path.startswith("os/")}
    assert elsewhere == ({"sandbox.cpp"} if house == "capi" else set())
    call = re.compile(r"(?<![\w>:])::[a-z_]\w*\(")
    elsewhere = [path for path in c_files(house) if not name(path).startswith(f"{house}/os/")]
    assert elsewhere
    assert not [name(path) for path in elsewhere if call.search(path.read_text())]


def test_only_the_room_for_linux_makes_system_calls_by_their_numbers() -> None:
    by_number = re.compile(r"\bsyscall\(|\bSYS_\w")
    files = [*c_files("lib"), *c_files("capi")]
    elsewhere = [path for path in files if not name(path).startswith("lib/os/")]
    assert elsewhere
    assert not [name(path) for path in elsewhere if by_number.search(path.read_text())]


@pytest.mark.parametrize("layer", HOT_LAYERS)
def test_a_hot_layer_includes_nothing_that_allocates_throws_or_prints(layer: str) -> None:
    wrong = [
        f"{name(path)} includes <{included}>"
        for path in c_files(f"include/fil/{layer}")
        for included in includes(path)
        if included in NOT_IN_HOT_LAYERS
    ]
    assert not wrong


@pytest.mark.parametrize("layer", HOT_LAYERS)
def test_a_hot_layer_neither_throws_nor_calls_malloc(layer: str) -> None:
    forbidden = re.compile(
        r"\b(throw\b(?!\()|try\s*\{|catch\s*\(|(?<![._])(malloc|calloc|realloc|free)\("
        r"|new\s+[a-z_]|delete\s+[a-z_])"
    )
    wrong = [
        f"{name(path)}: {line.strip()}"
        for path in c_files(f"include/fil/{layer}")
        for line in path.read_text().splitlines()
        if forbidden.search(line.split("//")[0])
    ]
    assert not wrong


@pytest.mark.parametrize("house", ROOMS)
def test_a_room_includes_only_rooms_further_down(house: str) -> None:
    """Each include of another room names it: "process/block_events.hpp"."""
    rooms = ROOMS[house]
    folders = {path.name for path in (ROOT / house).iterdir() if c_files(f"{house}/{path.name}")}
    assert folders == set(rooms) - {""} | {n for n in folders if not (ROOT / house / n).is_dir()}
    wrong = []
    for path in c_files(house):
        inside = path.relative_to(ROOT / house).parts
        room = inside[0] if len(inside) > 1 else ""
        for included in re.findall(r'#include "([^"]+)"', path.read_text()):
            there = included.split("/")[0] if "/" in included else room
            if (ROOT / house / included).exists() and there not in rooms[rooms.index(room) :]:
                wrong.append(f"{name(path)} includes {included}")
    assert not wrong


def test_the_hot_rooms_use_nothing_of_the_cold_room_of_the_system() -> None:
    hot = [path for path in c_files("lib") if name(path).startswith(("lib/os/", "lib/process/"))]
    hot = [path for path in hot if not name(path).startswith("lib/os/cold/")]
    assert hot
    assert not [name(path) for path in hot if '"os/cold/' in path.read_text()]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_includes_nothing_of_ours_but_its_tier_of_the_c_interface(client: str) -> None:
    files = c_files(client)
    assert files
    own = {path.name for path in files} | DOORS.get(client, set())
    own |= {str(path.relative_to(ROOT / client)) for path in files}
    # What its build generates from its own files: hooks.inc from hooks.def, say.
    own |= {path.name for path in (ROOT / client).rglob("*.def")}
    wrong = []
    for path in files:
        quoted = re.findall(r'#\s*include "([^"]+)"', path.read_text())
        wrong += [f'{name(path)}: "{each}"' for each in quoted if each not in own | TIERS]
        wrong += [
            f"{name(path)}: <{each}>"
            for each in includes(path)
            if (each.startswith("fil/") and each not in own) or each in TIERS - CLIENTS[client]
        ]
    assert not wrong


def test_the_tiers_of_the_c_interface_stand_on_fil_h_alone() -> None:
    headers = {path.name: set(includes(path)) for path in c_files("capi") if path.suffix == ".h"}
    assert set(headers) == TIERS
    system = {"stddef.h", "stdint.h"}
    assert headers["fil.h"] <= system and headers["fil_announce.h"] <= system
    assert headers["fil_hooks.h"] == headers["fil_snapshot.h"] == {"fil.h"}
    assert headers["fil_trace.h"] == {"fil_snapshot.h"}
    assert headers["fil_supervisor.h"] == {"fil_trace.h"}
    [wrapper] = [path for path in c_files("capi") if path.name == "fil.hpp"]
    assert set(includes(wrapper)) == {
        "fil.h",
        "cstddef",
        "cstdint",
        "memory_resource",
        "string_view",
    }


def test_a_report_asks_conventions_what_a_runtime_does() -> None:
    habit = re.compile(
        r"\b(python|lua)::|/(python|lua)\.hpp|\"[^\"]*(<module>|<frozen|multiprocessing)"
    )
    files = [path for folder in ["include", "lib", "capi"] for path in c_files(folder)]
    conventions = ROOT / "include/fil/report/conventions"
    wrong = [
        f"{name(path)}: {line.strip()}"
        for path in files
        if conventions not in path.parents
        for line in path.read_text().splitlines()
        if habit.search(line.split("//")[0])
    ]
    assert not wrong


def test_no_hot_room_and_no_hook_tells_a_runtime_by_its_name() -> None:
    """Its source tells (fil_source), or its row of the table of runtimes."""
    habit = re.compile(r"\b(python|lua)::|\"[^\"]*(python|lua)", re.IGNORECASE)
    folders = ["lib/os", "lib/process", "clients/preload"]
    files = [path for folder in folders for path in c_files(folder)]
    wrong = [
        f"{name(path)}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if habit.search(line.split("//")[0])
    ]
    assert files and not wrong


def test_the_library_knows_neither_the_shims_over_it_nor_any_client() -> None:
    own = {str(path.relative_to(ROOT / "lib")) for path in c_files("lib")}
    own |= {path.name for path in c_files("lib")} | {
        "fil.h",
        "embedded_assets.hpp",
        "embedded_study.hpp",
    }
    wrong = [
        f"{name(path)} includes {included}"
        for path in c_files("lib")
        for included in re.findall(r'#include "([^"]+)"', path.read_text())
        if included not in own and layer_of(included) is None
    ]
    assert not wrong


def test_a_file_that_a_comment_names_is_there() -> None:
    folders = ["include", "lib", "capi", "clients", "bindings", "examples", "test"]
    sources = [path for folder in folders for path in c_files(folder)]
    there = {path.name for path in sources}
    named = re.compile(r"(?<![\w.*-])[\w-]+\.(?:hpp|cpp)\b")
    stale = [
        f"{name(path)}: {named_file}"
        for path in sources
        for line in path.read_text().splitlines()
        if re.match(r"\s*(//|/\*|\*)", line)
        for named_file in named.findall(line)
        if named_file not in there
    ]
    assert not stale


def test_no_two_headers_have_one_name() -> None:
    """A comment or a reader that names one means one."""
    headers = [p for p in texts({".h", ".hpp"}) if not name(p).startswith("docs/")]
    names = [path.name for path in headers]
    assert not sorted({n for n in names if names.count(n) > 1})


def header_comment(path: Path) -> list[str]:
    """The lines of the comment that a header opens with, before or after its guard."""
    lines = [line for line in path.read_text().splitlines() if line.strip() != "#pragma once"]
    comment = []
    for line in lines:
        if line.startswith("//"):
            comment.append(line)
        elif line.strip() or comment:
            break
    return comment


def test_every_header_of_the_core_opens_by_saying_what_it_is() -> None:
    headers = c_files("include/fil")
    assert not [name(path) for path in headers if "#pragma once" not in path.read_text()]
    assert not [name(path) for path in headers if not header_comment(path)]
