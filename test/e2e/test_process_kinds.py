"""Every way to become several processes that needs but Python, a shell and a compiler: the report
says who held what at the peak. How that is known: meeting.py."""

from __future__ import annotations

import sys

import pytest
from meeting import Kind, check_kind

MAIN = 'if __name__ == "__main__":\n'

WORKERS = (
    """
    import multiprocessing, sys
    from meet import MIB, arrive
    kept = []
    def work(units):
        kept.append(bytearray(units * MIB))
        arrive()
        return len(kept)
    """
    + MAIN
)


def started(method: str) -> Kind:
    code = """
        mine = bytearray(30 * MIB)
        context = multiprocessing.get_context(sys.argv[1])
        workers = [context.Process(target=work, args=(n,)) for n in (20, 25, 40)]
        for worker in workers: worker.start()
        arrive()
        for worker in workers: worker.join()
        print([worker.exitcode for worker in workers])
    """
    return Kind(
        f"multiprocessing, {method}",
        ["workers.py", method],
        {"workers.py:5": [20, 25, 40], "workers.py:10": [30]},
        4,
        {"workers.py": WORKERS + code},
        "workers of workers.py",
    )


def pool(method: str) -> Kind:
    code = """
        mine = bytearray(30 * MIB)
        with multiprocessing.get_context(sys.argv[1]).Pool(3) as pool:
            print(pool.map(work, [20, 20, 20], chunksize=1))
        more = bytearray(55 * MIB)  # what the terminated workers held is gone
    """
    return Kind(
        f"multiprocessing.Pool, {method}",
        ["pool.py", method],
        {"pool.py:5": [20, 20, 20], "pool.py:10": [30]},
        3,
        {"pool.py": WORKERS + code},
        "workers of pool.py",
    )


EXECUTOR = """
    import concurrent.futures
    from meet import MIB, arrive
    def work(units):
        block = bytearray(units * MIB)
        arrive()
        return len(block) > 0
    if __name__ == "__main__":
        mine = bytearray(30 * MIB)
        with concurrent.futures.ProcessPoolExecutor(2) as executor:
            print(list(executor.map(work, [40, 50])))
"""

FORKS = """
    import os
    from meet import MIB, arrive
    mine = bytearray(50 * MIB)
    def child():
        own = bytearray(25 * MIB)
        mine[:2] = b"xx"
        arrive()
        os._exit(0)
    children = [os.fork() or child() for _ in range(3)]
    arrive()
    print([os.waitpid(child, 0)[1] for child in children])
"""

DOUBLE_FORKS = """
    import os
    from meet import MIB, arrive
    inherited = bytearray(20 * MIB)
    reader, writer = os.pipe()
    for _ in range(2):
        between = os.fork()
        if between == 0:
            held = bytearray(30 * MIB)
            os.setsid()
            if os.fork() == 0:
                own = bytearray(45 * MIB)
                arrive()
                os.write(writer, b"x")
                os._exit(0)
            os._exit(0)
        os.waitpid(between, 0)
    arrive()
    print(len(os.read(reader, 1)) + len(os.read(reader, 1)))
"""

SUBPROCESSES = """
    import subprocess, sys
    from meet import MIB, arrive
    mine = bytearray(30 * MIB)
    start = lambda *more, **how: subprocess.Popen([sys.executable, *more], **how)
    first = start("makes.py", stdout=subprocess.PIPE)
    second = start("takes.py", "--token", "12", stdin=first.stdout)
    first.stdout.close()
    arrive()
    print(first.wait(), second.wait())
"""
MAKES = """
    from meet import MIB, arrive
    made = bytearray(40 * MIB)
    print("made", flush=True)
    arrive()
"""
TAKES = """
    from meet import MIB, arrive
    text = input()
    taken = bytearray(55 * MIB)
    arrive()
"""

STARTS = """
    #define _GNU_SOURCE
    #include <spawn.h>
    #include <sys/wait.h>
    #include "meet.h"
    extern char **environ;
    int main(void) {
        char *words[] = {"./holds", "1", NULL};
        void *mine = touched(malloc(units(30)), 30);
        pid_t spawned, forked, by_vfork;
        posix_spawn(&spawned, words[0], NULL, NULL, words, environ);
        if ((by_vfork = vfork()) == 0) execv(words[0], words), _exit(9);
        if ((forked = fork()) == 0) {
            void *lost = touched(malloc(units(15)), 15);
            execlp("./holds", "./holds", "2", NULL);
            _exit(lost == NULL);
        }
        arrive();
        for (int status; wait(&status) > 0;) printf("%d\\n", WEXITSTATUS(status));
        free(mine);
    }
"""
HOLDS = """
    #include "meet.h"
    static void *take(int count) { return touched(malloc(units(count)), count); }
    int main(int count, char **words) {
        void *block = take(20 * atoi(words[1]));
        arrive();
        free(block);
        return 3;
    }
"""

CHAIN = """
    import os, sys
    from meet import MIB, arrive
    left = int(sys.argv[1])
    if left > 0:
        gone = bytearray(40 * MIB)
        os.execv(sys.executable, [sys.executable, "chain.py", str(left - 1)])
    kept = bytearray(60 * MIB)
    arrive()
    print("the last")
"""

SHELL = """
    for i in 1 2 3; do "$1" part.py --number $i & done
    "$1" whole.py | cat
    wait
    exit 4
"""
PART = """
    from meet import MIB, arrive
    part = bytearray(30 * MIB)
    arrive()
"""
WHOLE = """
    from meet import MIB, arrive
    whole = bytearray(50 * MIB)
    arrive()
    print("whole")
"""

# Waits for its parent to be gone, works on, and ends before the program does.
DAEMON = """
    import os, time
    from meet import MIB, arrive
    mine = bytearray(30 * MIB)
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() > 0:
            os._exit(0)
        for descriptor in range(3):
            os.close(descriptor)
        work = bytearray(40 * MIB)
        arrive()
        del work
        os.write(writer, b"x")
        os._exit(0)
    os.wait()
    arrive()
    os.read(reader, 1)
    print("done")
"""

KINDS = [
    *(started(method) for method in ("fork", "spawn", "forkserver")),
    *(pool(method) for method in ("fork", "spawn", "forkserver")),
    Kind(
        "concurrent.futures",
        ["executor.py"],
        {"executor.py:4": [40, 50], "executor.py:8": [30]},
        2,
        {"executor.py": EXECUTOR},
        "workers of executor.py",
    ),
    Kind(
        "os.fork",
        ["forks.py"],
        {"forks.py:3": [50], "forks.py:5": [25, 25, 25]},
        4,
        {"forks.py": FORKS},
        "workers of forks.py",
    ),
    Kind(
        "double forks",
        ["forks.py"],
        {"forks.py:3": [20], "forks.py:11": [45, 45]},
        3,
        {"forks.py": DOUBLE_FORKS},
        "workers of forks.py",
    ),
    Kind(
        "subprocess",
        ["starts.py"],
        {"starts.py:3": [30], "makes.py:2": [40], "takes.py:3": [55]},
        3,
        {"starts.py": SUBPROCESSES, "makes.py": MAKES, "takes.py": TAKES},
    ),
    Kind(
        "posix_spawn, vfork, fork and exec",
        ["./starts"],
        {"starts.c:8": [30], "holds.c:2": [20, 20, 40]},
        4,
        {"starts.c": STARTS, "holds.c": HOLDS},
        "\u00d7 holds #",
    ),
    Kind("a chain of exec", ["chain.py", "3"], {"chain.py:7": [60]}, 1, {"chain.py": CHAIN}),
    Kind(
        "a shell",
        ["/bin/bash", "run.sh", sys.executable],
        {"part.py:2": [30, 30, 30], "whole.py:2": [50]},
        4,
        {"run.sh": SHELL, "part.py": PART, "whole.py": WHOLE},
        "\u00d7 python part.py --number #",
        4,
    ),
    Kind(
        "a daemon that ends first",
        ["daemon.py"],
        {"daemon.py:3": [30], "daemon.py:11": [40]},
        2,
        {"daemon.py": DAEMON},
    ),
]


# Of ways that are alike, one each time.
SLOW = {"multiprocessing, fork", "multiprocessing.Pool, fork", "multiprocessing.Pool, forkserver"}


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[pytest.mark.slow] * (kind.name in SLOW)) for kind in KINDS],
    ids=lambda kind: kind.name,
)
def test_the_report_says_who_held_what(kind, here):
    assert check_kind(kind).wrong == []
