"""Coroutines: awaited ones stand under those that await them, tasks under the event loop."""

import asyncio

kept = []


async def block(size):
    await asyncio.sleep(0)
    kept.append(bytes(size))  # [block]


async def awaits():
    await block(3 << 20)  # [await]


async def stream(size):
    for _ in range(2):
        await asyncio.sleep(0)
        yield bytes(size)  # [stream]


async def main():
    await awaits()  # [main]
    await asyncio.gather(block(4 << 20), block(5 << 20))
    async for part in stream(1 << 20):  # [async for]
        kept.append(part)
    kept.extend([part async for part in stream(3 << 19)])  # [list]


asyncio.run(main())  # [run]

# expect 3 MiB: <module> [run]; library*; main [main]; awaits [await]; block [block]
# expect 9 MiB: <module> [run]; library*; block [block]
# expect 2 MiB: <module> [run]; library*; main [async for]; stream [stream]
# expect 3 MiB until 3.11: <module> [run]; library*; main [list]; <listcomp> [list]; stream [stream]
# expect 3 MiB from 3.12: <module> [run]; library*; main [list]; stream [stream]
