"""What redis-py makes of configs and urls, as one line of JSON on stdout.

    redis_py.py cases PORT SCHEMA < config-cases.json
    redis_py.py keywords

`cases` connects to a real server on PORT of 127.0.0.1 and says of each case what it means to redis-py, or what refuses it,
and whether the JSON Schema in the file SCHEMA takes it. `keywords` lists redis-py's keyword arguments with their defaults.
"""

import inspect
import json
import re
import socket
import ssl
import sys

import redis
import redis.asyncio
import redis.retry
from redis.connection import (
    AbstractConnection,
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)

REAL_GETADDRINFO = socket.getaddrinfo


class Network:
    """A name server that knows every name, and routes that all lead to one server."""

    def __init__(self, port):
        self._port = port
        self.asked = None

    def getaddrinfo(self, host, port, *args, **kwargs):
        # The real one wraps ports that are too large.
        port = REAL_GETADDRINFO("127.0.0.1", port, type=socket.SOCK_STREAM)[0][4][1]
        if port == 0:
            raise ConnectionRefusedError("no server listens on port 0")
        self.asked = {"host": host, "port": port}
        if not is_address(host):
            # As the real one does, which also refuses a label that is empty or too long.
            name = host.encode("idna").decode().removesuffix(".")
            labels = name.split(".")
            legal = all(re.fullmatch(r"[A-Za-z0-9_-]{1,63}", label) for label in labels)
            if not legal or len(name) > 253 or name.replace(".", "").isdigit():
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return REAL_GETADDRINFO("127.0.0.1", self._port, type=socket.SOCK_STREAM)


def is_address(host):
    try:
        REAL_GETADDRINFO(host, 0, flags=socket.AI_NUMERICHOST)
        return True
    except (OSError, UnicodeError):
        return False


def client_of(case):
    if "url" in case:
        return redis.Redis.from_url(case["url"])
    return redis.Redis(**json.loads(case["json"]))


def outcome(case, network):
    """Returns what the case means to redis-py once it is connected, what it asks for, or "refuses"."""
    try:
        pool = client_of(case).connection_pool
        if issubclass(pool.connection_class, (SSLConnection, UnixDomainSocketConnection)):
            return meaning(pool.make_connection())
        network.asked = None
        client = redis.Redis(connection_pool=pool)
        info = client.client_info()
        connection = pool.get_connection()
    except Exception:
        # redis-py has no kind of error for a config that cannot be: TypeError, OverflowError and others.
        return "refuses"
    means = dict(network.asked)
    if means["port"] == 6379:
        del means["port"]
    if int(info["db"]) != 0:
        means["db"] = int(info["db"])
    for name, value in [("username", connection.username), ("password", connection.password)]:
        if value:
            means[name] = value
    assert info["user"] == means.get("username", "default"), (case, info)
    return {"means": means}


def meaning(connection):
    """Returns what a connection would do that is not opened, because there is no such server."""
    means = {}
    if isinstance(connection, UnixDomainSocketConnection):
        means["unix_socket_path"] = connection.path
    else:
        means["host"] = connection.host
        means["ssl"] = True
        if int(connection.port) != 6379:
            means["port"] = int(connection.port)
        if connection.cert_reqs == ssl.CERT_OPTIONAL:
            return {"asks_for": "TLS with a certificate that is optional"}
        if connection.cert_reqs == ssl.CERT_NONE:
            means["ssl_cert_reqs"] = "none"
        elif not connection.check_hostname:
            means["ssl_check_hostname"] = False
        options = {
            "ssl_ca_certs": connection.ca_certs,
            "ssl_ca_data": connection.ca_data,
            "ssl_certfile": connection.certfile,
            "ssl_keyfile": connection.keyfile,
            "ssl_min_version": connection.ssl_min_version,
        }
        means |= {name: value for name, value in options.items() if value is not None}
    if int(connection.db) != 0:
        means["db"] = int(connection.db)
    for name in ("username", "password"):
        if value := getattr(connection, name):
            means[name] = value
    return {"means": means}


def cases(port, schema):
    import jsonschema

    # Waiting between attempts is of no use to a comparison.
    redis.retry.sleep = lambda _: None
    network = Network(port)
    socket.getaddrinfo = network.getaddrinfo
    with open(schema, encoding="utf-8") as file:
        schema = jsonschema.Draft7Validator(json.load(file))
    for case in json.load(sys.stdin)["cases"]:
        answer = {"name": case["name"], "redis_py": outcome(case, network)}
        if "json" in case:
            try:
                answer["schema"] = schema.is_valid(json.loads(case["json"]))
            except ValueError:
                answer["schema"] = None
        yield answer


def keywords():
    signatures = [
        redis.Redis,
        redis.asyncio.Redis,
        AbstractConnection,
        Connection,
        SSLConnection,
        UnixDomainSocketConnection,
        ConnectionPool,
        redis.asyncio.Connection,
        redis.asyncio.ConnectionPool,
    ]
    for signature in signatures:
        for parameter in list(inspect.signature(signature.__init__).parameters.values())[1:]:
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                default = parameter.default
                is_json = default is None or isinstance(default, (bool, int, float, str))
                taken_by_redis = parameter.name in inspect.signature(redis.Redis.__init__).parameters
                yield {
                    "name": parameter.name,
                    "default": default if is_json else None,
                    "of_redis": taken_by_redis,
                }


def main():
    command, *arguments = sys.argv[1:]
    answers = cases(int(arguments[0]), arguments[1]) if command == "cases" else keywords()
    print(json.dumps({"answers": list(answers)}))


if __name__ == "__main__":
    main()
