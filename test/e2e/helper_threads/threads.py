"""[N]: N MiB, made by a library in a thread that is not this line's."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import made

MIB = 1 << 20
kept = []


def executor():
    pool = ThreadPoolExecutor(4)
    first = pool.submit(made.block, 10 * MIB)  # [10]
    second = pool.submit(made.objects, 20 * MIB)  # [20]
    kept.append([*pool.map(made.objects, [5 * MIB] * 3)])  # [15]
    for size in (2, 3, 4):
        kept.append(pool.submit(made.objects, size * MIB))  # [9]
    kept.append([task.result() for task in (first, second, *kept[-3:])])
    kept.append(pool.submit(list, made.lines(6 * MIB)).result())  # [6]

    def own():
        kept.append(bytearray(7 * MIB))  # [7]
        kept.append(pool.submit(made.objects, 8 * MIB).result())  # [8]

    pool.submit(own).result()
    pool.shutdown()


def threads():
    started = made.Started(11 * MIB)  # [11]
    started.thread.join()
    kept.append(started)
    queued = made.Queued()
    kept.append(queued.submit(made.block, 12 * MIB).result())  # [12]
    kept.append(queued.submit(made.objects, 13 * MIB).result())  # [13]

    def own():
        kept.append(made.objects(14 * MIB))  # [14]

    thread = threading.Thread(target=own)
    thread.start()
    thread.join()


async def coroutines():
    loop = asyncio.get_running_loop()
    kept.append(await loop.run_in_executor(None, made.block, 16 * MIB))  # [16]
    kept.append(await loop.run_in_executor(None, made.objects, 17 * MIB))  # [17]


def event_loop():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    first = asyncio.run_coroutine_threadsafe(made.parts(18 * MIB), loop)  # [18]
    second = asyncio.run_coroutine_threadsafe(made.parts(19 * MIB), loop)  # [19]
    kept.append([first.result(), second.result()])


def pool_of_threads():
    pool = ThreadPool(2)
    kept.append(pool.map(made.objects, [7 * MIB] * 3))  # [21]
    kept.append(pool.map(made.objects, [8 * MIB] * 2, 1))  # [16]
    kept.append(pool.apply_async(made.block, (22 * MIB,)).get())  # [22]


executor()
threads()
asyncio.run(coroutines())
event_loop()
pool_of_threads()
