"""A library, once it lies in a site-packages: what its functions make is their callers'."""

import asyncio
import queue
import threading
import time


def block(size, *_):
    return bytearray(size)


def late_block(size, seconds):
    time.sleep(seconds)
    return bytearray(size)


def objects(size, *_):
    return [bytes(1000) for _ in range(size // 1041)]


def lines(size):
    for _ in range(size // 1041):
        yield bytes(1000)


async def parts(size):
    await asyncio.sleep(0)
    return await asyncio.gather(part(size // 2), part(size // 2))


async def part(size):
    await asyncio.sleep(0.001)
    return objects(size)


class Started:
    """One thread for one call."""

    def __init__(self, size):
        self.thread = threading.Thread(target=self.work, args=(size,))
        self.thread.start()

    def work(self, size):
        self.kept = objects(size)


class Future:
    def __init__(self):
        self.done = threading.Event()

    def result(self):
        self.done.wait()
        return self.value


class Queued:
    """A thread that works for whoever comes."""

    def __init__(self):
        self.queue = queue.Queue()
        threading.Thread(target=self.loop, daemon=True).start()

    def submit(self, function, *arguments):
        future = Future()
        self.queue.put((future, function, arguments))
        return future

    def loop(self):
        tasks = self.queue
        while True:
            future, function, arguments = tasks.get()
            future.value = function(*arguments)
            future.done.set()
            del future, function, arguments
