"""Forks, settings and what functions may be."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import subprocess
import sys
import threading
from typing import Any, Callable

import pytest
import redis

from redis_components import ComponentError, Components, ErrorKind, Settings, _providers
from redis_components.config import config_servers
from redis_components.errors import ConfigInvalidError
from servers import SOON, Server
from test_calls import KEY, port_of

Start = Callable[..., Server]
Make = Callable[..., Components]


def in_child(work: Callable[[], object]) -> int:
    """Returns the exit code of a forked child that does the work."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    deadline = threading.Timer(SOON, os.kill, (child, 9))
    deadline.start()
    _, status = os.waitpid(child, 0)
    deadline.cancel()
    return os.waitstatus_to_exitcode(status)


@pytest.mark.filterwarnings("ignore:This process")
def test_r12_a_child_has_connections_of_its_own(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    made = components()

    @made.redis_connection("logs", wait=0)
    def connection(conn: redis.Redis, then: Callable[[], object] = int) -> tuple[int, object]:
        return conn.client_id(), then()

    parents, _ = connection()

    def child() -> None:
        own, _ = connection()
        assert own != parents

    # Also from inside of a call.
    _, code = connection(lambda: in_child(child))
    assert code == 0
    assert in_child(child) == 0
    assert connection() == (parents, 0)


def test_settings_name_the_config_server_or_the_environment_does(
    config_server: Server, server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = server()
    config_server.client.set("elsewhere:logs", a.config())
    monkeypatch.setenv("REDIS_CONFIG_URL", config_server.url)
    made = Components(Settings(key_prefix="elsewhere:", connect_timeout=10, response_timeout=10))
    assert port_of(made)() == a.port
    made.close(SOON)
    monkeypatch.delenv("REDIS_CONFIG_URL")
    with pytest.raises(ComponentError, match="REDIS_CONFIG_URL") as nowhere:
        port_of(made)()
    assert nowhere.value.kind is ErrorKind.NO_CONFIG_SERVER
    monkeypatch.setenv("REDIS_CONFIG_URL", "redis://:S3cretZ@h?x")
    with pytest.raises(ComponentError) as wrong:
        port_of(made)()
    assert wrong.value.kind is ErrorKind.SETTINGS
    assert "S3cretZ" not in str(wrong.value)


def test_r11_one_folder_is_not_taken_for_its_letters() -> None:
    with pytest.raises(ComponentError, match="allow_unix_sockets_under") as wrong:
        Settings(allow_unix_sockets_under="/run/redis")
    assert wrong.value.kind is ErrorKind.SETTINGS


def test_r13_a_text_names_config_servers_as_urls_and_as_json() -> None:
    def names(text: str) -> list[str]:
        return [str(server.endpoint) for server in config_servers(text)]

    assert names("redis://a") == ["a:6379"]
    assert names("redis://a:1, rediss://b:2,redis://a:1") == ["a:1", "b:2"]
    assert names("redis://:x,y@a:1,redis://b:2") == ["a:1", "b:2"]
    assert names('{"host": "a", "ssl": true}') == ["a:6379"]
    assert names('[{"unix_socket_path": "/run/x"}, "redis://b:2"]') == ["/run/x", "b:2"]
    assert names('{"sentinels": ["s"], "service_name": "c"}') == ["the primary of `c`"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "url"),
        (" redis://a", "url"),
        ("redis://a:1,", "a comma stands behind the url, and no other"),
        ("redis://a:1,b:2", "several servers; name one, or write a whole url"),
        ("redis://a,,redis://b", "server 1: "),
        ("redis://a,http://S3cret@b", "server 2: "),
        ('{"host": "a", "password": "S3cret"', "line 1"),
        ('{"host": "a", "hots": "S3cret"}', "`hots`"),
        ('[{"host": "a"}, {"host": "S3cret:1"}]', "server 2: "),
        ("[]", "empty list"),
        ('[{"host": "a", "host": "S3cret"}]', "`host` is given twice"),
        ("[7]", "server 1: "),
        ('["redis://a"', "column"),
        ('["redis://a"],"x":["S3cret"]', "column"),
        ('["redis://a"]}', "column"),
        ('["redis://a"] ["S3cret"]', "column"),
        ('{"host": "a"}, "x": {"y": 1}', "column"),
        ("[[]]", "server 1: "),
        ('{"cluster": ["a:1"]}', "is a cluster"),
        ('{"disabled": true}', "switched off"),
    ],
)
def test_r8_a_text_that_names_no_config_server_is_not_shown(text: str, reason: str) -> None:
    with pytest.raises(ConfigInvalidError) as refused:
        config_servers(text)
    assert reason in str(refused.value)
    assert "S3cret" not in str(refused.value)


def test_r12_an_error_comes_out_of_another_process(components: Make) -> None:
    with pytest.raises(ComponentError) as missing:
        port_of(components())()
    for sent in (pickle.loads(pickle.dumps(missing.value)), copy.copy(missing.value)):  # noqa: S301
        assert type(sent) is ComponentError
        assert str(sent) == str(missing.value)
        assert (sent.kind, sent.component) == (ErrorKind.CONFIG_MISSING, "logs")


def test_what_yields_cannot_be_decorated(components: Make) -> None:
    def values(conn: Any) -> Any:
        yield conn

    with pytest.raises(TypeError, match="yields"):
        components().redis_connection("logs")(values)


def test_r12_settings_can_be_copied_and_sent() -> None:
    settings = Settings("redis://h", application="shop")
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301
    assert copy.deepcopy(settings) == settings


def test_callers_do_not_see_the_connection(components: Make) -> None:
    decorate = components().redis_connection("logs")

    def count(conn: Any, key: str, *, by: int = 1) -> int:
        return int(conn.incr(key, by))

    async def count_in_task(conn: Any, key: str, *, by: int = 1) -> int:
        return int(await conn.incr(key, by))

    for function in (count, count_in_task):
        decorated = decorate(function)
        assert list(inspect.signature(decorated).parameters) == ["key", "by"]
        assert inspect.iscoroutinefunction(decorated) is (function is count_in_task)
    assert list(inspect.signature(decorate(lambda *given: given)).parameters) == ["given"]
    assert callable(decorate(print))


@pytest.mark.parametrize("name", ["", "a b", "1a", "ä", "@fleet"])
def test_the_name_of_a_component_is_an_identifier(name: str, components: Make) -> None:
    with pytest.raises(ComponentError):
        components().redis_connection(name)


def test_a_process_ends_at_once_while_its_config_server_is_frozen(
    config_server: Server, server: Start
) -> None:
    a = server()
    config_server.client.set(KEY, a.config())
    program = (
        "import sys\n"
        "from redis_components import Settings, _settings, configure, redis_connection\n"
        # The machine may be busy.
        "_settings._CONFIG_SERVER_ANSWERS_WITHIN = 10\n"
        "configure(Settings(connect_timeout=10, response_timeout=10))\n"
        "ping = redis_connection('logs', wait=0)(lambda conn: conn.ping())\n"
        "ping()\n"
        "print('called', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "REDIS_CONFIG_URL": config_server.url},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"called\n"
    config_server.freeze()
    child.communicate(b"\n", timeout=SOON)
    assert child.returncode == 0


@pytest.mark.filterwarnings("ignore:This process")
def test_r12_a_child_asks_a_provider_that_its_parent_was_asking() -> None:
    asked = _providers.Asked()
    is_asked, goes_on = threading.Event(), threading.Event()

    def provider() -> object:
        is_asked.set()
        return goes_on.wait(SOON)

    asking = threading.Thread(target=asked.answer, args=("tokens", provider))
    asking.start()
    assert is_asked.wait(SOON)

    def ask() -> None:
        assert asked.within(5).answer("tokens", lambda: "login") == "login"

    code = in_child(ask)
    goes_on.set()
    asking.join()
    assert code == 0
