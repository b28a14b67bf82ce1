"""Programs wait as they do without us: what is hooked is not felt (programs/waits.cpp)."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import profiled, script
from profiling import PROGRAMS, run_plain

CASES = "cancel older interrupted jumped forked shared tiny stack_goes".split()
FLAGS = ["-O1", "-std=c++20", "-pthread"]

# While two threads of Python's are in libraries, what lies on the stacks of others is looked at.
FROM_PYTHON = """
import ctypes, sys, threading
waits = ctypes.CDLL("./waits.so")
other = threading.Thread(target=waits.work_elsewhere)
other.start()
failed = waits.run_waits(None)
waits.stop_elsewhere()
other.join()
raise SystemExit(failed)
"""


def built(*words: str) -> None:
    made = run_plain(["c++", *FLAGS, *words])
    assert made.status == 0, made.stderr


@pytest.mark.parametrize("from_python", [False, True])
def test_a_wait_may_be_cancelled_interrupted_left_or_lose_its_stack(here: Path, from_python: bool):
    source = str(PROGRAMS / "waits.cpp")
    if from_python:
        built(source, "-shared", "-fPIC", "-o", "waits.so")
        ran = profiled(script("x.py", FROM_PYTHON))
    else:
        built(source, "-o", "waits")
        ran = profiled("./waits")
    assert ran.stdout.decode().splitlines() == [f"{name}: fine" for name in CASES]
    assert ran.status == 0


# Its own function counts the calls; the C library's is the next one, or ours.
OWN_FUNCTION = """
#include <dlfcn.h>
#include <pthread.h>
#include <time.h>
#include <cerrno>
#include <cstdio>
#include <condition_variable>
#include <thread>
static int calls;
extern "C" int pthread_cond_timedwait(pthread_cond_t *one, pthread_mutex_t *mutex,
                                      const timespec *until) {
    using function = int (*)(pthread_cond_t *, pthread_mutex_t *, const timespec *);
    static const auto next = (function)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    ++calls;
    return next(one, mutex, until);
}
extern "C" int pthread_cond_wait(pthread_cond_t *one, pthread_mutex_t *mutex) {
    using function = int (*)(pthread_cond_t *, pthread_mutex_t *);
    static const auto next = (function)dlvsym(RTLD_NEXT, "pthread_cond_wait", "GLIBC_2.3.2");
    ++calls;
    return next(one, mutex);
}
int main() {
    std::mutex mutex;
    std::condition_variable come;
    bool is_there = false;
    std::thread other([&] {
        std::unique_lock hold(mutex);
        is_there = true;
        come.notify_one();
    });
    {
        std::unique_lock hold(mutex);
        while (!is_there) come.wait(hold);
        const timespec past = {1, 0};
        if (pthread_cond_timedwait(come.native_handle(), mutex.native_handle(), &past) != ETIMEDOUT)
            return 1;
    }
    other.join();
    printf("%s\\n", calls > 0 ? "called" : "passed by");
}
"""


def test_a_program_may_have_such_a_function_of_its_own(here: Path):
    Path("own.cpp").write_text(OWN_FUNCTION)
    built("own.cpp", "-rdynamic", "-o", "own")
    ran = profiled("./own")
    assert (ran.status, ran.stdout) == (0, b"called\n")


LOADED = """
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
static sem_t semaphore;
static void *waits(void *unused) {
    const timespec past = {1, 0};
    sem_timedwait(&semaphore, &past);
    delete[] new char[100];
    return unused;
}
extern "C" void use() {
    sem_init(&semaphore, 0, 0);
    pthread_t thread;
    pthread_create(&thread, nullptr, waits, nullptr);
    pthread_join(thread, nullptr);
}
"""
LOADS = """
import _ctypes, ctypes, shutil
for i in range(10):
    shutil.copy("loaded.so", f"loaded{i}.so")
    library = ctypes.CDLL(f"./loaded{i}.so")
    library.use()
    _ctypes.dlclose(library._handle)
    if i % 2: keep = bytearray(1 << 20)
print("done")
"""


def test_a_library_whose_thread_waited_may_go(here: Path):
    Path("loaded.cpp").write_text(LOADED)
    built("loaded.cpp", "-shared", "-fPIC", "-o", "loaded.so")
    ran = profiled(script("x.py", LOADS))
    assert (ran.status, ran.stdout) == (0, b"done\n")
