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
    needs: str = ""  # a program that its command starts


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
        NativeProgram("ruby", ["ruby", str(FOLDER / "work.rb")], "language"),
        NativeProgram("php", ["php", str(FOLDER / "work.php")], "language"),
        NativeProgram("octave", ["octave-cli", "--norc", str(FOLDER / "work.m")], "language"),
        NativeProgram(
            "redis", ["sh", str(FOLDER / "redis.sh"), str(FOLDER)], "language", "redis-server"
        ),
        NativeProgram("short-git", git(*at, "log", "--oneline", "-400"), "short"),
    ]
    inside = ["words", "churn", "threads", "depth", *PAIRS]
    known += [NativeProgram(name, [str(WORK), name, "FIGURES"], "inside") for name in inside]
    return [
        program
        for program in known
        if shutil.which(program.needs or program.command[0]) or program.command[0] == str(WORK)
    ]


def prepare() -> None:
    complete = FOLDER / "complete"
    if not complete.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(exist_ok=True)
    for name, text in TEXTS.items():
        (FOLDER / name).write_text(text)
    if not complete.exists():
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
for i = 1, 2000000 do
    number = (number * 1103515245 + 12345) % 2147483648
    local entry = {name = "name" .. number % 5003, at = i}
    counts[entry.name] = (counts[entry.name] or 0) + #tostring(entry.at)
end
print(counts.name7)
""",
    "work.js": """\
const counts = new Map();
let number = 1;
for (let i = 0; i < 2400000; ++i) {
    number = (number * 48271) % 2147483647;
    const name = "name" + number % 5003;
    counts.set(name, (counts.get(name) ?? []).concat([i]).slice(-5));
}
console.log(counts.size, JSON.stringify([...counts]).length);
""",
    "work.rb": """\
counts, lines, number = Hash.new(0), Hash.new { |h, k| h[k] = [] }, 1
600_000.times do |i|
  number = (number * 1103515245 + 12345) % 2147483648
  text = "name#{number % 5003}=#{number % 977};more=#{i}"
  text.split(";").each { |pair| key, value = pair.split("=", 2); counts[key] += value.length }
  lines[number % 1009] << text
end
puts counts.length, lines.length
""",
    "work.php": """\
<?php
ini_set("memory_limit", "-1");
$counts = []; $lines = []; $number = 1;
for ($i = 0; $i < 2000000; ++$i) {
    $number = ($number * 1103515245 + 12345) % 2147483648;
    $text = "name" . ($number % 5003) . "=" . ($number % 977) . ";more=" . $i;
    foreach (explode(";", $text) as $pair) {
        [$key, $value] = explode("=", $pair, 2);
        $counts[$key] = ($counts[$key] ?? 0) + strlen($value);
    }
    $lines[$number % 1009][] = $text;
}
echo count($counts), " ", count($lines), "\\n";
""",
    "work.m": """\
counts = struct(); number = 1; total = 0;
for i = 1:1500
  number = mod(number * 48271, 2147483647);
  name = sprintf("name%d", mod(number, 503));
  if isfield(counts, name) counts.(name) += i; else counts.(name) = i; end
  parts = {name, num2str(i), [name "x"]};
  total += length(strjoin(parts, ","));
end
printf("%d %d\\n", numel(fieldnames(counts)), total);
""",
    "redis.sh": """\
# A server, what it is asked to do, and its end. `sh redis.sh FOLDER`.
socket=$1/redis.socket
redis-server --port 0 --unixsocket $socket --save "" --logfile $1/redis.log &
until [ -S $socket ]; do sleep 0.1; done
redis-cli -s $socket eval '
for i = 1, 150000 do
    redis.call("set", "k" .. i % 40000, "v" .. i)
    redis.call("hset", "h" .. i % 100, "f" .. i % 3001, i)
end
return redis.call("dbsize")' 0
redis-benchmark -s $socket -q -n 50000 -r 50000 -P 16 -t set,get,lpush,sadd,hset >/dev/null
redis-cli -s $socket shutdown nosave
wait
""",
}
