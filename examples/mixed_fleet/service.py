"""A service in Python that logs to the component `logs`, as the Rust service beside it does.

It reads one command a line, and answers each with one line of JSON:

    log MESSAGE       log a message
    recent            the recent messages, the newest first
    port              the port of the next call's server
    move CONFIG       write the config of the component, as an operator does
"""

import json
import os
import sys
import time

import redis
from redis_components import Settings, configure, redis_connection

# Longer than the defaults: a machine that runs tests is busy.
configure(Settings(connect_timeout=10, response_timeout=10))

RECENT_MESSAGES = 100


@redis_connection("logs")
def log_recent(conn, app, message, severity="info"):
    key = f"recent:{app}:{severity}"
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    pipeline = conn.pipeline(transaction=True)
    pipeline.lpush(key, f"{now} {message}")
    pipeline.ltrim(key, 0, RECENT_MESSAGES - 1)
    pipeline.execute()


@redis_connection("logs", decode_responses=True)
def recent_logs(conn, app, severity="info"):
    return conn.lrange(f"recent:{app}:{severity}", 0, -1)


@redis_connection("logs")
def port(conn):
    return conn.connection_pool.connection_kwargs["port"]


def answer(command, argument):
    if command == "log":
        return log_recent("main", argument)
    if command == "recent":
        return recent_logs("main")
    if command == "port":
        return port()
    if command == "move":
        redis.Redis.from_url(os.environ["REDIS_CONFIG_URL"]).set("config:redis:logs", argument)
        return None
    raise ValueError(f"there is no command `{command}`")


def main():
    for line in sys.stdin:
        command, _, argument = line.rstrip("\n").partition(" ")
        try:
            reply = {"ok": answer(command, argument)}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
