"""A process in Python that counts, in threads, and tells how far it is in lines of JSON.

It ends when its standard input does.
"""

import json
import sys
import threading
import time

from redis_components import Settings, configure, redis_connection

# Longer than the defaults: a machine that shows a demo is busy.
configure(Settings(connect_timeout=10, response_timeout=10))

THREADS = int(sys.argv[1])


@redis_connection("statistics")
def count(conn, key):
    return conn.incr(key)


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.succeeded = self.failed = self.wrong = 0
        self.longest = 0.0
        self.reasons = []
        self.counters = {}

    def run(self, key):
        told = 0
        while not self.stopped.is_set():
            begun = time.monotonic()
            try:
                answer = count(key)
            except Exception as error:
                with self.lock:
                    self.failed += 1
                    if len(self.reasons) < 5:
                        self.reasons.append(f"Python: {error!r}")
                time.sleep(0.01)
                continue
            with self.lock:
                self.longest = max(self.longest, time.monotonic() - begun)
                self.succeeded += 1
                self.wrong += answer != told + 1
                told = answer
        with self.lock:
            self.counters[key] = told

    def tell(self, counters):
        with self.lock:
            line = {
                "succeeded": self.succeeded,
                "failed": self.failed,
                "wrong": self.wrong,
                "longest_ms": self.longest * 1000,
                "reasons": self.reasons,
                "counters": self.counters if counters else {},
            }
        print(json.dumps(line), flush=True)


def main():
    tally = Tally()
    threads = [
        threading.Thread(target=tally.run, args=(f"count:python:{number}",))
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    ends = threading.Thread(target=sys.stdin.read, daemon=True)
    ends.start()
    while ends.is_alive():
        ends.join(0.1)
        tally.tell(counters=False)
    tally.stopped.set()
    for thread in threads:
        thread.join()
    tally.tell(counters=True)


if __name__ == "__main__":
    main()
