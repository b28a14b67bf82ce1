"""[N]: N MiB that workers sent: a thread of the library's reads them here."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import made

MIB = 1 << 20
kept = []

if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(2) as pool:
        kept.append(pool.map(made.objects, [3 * MIB] * 4))  # [12]
        kept.append(pool.apply_async(made.block, (23 * MIB,)).get())  # [23]
    with ProcessPoolExecutor(2, mp_context=spawn) as executor:
        kept.append([*executor.map(made.objects, [3 * MIB] * 3)])  # [9]
        kept.append([task.result() for task in [executor.submit(made.block, 14 * MIB)]])  # [14]
        first = executor.submit(made.late_block, 16 * MIB, 1)  # [16] which comes second
        second = executor.submit(made.block, 17 * MIB)  # [17]
        kept.append([second.result(), first.result()])
    with spawn.Pool(2) as pool:
        first = pool.apply_async(made.late_block, (18 * MIB, 1))  # [18] likewise
        second = pool.apply_async(made.block, (19 * MIB,))  # [19]
        kept.append([first.get(), second.get()])
    kept.append(bytearray(200 * MIB))  # [200] the peak is now: no worker is left
