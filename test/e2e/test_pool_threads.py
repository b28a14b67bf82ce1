"""Threads that a C library made run no Python: what they take stands at the line they work for."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import profiled, script
from conservation import model_of
from profiling import MIB, run_plain

# Who asks holds the lock until it waits, so it does when the pool's thread works.
POOL = """
#include <pthread.h>
#include <stdlib.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static int jobs, ended;
static size_t size;
static void *works(void *unused) {
    pthread_mutex_lock(&lock);
    for (;;) {
        while (jobs == 0) pthread_cond_wait(&asked, &lock);
        --jobs;
        void *volatile block = malloc(size);
        (void)block;
        ++ended;
        pthread_cond_signal(&done);
    }
    return unused;
}
void start(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, works, NULL);
}
static void put(size_t bytes) {
    pthread_mutex_lock(&lock);
    size = bytes;
    ++jobs;
    pthread_cond_signal(&asked);
}
void use(size_t bytes) {
    put(bytes);
    while (ended == 0) pthread_cond_wait(&done, &lock);
    --ended;
    pthread_mutex_unlock(&lock);
}
void ask(size_t bytes) {
    void *volatile task = malloc(1000);
    use(bytes);
    free(task);
}
void late(size_t bytes) {
    put(bytes);
    pthread_mutex_unlock(&lock);
}
int is_done(void) {
    pthread_mutex_lock(&lock);
    int is = ended != 0;
    pthread_mutex_unlock(&lock);
    return is;
}
"""


USES_POOL = """
import ctypes
library = ctypes.CDLL("./pool.so")
def make_pool():
    library.start()
def use():
    library.use(ctypes.c_size_t(20 << 20))
make_pool()
use()
use()
own = bytearray(7 << 20)
"""

# std::thread: it is the C++ library that calls pthread_create.
CPP_POOL = """
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
static std::mutex &lock = *new std::mutex;
static std::condition_variable &asked = *new std::condition_variable;
static std::condition_variable &done = *new std::condition_variable;
static int jobs, ended;
static size_t size;
extern "C" void start() {
    std::thread([] {
        std::thread([] {  // whose threads they are stays so
            std::unique_lock hold(lock);
            for (;;) {
                asked.wait(hold, [] { return jobs != 0; });
                --jobs;
                void *volatile block = malloc(size);
                (void)block;
                ++ended;
                done.notify_one();
            }
        }).detach();
    }).detach();
}
static std::unique_lock<std::mutex> put(size_t bytes) {
    std::unique_lock hold(lock);
    size = bytes;
    ++jobs;
    asked.notify_one();
    return hold;
}
extern "C" void use(size_t bytes) {
    auto hold = put(bytes);
    done.wait(hold, [] { return ended != 0; });
    --ended;
}
extern "C" void ask(size_t bytes) {
    void *volatile task = malloc(1000);
    use(bytes);
    free(task);
}
extern "C" void late(size_t bytes) { put(bytes); }
extern "C" int is_done() {
    const std::lock_guard hold(lock);
    return ended != 0;
}
"""


def idle_threads(number: int) -> str:
    """Beside it, others of Python's."""
    one = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    return f"import threading; [{one} for _ in range({number})];"


IDLE = idle_threads(1)


@pytest.fixture(params=["pool.c", "pool.cpp"])
def pool(here, request) -> None:
    Path(request.param).write_text(POOL if request.param == "pool.c" else CPP_POOL)
    compiler = "cc" if request.param == "pool.c" else "c++"
    flags = [
        "-shared",
        "-fPIC",
        "-pthread",
        *(["-std=c++20"] if request.param == "pool.cpp" else []),
    ]
    built = run_plain([compiler, *flags, request.param, "-o", "pool.so"])
    assert built.status == 0, built.stderr


@pytest.mark.parametrize("others", [1, 40])
def test_what_a_pool_takes_stands_at_the_line_that_is_in_the_library(pool, others):
    asks = idle_threads(others) + USES_POOL.replace("library.use", "library.ask").lstrip()
    ran = profiled(script("x.py", asks))
    asked = [(f"x.py:{line} (<module>)", "x.py:6 (use)", "[thread pool]") for line in (8, 9)]
    assert [ran.callstacks[frames] // MIB for frames in asked] == [20, 20]
    model = model_of(ran.report)
    assert model["threads"] == []
    lines = {line["line"]: line for line in model["lines"]}
    assert 40 * MIB <= lines[6]["bytes"] < 41 * MIB and "guessed" not in lines[6]
    assert "since no other line was in a library." in model["hint"]


def test_who_waits_in_the_library_is_in_it(pool):
    model = model_of(profiled(script("x.py", IDLE + USES_POOL)).report)
    lines = {line["line"]: line for line in model["lines"]}
    assert 40 * MIB <= lines[7]["bytes"] < 41 * MIB and "guessed" not in lines[7]
    assert model["threads"] == []


# The pool's maker has ended, and nobody is in the library while it works.
WORKS_LATER = """
import ctypes, time
library = ctypes.CDLL("./pool.so")
def make_pool():
    library.start()
def use():
    library.late(ctypes.c_size_t(40 << 20))
    while not library.is_done(): time.sleep(0.01)
maker = threading.Thread(target=make_pool)
maker.start()
maker.join()
use()
own = bytearray(7 << 20)
"""


def test_it_is_guessed_to_be_that_of_the_only_thread(pool):
    alone = WORKS_LATER.split("maker")[0] + "make_pool()\nuse()\n"
    model = model_of(profiled(script("x.py", alone)).report)
    (line,) = [line for line in model["lines"] if line["line"] in (7, 8)]
    assert 40 * MIB <= line["bytes"] < 41 * MIB
    assert "guessed" in line["guessed"]


def test_where_that_may_be_several_the_page_says_whose_threads_took_it_and_charges_no_line(pool):
    ran = profiled(script("x.py", IDLE + WORKS_LATER))
    model = model_of(ran.report)
    (threads,) = model["threads"]
    assert (threads["of"], threads["file"], threads["line"]) == ("pool", "x.py", 5)
    assert 40 * MIB <= threads["bytes"] < 41 * MIB
    lines = {line["line"]: line["bytes"] for line in model["lines"]}
    assert lines[13] >= 7 * MIB
    assert all(lines.get(line, 0) < MIB for line in range(5, 13))
    shown = [model["frames"][frame]["f"] for frame in model["tree"]["frame"] if frame >= 0]
    assert "[threads of pool]" in shown


POOLS = Path(__file__).parent / "programs" / "pools_of_several.cpp"


def several(kind: str, threads: int) -> tuple[str, dict[int, int]]:
    """Threads that all use one pool at once, each at a line of its own; and what each asks for."""
    lines = [
        "import ctypes, threading",
        "pools = ctypes.CDLL('./pools.so')",
        "pools.start(4)",
        f"together = threading.Barrier({threads})",
    ]
    asked = {}
    for thread in range(threads):
        lines += [f"def run_{thread}():", "    for _ in range(6):", "        together.wait()"]
        mib = 4 + thread
        lines.append(f"        pools.ask_{kind}(ctypes.c_size_t({mib} << 20), 8)")
        asked[len(lines)] = 6 * mib * MIB
    names = ", ".join(f"run_{thread}" for thread in range(threads))
    lines += [
        f"threads = [threading.Thread(target=run) for run in ({names},)]",
        "for thread in threads: thread.start()",
        "for thread in threads: thread.join()",
    ]
    return "\n".join(lines) + "\n", asked


@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("kind", ["queue", "futures", "timed", "atomic", "openmp"])
def test_a_pool_that_works_for_several_is_charged_to_each(here, kind, threads):
    flags = ["-shared", "-fPIC", "-pthread", "-fopenmp", "-O2", "-std=c++20"]
    built = run_plain(["c++", *flags, str(POOLS), "-o", "pools.so"])
    assert built.status == 0, built.stderr
    program, asked = several(kind, threads)
    model = model_of(profiled(script("x.py", program)).report)
    held = {line["line"]: line["bytes"] for line in model["lines"] if line["file"] == "x.py"}
    right = sum(min(held.get(line, 0), bytes) for line, bytes in asked.items())
    assert right >= 0.97 * sum(asked.values()), (held, asked)


def test_threads_of_pythons_own_are_nobodys_pool(here):
    code = """
    import threading
    kept = []
    def work():
        kept.append(bytearray(20 << 20))
    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    """
    model = model_of(profiled(script("x.py", code)).report)
    assert (model["threads"], model["smallThreads"]) == ([], 0)
