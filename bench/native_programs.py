"""The native programs of the comparison, and what they work on: made once into .bench-native/."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".bench-native"
WORK = FOLDER / "native_work"
MEASURED = FOLDER / "measured"
PACK = "pack-objects --all --no-reuse-delta --no-use-bitmap-index --stdout -q".split()
SOURCE = str(FOLDER / "source.ii")
PAIRS = {"pair1": 5_000_000, "pair50": 5_000_000, "pair900": 500_000}


@dataclass(frozen=True)
class NativeProgram:
    name: str
    command: list[str]
    # six: of the mean. inside: it tells the CPU of its own work. language: an interpreter of
    # another. short: over at once.
    kind: str = "six"


def cc1plus() -> str:
    found = subprocess.run(["g++", "-print-prog-name=cc1plus"], capture_output=True, text=True)
    return found.stdout.strip()


def git(*arguments: str) -> list[str]:
    return ["git", "--no-pager", "-c", "pack.threads=1", "-c", "safe.directory=*", *arguments]


def programs() -> list[NativeProgram]:
    at = [f"--git-dir={FOLDER}/history"]
    known = [
        NativeProgram(
            "cc1plus",
            [cc1plus(), *"-fpreprocessed -quiet -O1 -g -std=c++20 -o /dev/null".split(), SOURCE],
        ),
        NativeProgram(
            "jq",
            ["jq", "-c", JQ, str(FOLDER / "people.json")],
        ),
        NativeProgram("sqlite3", ["sqlite3", ":memory:", f".read {FOLDER}/work.sql"]),
        NativeProgram("git-log", git(*at, "log", "-p", "--stat")),
        NativeProgram("git-pack", git(*at, *PACK)),
        NativeProgram("perl", ["perl", str(FOLDER / "work.pl")]),
        NativeProgram("lua", ["lua5.4", str(FOLDER / "work.lua")], "language"),
        NativeProgram("node", ["node", "--jitless", str(FOLDER / "work.js")], "language"),
        NativeProgram("short-git", git(*at, "log", "--oneline", "-400"), "short"),
    ]
    inside = ["words", "churn", "threads", "depth", *PAIRS]
    known += [NativeProgram(name, [str(WORK), name, "FIGURES"], "inside") for name in inside]
    return [
        program
        for program in known
        if shutil.which(program.command[0]) or program.command[0] == str(WORK)
    ]


def prepare() -> None:
    complete = FOLDER / "complete"
    if not complete.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir()
        for name, text in TEXTS.items():
            (FOLDER / name).write_text(text)
        (FOLDER / "people.json").write_text(json.dumps(people()))
        command = ["g++", "-std=c++20", "-E", str(FOLDER / "source.cpp"), "-o", SOURCE]
        subprocess.run(command, check=True)
        make_history(FOLDER / "history")
        complete.touch()
    for compiler, name, program in (
        ("g++ -std=c++20 -pthread", "native_work.cpp", WORK),
        ("gcc", "measured.c", MEASURED),
    ):
        source = ROOT / "bench" / "workloads" / name
        if not program.exists() or source.stat().st_mtime > program.stat().st_mtime:
            subprocess.run(
                [*compiler.split(), "-g", "-O2", str(source), "-o", str(program)], check=True
            )


def people() -> list[dict]:
    numbers = random.Random(1)
    return [
        {
            "name": f"person {numbers.randrange(10**6)}",
            "town": f"town {numbers.randrange(200)}",
            "visits": [numbers.randrange(1000) for _ in range(8)],
        }
        for _ in range(100_000)
    ]


def make_history(folder: Path) -> None:
    """A repository whose files grow and change, the same each time."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    command = ["git", f"--git-dir={folder}", "fast-import", "--quiet"]
    importer = subprocess.Popen(command, stdin=subprocess.PIPE)
    numbers = random.Random(2)
    texts = [[f"line {numbers.randrange(10**9)} of {n}" for _ in range(300)] for n in range(100)]
    for commit in range(2000):
        message = f"change {commit}\n".encode()
        parts = [b"commit refs/heads/main\n"]
        parts.append(b"committer A Name <a@example.com> %d +0000\n" % (10**9 + commit * 3600))
        parts.append(b"data %d\n%s" % (len(message), message))
        for n in numbers.sample(range(len(texts)), 5) if commit else range(len(texts)):
            for _ in range(10):
                line = f"line {numbers.randrange(10**9)} of {n}"
                texts[n][numbers.randrange(len(texts[n]))] = line
            text = "\n".join([*texts[n], ""]).encode()
            parts.append(b"M 644 inline d%d/f%d\ndata %d\n%s\n" % (n % 9, n, len(text), text))
        importer.stdin.write(b"".join(parts))
    importer.stdin.close()
    if importer.wait() != 0:
        raise RuntimeError("git fast-import failed")
    subprocess.run(git(f"--git-dir={folder}", "repack", "-adfq"), check=True)


JQ = (
    "[group_by(.town)[] | {town: .[0].town, people: length, names: (map(.name) | sort | .[0:3]),"
    " visits: (map(.visits | add) | add)}] | sort_by(.visits) | length"
)
TEXTS = {
    "source.cpp": """\
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>
int main(int count, char** words) {
    std::map<std::string, std::vector<std::string>> found;
    const std::regex word("([a-z]+)=([0-9]*)");
    for (int i = 1; i < count; ++i) {
        std::smatch match;
        const std::string text = words[i];
        if (std::regex_match(text, match, word)) found[match[1]].push_back(match[2]);
    }
    for (auto& [name, values] : found) {
        std::sort(values.begin(), values.end(), std::greater<>());
        std::cout << name << values.front() << std::endl;
    }
}
""",
    "work.sql": """\
CREATE TABLE visit (id INTEGER PRIMARY KEY, page TEXT, visitor TEXT, seconds INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600000)
INSERT INTO visit SELECT i, 'page ' || (i * 7919 % 10007), 'visitor ' || (i * 104729 % 50021),
i % 600 FROM n;
CREATE INDEX by_page ON visit (page);
SELECT count(*) FROM (SELECT page, count(DISTINCT visitor), sum(seconds) FROM visit GROUP BY page);
SELECT length(group_concat(page || visitor)) FROM visit WHERE seconds < 300;
SELECT count(*) FROM visit a JOIN visit b ON a.page = b.page AND a.id < b.id WHERE a.seconds < 9;
""",
    "work.pl": """\
my (%count, %lines);
my $number = 1;
for my $i (1 .. 600000) {
    $number = ($number * 1103515245 + 12345) % 2147483648;
    my $text = "name" . ($number % 5003) . "=" . ($number % 977) . ";more=" . $i;
    my %pairs = map { split /=/, $_, 2 } split /;/, $text;
    for my $key (keys %pairs) { $count{$key} += length $pairs{$key}; }
    push @{ $lines{$number % 1009} }, $text;
}
print scalar(keys %count), " ", scalar(keys %lines), "\\n";
""",
    "work.lua": """\
local counts, number = {}, 1
for i = 1, 1000000 do
    number = (number * 1103515245 + 12345) % 2147483648
    local entry = {name = "name" .. number % 5003, at = i}
    counts[entry.name] = (counts[entry.name] or 0) + #tostring(entry.at)
end
print(counts.name7)
""",
    "work.js": """\
const counts = new Map();
let number = 1;
for (let i = 0; i < 400000; ++i) {
    number = (number * 48271) % 2147483647;
    const name = "name" + number % 5003;
    counts.set(name, (counts.get(name) ?? []).concat([i]).slice(-5));
}
console.log(counts.size, JSON.stringify([...counts]).length);
""",
}
