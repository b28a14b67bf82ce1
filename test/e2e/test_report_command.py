"""`fil-profile report`: reports drawn again, in every format, with the same numbers; and what it
says of what it cannot read or write."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from command import fil_profile, profiled, script
from conservation import check_report, model_of
from json_report import SCHEMA, checked, line_of
from profiling import FIL_PROFILE, MIB, PREFIX, ROOT, Ended, reports_in

THREE_LINES = """\
first = bytearray(b"1") * (30 << 20)
second = bytearray(b"2") * (20 << 20)
third = [bytearray(b"3") * (1 << 20) for _ in range(10)]
"""
TWO_PROCESSES = """\
import multiprocessing
def work(ready, done):
    mine = bytearray(b"1") * (25 << 20)
    ready.set()
    done.wait()
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    ready, done = context.Event(), context.Event()
    child = context.Process(target=work, args=(ready, done))
    child.start()
    ready.wait()
    block = bytearray(b"2") * (40 << 20)
    done.set()
    child.join()
"""
FORMATS = ["json", "folded", "text", "svg"]


def draw(*words: str, **how) -> Ended:
    return fil_profile("report", "--no-browser", *words, **how)


def drawn(form: str, *paths: Path | str) -> bytes:
    ended = draw("--format", form, *map(str, paths))
    assert (ended.status, ended.stderr) == (0, b""), ended.stderr.decode()
    return ended.stdout


def json_of(*paths: Path | str) -> dict:
    return checked(drawn("json", *paths))


def folded_sum(text: bytes) -> int:
    return sum(int(line.rpartition(b" ")[2]) for line in text.splitlines())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the reports of two programs: one/..., two/... Tests only read it."""
    there = tmp_path_factory.mktemp("made")
    before = Path.cwd()
    os.chdir(there)
    try:
        for name, text in (("one", THREE_LINES), ("two", TWO_PROCESSES)):
            Path(name).mkdir()
            script(f"{name}/{name}.py", text)
            os.chdir(name)
            run = profiled(f"{name}.py", "--password=hunter2")
            assert run.status == 0
            os.chdir(there)
    finally:
        os.chdir(before)
    return there


def report_of(made: Path, name: str) -> Path:
    (folder,) = reports_in(made / name / "out")
    return folder


# ---- the numbers ---------------------------------------------------------------------------------


def test_json_has_the_lines_that_the_program_has(made):
    report = json_of(report_of(made, "one"))
    assert line_of(report, "one.py:1") == pytest.approx(30 * MIB, abs=MIB // 4)
    assert line_of(report, "one.py:2") == pytest.approx(20 * MIB, abs=MIB // 4)
    assert line_of(report, "one.py:3") == pytest.approx(10 * MIB, abs=MIB // 4)
    assert report["lines"][0]["source"] == THREE_LINES.splitlines()[0]
    assert report["program"]["command"] == "one.py '--password=***'"
    assert report["program"]["ending"] == {"kind": "exit", "value": 0, "text": "exit 0"}
    assert report["program"]["runtime"].startswith("CPython 3.")
    (process,) = report["processes"]
    assert process["frame"] is None and process["pid"] > 0
    assert process["bytes"] == process["peak"] == report["peak"]["bytes"]
    samples = report["timelines"][0]["samples"]
    assert samples and samples == sorted(samples, key=lambda sample: sample[0])
    assert "hunter2" not in json.dumps(report)


def test_json_has_both_processes_and_what_each_held(made):
    report = json_of(report_of(made, "two"))
    assert line_of(report, "two.py:3") == pytest.approx(25 * MIB, abs=MIB // 4)
    assert line_of(report, "two.py:12") == pytest.approx(40 * MIB, abs=MIB // 4)
    parent, child = report["processes"]
    assert child["parent"] == parent["pid"] != child["pid"]
    assert 40 * MIB <= parent["bytes"] < 55 * MIB and 25 * MIB <= child["bytes"] < 27 * MIB
    assert report["frames"][child["frame"]]["kind"] == "process"


@pytest.mark.parametrize("name", ["one", "two"])
def test_every_format_says_the_same(made, name):
    folder = report_of(made, name)
    report, model = json_of(folder), model_of(folder)
    page = sum(model["tree"]["self"]) + model["hidden"]["bytes"]
    assert report["peak"]["bytes"] == page == model["facts"]["peak"]
    folded = drawn("folded", folder)
    assert folded == (folder / "peak-memory.prof").read_bytes()
    assert drawn("svg", folder) == (folder / "peak-memory.svg").read_bytes()
    assert folded_sum(folded) == model["listed"]["bytes"] <= report["peak"]["bytes"]
    shown = {(line["file"], line["line"], line["bytes"]) for line in model["lines"]}
    listed = {(line["shown_file"], line["line"] or 0, line["bytes"]) for line in report["lines"]}
    assert listed == shown
    text = drawn("text", folder).decode()
    assert f" was {report['peak']['bytes'] / MIB:.1f} MiB, " in text
    for line in report["lines"][:2]:
        share = 100 * line["bytes"] / report["peak"]["bytes"]
        row = (
            rf"^ *{line['bytes'] / MIB:.1f} MiB +{share:.1f} % +{line['shown_file']}:{line['line']}"
        )
        assert re.search(row, text, re.M), text
    for process in model["facts"]["processes"]:
        assert f"{process['name']} (pid {process['pid']})" in text


def test_the_page_drawn_again_is_the_page(made, here):
    folder = report_of(made, "two")
    ended = draw("-o", "again", str(folder))
    assert (ended.status, ended.stdout) == (0, b"")
    (again,) = reports_in("again")
    assert f"Wrote HTML report to {again.absolute()}/index.html" in ended.stderr.decode()
    for file in folder.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name
    assert draw("-o", "page.html", str(folder)).status == 0
    assert Path("page.html").read_bytes() == (folder / "index.html").read_bytes()
    assert json_of(again) == json_of(folder)


def test_several_reports_are_one_and_add_up(made, here):
    one, two = (json_of(report_of(made, name)) for name in ("one", "two"))
    both = json_of(report_of(made, "one"), report_of(made, "two"))
    assert both["peak"]["bytes"] == one["peak"]["bytes"] + two["peak"]["bytes"]
    assert len(both["processes"]) == 3
    held = {process["pid"]: process["bytes"] for process in [*one["processes"], *two["processes"]]}
    assert {process["pid"]: process["bytes"] for process in both["processes"]} == held
    for place in ("one.py:1", "two.py:3", "two.py:12"):
        assert line_of(both, place) == line_of(one, place) + line_of(two, place)
    folders = [str(made / name / "out") for name in ("one", "two")]  # of folders
    ended = draw("-o", "both", *folders)
    assert ended.status == 0, ended.stderr.decode()
    (folder,) = reports_in("both")
    check_report(folder)
    assert model_of(folder)["facts"]["peak"] == both["peak"]["bytes"]
    text = drawn("text", *folders).decode()
    assert "Processes at the peak" in text and "one.py:1" in text and "two.py:12" in text


def test_a_report_named_twice_is_one_and_its_copy_another(made, here):
    folder = report_of(made, "one")
    once, twice = json_of(folder), json_of(folder, folder)
    assert twice["peak"]["bytes"] == once["peak"]["bytes"]
    assert len(twice["processes"]) == 1
    shutil.copytree(folder, "copy")
    both = json_of(folder, "copy")
    assert both["peak"]["bytes"] == 2 * once["peak"]["bytes"]
    assert len(both["processes"]) == 2
    assert line_of(both, "one.py:1") == 2 * line_of(once, "one.py:1")


def test_a_report_is_drawn_anywhere_without_the_program_and_its_sources(here):
    Path("project").mkdir()
    script("project/gone.py", THREE_LINES)
    os.chdir("project")
    run = profiled("gone.py")
    before = drawn("json", run.report)
    os.chdir(here)
    shutil.copytree(
        run.output.absolute() if run.output.is_absolute() else here / "project/out", "elsewhere"
    )
    shutil.rmtree("project")
    (folder,) = reports_in("elsewhere")
    after = checked(drawn("json", folder))
    assert line_of(after, "gone.py:1") == line_of(checked(before), "gone.py:1")
    assert after["lines"][0]["source"] is None
    assert drawn("folded", folder) == (folder / "peak-memory.prof").read_bytes()
    assert "gone.py:1" in drawn("text", folder).decode()
    assert draw("-o", "again", str(folder)).status == 0


def test_a_native_program_has_its_functions(here):
    run = profiled("/usr/bin/sort", "/etc/passwd")
    report = json_of(run.report)
    assert {frame["kind"] for frame in report["frames"]} <= {"native", "placeholder"}
    modules = [frame["module"] for frame in report["frames"] if frame["kind"] == "native"]
    assert any(module and module.endswith("sort") for module in modules)
    assert report["program"]["runtime"] == ""


HOSTILE = """\
import os, sys
name = "x\\udcff\\u202e\\x1b[2J\\n\\x00\\\\".replace("\\x00", "")
code = compile("def f():\\n    return bytearray(5 << 20)\\nkept = f()\\n", name, "exec")
exec(code)
surrogate = compile("kept2 = bytearray(3 << 20)", "lone \\ud800", "exec")
exec(surrogate)
"""


def test_hostile_names_make_valid_json_and_a_harmless_text(here):
    run = profiled(script("odd.py", HOSTILE), "\x1b[31m", "a\nb")
    report = json_of(run.report)
    assert sum(line["bytes"] for line in report["lines"]) >= 8 * MIB
    text = drawn("text", run.report)
    text.decode("utf-8")
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert "\u202e" not in text.decode()


def test_the_schema_and_the_guide_know_the_same_fields():
    def fields(schema) -> set[str]:
        if isinstance(schema, list):
            return set().union(*map(fields, schema), set())
        if not isinstance(schema, dict):
            return set()
        own = (
            set(schema.get("properties", {}))
            if isinstance(schema.get("properties"), dict)
            else set()
        )
        return own.union(*map(fields, schema.values()))

    guide = (ROOT / "docs/guide/formats.md").read_text()
    section = guide[guide.index("\n## JSON\n") : guide.index("\n## Text\n")]
    said = set(re.findall(r"`([a-z_]+)`", section))
    assert fields(json.loads(SCHEMA.read_text())) <= said


# ---- where it goes -------------------------------------------------------------------------------


def test_several_formats_go_into_a_folder(made, here):
    folder = str(report_of(made, "one"))
    ended = draw("--format", "html,json", "--format", "text", "-o", "drawn", folder)
    assert (ended.status, ended.stdout) == (0, b""), ended.stderr.decode()
    names = {path.name for path in Path("drawn").iterdir()}
    assert {"report.json", "report.txt", "latest"} < names and len(names) == 4
    checked(Path("drawn/report.json").read_bytes())
    assert Path("drawn/report.txt").read_bytes() == drawn("text", folder)
    for form, file in (("svg", "report.svg"), ("folded", "report.prof")):
        assert draw("--format", form, "-o", "drawn", folder).status == 0
        assert Path("drawn", file).read_bytes() == drawn(form, folder)


def test_a_file_is_replaced_as_a_whole_and_a_link_stays_one(made, here):
    folder = str(report_of(made, "one"))
    Path("old.json").write_text("old")
    Path("link.json").symlink_to("old.json")
    assert draw("--format", "json", "-o", "link.json", folder).status == 0
    assert Path("link.json").is_symlink()
    checked(Path("old.json").read_bytes())
    assert {path.name for path in here.iterdir()} == {"old.json", "link.json"}
    assert draw("--format", "json", "-o", "/dev/null", folder).status == 0
    assert draw("--format", "json", "-o", "-", folder).stdout == Path("old.json").read_bytes()
    before_the_verb = fil_profile("-o", "x.txt", "report", "--format", "text", folder)
    assert before_the_verb.status == 0 and Path("x.txt").read_bytes() == drawn("text", folder)


def terminal(columns: int) -> tuple[int, int]:
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    return main, other


def all_of(main: int) -> bytes:
    """What is written to the terminal until nobody has it any more."""
    said = b""
    with contextlib.suppress(OSError):
        while part := os.read(main, 4096):
            said += part
    os.close(main)
    return said


def test_what_takes_a_while_says_so_on_a_terminal_and_takes_it_back(made, here):
    os.mkfifo("pipe")  # a reader that keeps it waiting
    words = ["report", "--format", "json", "-o", "pipe", str(report_of(made, "one"))]
    main, other = terminal(80)
    env = {**os.environ, "TERM": "xterm"}
    # In the foreground of that terminal, or nothing is said.
    how = {"start_new_session": True, "preexec_fn": lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0)}
    with subprocess.Popen([str(FIL_PROFILE), *words], stderr=other, env=env, **how) as process:
        os.close(other)
        shown = b""
        while b"drawing pipe ..." not in shown:
            shown += os.read(main, 4096)
        checked(Path("pipe").read_bytes())
        shown += all_of(main)
        assert process.wait(timeout=60) == 0
    assert shown.startswith(b"\r" + PREFIX) and shown.endswith(b"\r\033[K")
    assert b"\n" not in shown


def test_what_takes_a_while_says_nothing_in_a_pipe(made, here):
    os.mkfifo("pipe")
    words = ["report", "--format", "json", "-o", "pipe", str(report_of(made, "one"))]
    with subprocess.Popen([str(FIL_PROFILE), *words], stderr=subprocess.PIPE) as process:
        time.sleep(1.5)
        checked(Path("pipe").read_bytes())
        assert process.stderr.read() == b"" and process.wait(timeout=60) == 0


def test_text_is_as_wide_as_the_terminal_and_coloured_there_only(made):
    folder = str(report_of(made, "one"))
    plain = drawn("text", folder).decode()
    assert "\033" not in plain and max(map(len, plain.splitlines())) <= 80
    main, other = terminal(132)
    command = [str(FIL_PROFILE), "report", "--format", "text", folder]
    env = {**os.environ, "TERM": "xterm"}
    env.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdout=other, stderr=subprocess.PIPE, env=env) as process:
        os.close(other)
        said = all_of(main)
        assert process.wait(timeout=60) == 0 and process.stderr.read() == b""
    assert b"\033[1mYour lines that held the peak\033[0m" in said
    source = THREE_LINES.splitlines()[2]
    assert source in said.decode() and source not in plain, "there was room for all of it"


# ---- what is refused -----------------------------------------------------------------------------


def refused(*words: str, **how) -> str:
    ended = draw(*words, **how)
    lines = ended.stderr.splitlines()
    assert (ended.status, ended.stdout, len(lines)) == (2, b"", 1), ended
    assert lines[0].startswith(PREFIX)
    return lines[0][len(PREFIX) :].decode()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda snap: "nowhere", "nowhere: No such file or directory"),
        (lambda snap: Path("empty").mkdir() or "empty", "empty"),
        (lambda snap: script("something.txt", "of something else\n"), "something.txt"),
        (lambda snap: (Path("other").mkdir(), script("other/a.txt", "x"))[1] and "other", "other"),
        (lambda snap: Path("zero").write_bytes(b"") or "zero", "zero"),
        (lambda snap: Path("cut").write_bytes(snap[: len(snap) // 2]) or "cut", "cut"),
        (lambda snap: Path("flip").write_bytes(flipped(snap)) or "flip", "flip"),
    ],
    ids=["nothing there", "empty", "something else", "a folder of that", "zero", "cut", "damaged"],
)
def test_what_cannot_be_read_is_one_line_and_status_2(made, here, make, says):
    (snap,) = report_of(made, "one").glob("*.filsnap")
    path = make(snap.read_bytes())
    path = path if isinstance(path, str) else says.split(":")[0]
    assert says.split(":")[0] in refused("--format", "json", "-o", "out.json", path)
    assert not Path("out.json").exists()
    assert says.split(":")[0] in refused(path) and not Path("fil-result").exists()


def flipped(snap: bytes) -> bytes:
    at = len(snap) * 3 // 4
    return snap[:at] + bytes([snap[at] ^ 1]) + snap[at + 1 :]


def test_bad_options_are_one_line_and_status_2(made, here):
    folder = str(report_of(made, "one"))
    assert "no format 'xml'" in refused("--format", "xml", folder)
    assert "only one format can go to stdout" in refused("--format", "json,text", folder)
    assert "which report?" in refused("--format", "json")
    assert "--nonsense" in refused("--nonsense", folder)


def test_places_that_cannot_be_written_are_one_line_and_status_2(made, here):
    folder = str(report_of(made, "one"))
    Path("file").write_text("mine")
    says = refused("--format", "json", "-o", "missing/x.json", folder)
    assert says == "cannot write missing/x.json: No such file or directory"
    assert "cannot write" in refused("-o", "file", folder)
    assert "cannot write" in refused("--format", "json,text", "-o", "file/", folder)
    assert Path("file").read_text() == "mine"
    assert "/dev/full: No space left on device" in refused(
        "--format", "json", "-o", "/dev/full", folder
    )
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ended = subprocess.run(
            [str(FIL_PROFILE), "report", "--format", "text", folder],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr == PREFIX + b"cannot write to stdout: No space left on device\n"


def test_a_file_that_may_not_grow_so_far_is_left_alone(made, here):
    folder = str(report_of(made, "one"))
    Path("old.json").write_text("old")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    assert "old.json: File too large" in refused(
        "--format", "json", "-o", "old.json", folder, preexec_fn=limit
    )
    assert [path.name for path in here.iterdir()] == ["old.json"]
    assert Path("old.json").read_text() == "old"


@pytest.mark.parametrize("action", [signal.SIG_DFL, signal.SIG_IGN])
def test_who_reads_only_the_head_ends_it_silently(made, here, action):
    command = [str(FIL_PROFILE), "report", "--format", "json", str(report_of(made, "two"))]
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        command,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
        restore_signals=False,
        preexec_fn=lambda: signal.signal(signal.SIGPIPE, action),
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (-signal.SIGPIPE, b"")


def test_help_says_the_formats():
    ended = fil_profile("report", "--help")
    assert (ended.status, ended.stderr) == (0, b"")
    text = ended.stdout.decode()
    assert all(word in text for word in ["html", *FORMATS, "PATH", "-o FILE", "--no-browser"])
    assert max(map(len, text.splitlines())) <= 100
    assert sys.version_info
