"""A service that counts in threads and tasks until its input ends, and says how far it came.

Each caller has a counter of its own, and is told by the server how far it is.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import traceback

from redis_components import Settings, close, configure, redis_connection

COUNTED: dict[str, int] = {}
FAILED: list[str] = []
STOPS = threading.Event()


@redis_connection("logs")
def count(conn, key):
    return conn.incr(key)


@redis_connection("logs")
def count_in_transaction(conn, key):
    pipe = conn.pipeline()
    return pipe.incr(key).get("known").execute()[0]


@redis_connection("logs")
def count_by_pop(conn, key):
    conn.rpush(f"{key}:queue", "one")
    _, one = conn.blpop(f"{key}:queue", 20)
    assert one == b"one"
    return conn.incr(key)


@redis_connection("logs")
async def count_in_task(conn, key):
    return await conn.incr(key)


@redis_connection("logs")
async def count_in_pipeline(conn, key):
    pipe = conn.pipeline(transaction=False)
    return (await pipe.get("known").incr(key).execute())[1]


def note(key, told):
    assert told == COUNTED.get(key, 0) + 1, f"{key}: {told} after {COUNTED.get(key, 0)}"
    COUNTED[key] = told


def in_thread(function):
    key = f"python:{function.__name__}"
    try:
        while not STOPS.is_set():
            note(key, function(key))
    except BaseException:
        FAILED.append(traceback.format_exc())


async def in_tasks():
    async def counting(function):
        key = f"python:{function.__name__}"
        while not STOPS.is_set():
            note(key, await function(key))

    await asyncio.gather(counting(count_in_task), counting(count_in_pipeline))


def tasks():
    try:
        asyncio.run(in_tasks())
    except BaseException:
        FAILED.append(traceback.format_exc())


configure(Settings(application="counting", connect_timeout=20, response_timeout=20))
threads = [
    threading.Thread(target=in_thread, args=(function,))
    for function in (count, count_in_transaction, count_by_pop)
]
threads.append(threading.Thread(target=tasks))
for thread in threads:
    thread.start()
for _ in sys.stdin:
    print(json.dumps({"counted": COUNTED, "failed": FAILED}), flush=True)
STOPS.set()
for thread in threads:
    thread.join()
print(json.dumps({"counted": COUNTED, "failed": FAILED}), flush=True)
close()
