"""The path of an allocation, proved on the machine code as far as machine code proves it.

An event may happen in malloc, in a signal handler, on a stack of 8 KiB, before main. So the code
that it can reach takes from the C library only what is named here, allocates nothing, throws
nothing, has no guarded statics and no thread-local object with a destructor; and the common path
takes no lock, makes no call out of the library, and uses little stack.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from machine_code import (
    BUILD,
    PRELOAD_LIBRARY,
    defined_names,
    functions,
    reachable,
    tool,
    undefined_names,
)

HOOKS = BUILD / "clients" / "preload" / "libfil_preload_hooks.a"
BLOCK_HOOKS = BUILD / "clients" / "preload" / "libfil_preload_blocks.a"
RECORDER = BUILD / "lib" / "libfil_hot.a"
PROCESS = BUILD / "lib" / "libfil_hot_process.a"
C_ABI = BUILD / "capi" / "libfil_capi_hot.a"
PYTHON = BUILD / "bindings" / "python" / "libfil_python.a"
LUA = BUILD / "bindings" / "lua" / "libfil_lua.a"
HOT = [RECORDER, PROCESS, C_ABI, PYTHON, LUA, HOOKS, BLOCK_HOOKS]

MOST_STACK = 528  # of a hook and the recorder; and of a source, which they call by pointer
STRINGS = set(
    "memchr memcmp memcpy memmove mempcpy memset stpcpy strchr strcmp strcpy strcspn strlen "
    "strncmp strrchr strspn strstr strtoull".split()
)
SYSTEM = {"__errno_location", "syscall"}
ALLOWED = {
    RECORDER: STRINGS | SYSTEM | {
        "sched_yield",  # a lock's holder was descheduled
        "_dl_find_object", "dl_iterate_phdr", "getauxval",  # a module not seen before
        "_Unwind_Backtrace", "_Unwind_GetIP",  # the portable native source, of other machines
        "fflush", "sigaction",  # out of memory: the process ends
        "pthread_key_create", "pthread_setspecific",  # a lease, once a thread
        "clock_gettime", "fcntl64", "ftruncate64", "getenv", "getrlimit64", "sysconf",  # the start
        "uname",  # likewise
    },
    C_ABI: STRINGS | SYSTEM | {
        "_Unwind_Backtrace", "_Unwind_GetIP",
        "clock_gettime",  # a report is being copied
    },
    PYTHON: STRINGS | SYSTEM | {
        "dl_iterate_phdr",
        "getenv",  # the start
        "__tls_get_addr",  # of the interpreter's own variable, as the interpreter itself does
    },
    LUA: STRINGS | SYSTEM | {
        "dl_iterate_phdr", "memmem",  # the start
        # what a register of a caller holds, on a way that is new; which states run
        "_Unwind_Backtrace", "_Unwind_GetCFA", "_Unwind_GetGR", "_Unwind_GetIP",
    },
    HOOKS: STRINGS | SYSTEM | {
        "pthread_attr_init", "pthread_attr_getstacksize", "pthread_attr_destroy",  # a new thread
        "_DYNAMIC", "_r_debug", "environ", "sigaction", "sigemptyset",  # the start
        "dl_iterate_phdr",  # the start as well
        "memmem",  # the symbols of an object that was loaded
        "getpagesize", "fstat", "fstatfs", "shmctl",  # a mapping
        "faccessat", "fgetxattr", "fstatat", "getenv",  # exec
        "getegid", "geteuid", "getgid", "getuid",
        "getpid",  # prlimit
        "sigaddset", "sigismember", "sigprocmask",  # sigset
    },
}  # fmt: skip
ALLOWED[PROCESS] = ALLOWED[RECORDER]
ALLOWED[BLOCK_HOOKS] = ALLOWED[HOOKS]

# Why they are not the common path.
UNCOMMON = {
    r"event_slow|running_slow": "a new process or thread, or an event inside an event",
    r"system_pages.*::(un)?map": "memory for bookkeeping",
    r"\.cold|\[clone \.cold\]": "what the compiler was told is rare",
    r"unwind_source<.*>::(know|walk_in|walk_carefully)": "code that is new, or odd",
    r"stack_reach<.*>::(find_stack|grow)": "a stack that is deeper than before, or a fibre's",
    r"session_words::wait_for_copy": "a report is being copied",
    r"recording_memory::make_chunk": "a chunk of the recording is touched for the first time",
    r"registry<.*>::(make_slot_slow|make_)": "a part of the registry is touched for the first time",
    r"registry<.*>::insert_special": "a watched, giant or tiny block, or one over an older one",
    r"recorder<.*>::forget_deferred": "a free inside an event has happened",
    r"recorder<.*>::begin_errand": "a library's thread works for another line than before",
    r"process_sources::asker_of": "a library's thread, which has the room that it is asked for",
    r"call_tree<.*>::insert": "a callstack not seen before",
    r"fil_function_intern": "a function not seen before",
    r"fil_record_failed|end_for_want_of_memory": "memory has run out",
    r"fil::python::.*::keep_allocators": "the interpreter is being initialised",
    r"errands::root_of_helper": "a thread that runs a library's functions alone",
    r"thread_walk::meet": "a place in the code not seen before",
    r"fil::lua::intern": "a function of Lua that was not seen before",
    r"caller_registers::ask_unwinder": "Lua has come here on a way that is new",
    r"known_ways<.*>::learn": "the same, now and then",
    r"running_states::find": "other states of Lua run than before",
}
STOP = re.compile("|".join(UNCOMMON))
# The native source is called directly; it keeps whole stacks, and takes more.
NATIVE_SOURCE = r"unwind_source<.*>::capture"
MOST_OF_NATIVE_SOURCE = 640
# A library's thread asks for whom it works: pool_threads.cpp sees to it that there is room.
# Half of the room that it asks for is left between it and the program's frames (pool_threads.cpp).
ROOM_OF_POOLS = 64 << 10
MOST_OF_POOLS = ROOM_OF_POOLS // 2 + ROOM_OF_POOLS // 8
STOP_AT_SOURCES = re.compile(f"{STOP.pattern}|{NATIVE_SOURCE}")

COMMON_HOOKS = [
    "malloc",
    "calloc",
    "realloc",
    "free",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
]


@pytest.mark.parametrize("archive", HOT, ids=lambda archive: archive.stem)
def test_hot_code_takes_only_named_things_from_elsewhere(archive: Path) -> None:
    ours = set().union(*(defined_names(other) for other in HOT))
    taken = undefined_names(archive) - ours - {"_GLOBAL_OFFSET_TABLE_"}
    assert taken - ALLOWED[archive] == set()


@pytest.mark.parametrize("archive", HOT, ids=lambda archive: archive.stem)
def test_hot_code_has_no_guarded_statics_and_no_thread_local_destructors(archive: Path) -> None:
    names = (defined_names(archive) | undefined_names(archive)) - ALLOWED[archive]
    banned = re.compile(
        r"^(_ZGV|__cxa_guard|__cxa_thread_atexit|__cxa_atexit|__tls_get_addr|_ZTH|_ZTW)"
    )
    assert {name for name in names if banned.match(name)} == set()


@pytest.mark.parametrize("archive", HOT, ids=lambda archive: archive.stem)
def test_nothing_is_initialised_at_run_time_but_by_the_one_constructor(archive: Path) -> None:
    sections = tool("objdump", "-h", archive)
    with_code_to_run = []
    member = ""
    for line in sections.splitlines():
        if "file format" in line:
            member = Path(line.split(":")[0]).name
        elif ".init_array" in line:
            with_code_to_run.append(member)
    assert with_code_to_run == (["start.cpp.o"] if archive == HOOKS else [])


def test_the_stops_all_exist() -> None:
    """A pattern that matches nothing would hide that a function was renamed or has gone."""
    names = "\n".join(functions(PRELOAD_LIBRARY))
    unused = [pattern for pattern in UNCOMMON if not re.search(pattern, names)]
    assert unused == []


@pytest.mark.parametrize("hook", COMMON_HOOKS)
def test_the_common_path_never_leaves_the_library_and_takes_no_lock(hook: str) -> None:
    reached = reachable(PRELOAD_LIBRARY, hook, STOP)
    assert any(name.startswith("fil_record_") for name in reached), "the hook records nothing?"
    leaving = [name for name in reached if name.endswith("@plt") or "spin_lock" in name]
    assert [str(reached[name]) for name in leaving] == []


@pytest.mark.parametrize("hook", COMMON_HOOKS)
def test_the_common_path_uses_little_stack(hook: str) -> None:
    reached = reachable(PRELOAD_LIBRARY, hook, STOP_AT_SOURCES).values()
    assert [str(place) for place in reached if place.depth > MOST_STACK] == []


@pytest.mark.parametrize(
    "source", [r"fil::python::.*::capture<", r"fil::lua::.*::capture_lua", NATIVE_SOURCE]
)
def test_the_walk_over_a_runtimes_frames_uses_little_stack(source: str) -> None:
    most = MOST_OF_NATIVE_SOURCE if source == NATIVE_SOURCE else MOST_STACK
    sources = [name for name in functions(PRELOAD_LIBRARY) if re.search(source, name)]
    assert sources
    for source in sources:
        reached = reachable(PRELOAD_LIBRARY, source, STOP).values()
        assert [str(place) for place in reached if place.depth > most] == []


def test_an_answer_of_whose_work_it_is_uses_an_eighth_of_the_room_that_is_asked_for() -> None:
    asking = [name for name in functions(PRELOAD_LIBRARY) if "process_sources::asker_of" in name]
    assert asking
    stops = set(UNCOMMON) - {r"process_sources::asker_of"}
    stops.add(r"in_mode<")  # our hook of syscall, where the program begins a sandbox: not by us
    stop = re.compile("|".join(stops))
    reached = reachable(PRELOAD_LIBRARY, asking[0], stop)
    assert any("pool_threads::" in name for name in reached), "no stack is searched?"
    assert [str(place) for place in reached.values() if place.depth > MOST_OF_POOLS] == []
    leaving = {name.split("@")[0] for name in reached if name.endswith("@plt")}
    assert leaving <= {"_dl_find_object", "__errno_location", "getauxval", "strlen"}
