"""The book's own Python as a contestant. It reads one request a line, and answers each with one line of JSON."""

import json
import os
import sys
import time

from components import Components, ConfigServer

components = Components(ConfigServer(os.environ["REDIS_CONFIG_URL"]))


@components.redis_connection("logs")
def log_recent(conn, app, message):
    key = f"recent:{app}:info"
    # The book's pipelines are transactions; those of the other contestants are not.
    pipeline = conn.pipeline(transaction=False)
    pipeline.lpush(key, message)
    pipeline.ltrim(key, 0, 99)
    pipeline.execute()


def calls_for(seconds):
    operations = 0
    begun = time.perf_counter()
    end = begun + seconds
    while time.perf_counter() < end:
        log_recent("main", "User 235 logged in")
        operations += 1
    elapsed = time.perf_counter() - begun
    return {"operations": operations, "nanoseconds": int(elapsed * 1e9)}


for line in sys.stdin:
    try:
        request = json.loads(line)["slice"]
        answer = {"ok": calls_for(request["microseconds"] / 1e6)}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
