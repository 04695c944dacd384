"""The decorator of "Redis in Action" 5.4.3, as the book has it:

    @redis_connection("logs")
    def log_recent(conn, app, message):
        ...

    log_recent("main", "User 235 logged in")

The package in the folder `python` is what services use.
"""

import functools
import json
import threading
import time

import redis


class ConfigServer:
    """Reads and writes configs, and remembers each for as long as its reader allows."""

    def __init__(self, url):
        self._conn = redis.Redis.from_url(url, decode_responses=True)
        self._known = {}

    def get(self, kind, component, wait):
        """Returns a config that was current at most `wait` seconds ago."""
        key = self._key(kind, component)
        read_at, config = self._known.get(key, (None, None))
        now = time.monotonic()
        if read_at is None or now - read_at >= wait:
            text = self._conn.get(key)
            if text is None:
                raise LookupError(f"there is no config under `{key}`: SET it on the config server")
            config = json.loads(text)
            self._known[key] = now, config
        return config

    def set(self, kind, component, config):
        """Writes a config for all its readers."""
        self._conn.set(self._key(kind, component), json.dumps(config))

    @staticmethod
    def _key(kind, component):
        return f"config:{kind}:{component}"


class Components:
    """The clients of a process, one for each component."""

    def __init__(self, config_server):
        self._config_server = config_server
        self._clients = {}
        self._lock = threading.Lock()

    def redis_connection(self, component, wait=1.0):
        """Gives the decorated function a connection to its component's server as the first argument."""

        def decorate(function):
            @functools.wraps(function)
            def call(*args, **kwargs):
                return function(self._client(component, wait), *args, **kwargs)

            return call

        return decorate

    def _client(self, component, wait):
        with self._lock:
            config = self._config_server.get("redis", component, wait)
            built_from, client = self._clients.get(component, (None, None))
            # Compares with the client's own config: another call may have read the new one already.
            if config != built_from:
                client = redis.Redis(**config)
                self._clients[component] = config, client
            return client
