"""User names and passwords that are not in the config."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Callable

import pytest
import redis

from redis_components import ComponentError, Components, ErrorKind, Settings
from servers import Server, eventually
from test_calls import async_port_of, port_of

KEY = "config:redis:logs"
SECRET = "S3cret"


def let_in(server: Server, *passwords: str) -> None:
    rights = ["on", "~*", "&*", "+@all", "resetpass"]
    server.client.acl_setuser("app", reset=True)
    server.client.execute_command(
        "ACL", "SETUSER", "app", *rights, *(f">{password}" for password in passwords)
    )


def config_of(server: Server, password: object, username: object = "app") -> str:
    return server.config(username=username, password=password)


def test_r8_a_login_may_stand_in_files_and_in_the_environment(
    config_server: Server,
    server: Callable[..., Server],
    components: Callable[..., Components],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = server()
    let_in(data, SECRET)
    (tmp_path / "user").write_text("app\n")
    (tmp_path / "password").write_text(SECRET + "\n")
    monkeypatch.setenv("REDIS_COMPONENTS_PASSWORD", SECRET)
    file = {"file": str(tmp_path / "password")}
    for username, password in (
        ("app", file),
        ({"file": str(tmp_path / "user")}, file),
        ("app", {"env": "REDIS_COMPONENTS_PASSWORD"}),
    ):
        config_server.client.set(KEY, config_of(data, password, username))
        made = components()
        assert port_of(made, wait=0)() == data.port
        assert asyncio.run(async_port_of(made, wait=0)()) == data.port
        users = {client["user"] for client in data.client.client_list()}
        assert "app" in users


def test_r3_a_rotated_password_is_read_for_the_next_connection(
    config_server: Server,
    server: Callable[..., Server],
    components: Callable[..., Components],
    tmp_path: Path,
) -> None:
    data = server()
    password = tmp_path / "password"
    password.write_text("pw-0")
    let_in(data, "pw-0")
    config_server.client.set(KEY, config_of(data, {"file": str(password)}))
    port = port_of(components(), wait=0)
    assert port() == data.port
    for number in range(1, 4):
        let_in(data, f"pw-{number}")
        password.write_text(f"pw-{number}")
        data.client.execute_command("CLIENT", "KILL", "USER", "app")

        def works() -> bool:
            try:
                return port() == data.port
            except redis.AuthenticationError:
                raise
            except redis.ConnectionError:
                # The first call finds that its connection was closed.
                return False

        eventually(works)


def test_r5_a_reference_that_cannot_be_resolved_takes_nothing_down(
    config_server: Server,
    server: Callable[..., Server],
    components: Callable[..., Components],
    tmp_path: Path,
) -> None:
    a, b = server(), server()
    let_in(b, SECRET)
    late = tmp_path / "late"
    binary = tmp_path / "binary"
    binary.write_bytes(SECRET.encode() + b"\xff")
    config_server.client.set(KEY, a.config())
    port = port_of(components(), wait=0)
    assert port() == a.port
    config_server.client.set(KEY, config_of(b, {"file": str(late)}))
    assert port() == a.port
    late.write_text(SECRET)
    eventually(lambda: port() == b.port)
    for reference, reason in (
        ({"file": str(tmp_path / "none")}, "cannot be read"),
        ({"file": str(binary)}, "is not UTF-8"),
        ({"file": str(tmp_path)}, "it is no file"),
        ({"env": "REDIS_COMPONENTS_NO_SUCH_VARIABLE"}, "is not set"),
        ({"provider": "tokens"}, "services in Python do not have"),
    ):
        config_server.client.set(KEY, config_of(b, reference))
        with pytest.raises(ComponentError) as refused:
            port_of(components(), wait=0)()
        assert refused.value.kind is ErrorKind.CONFIG_INVALID, refused.value
        assert "`password` names" in str(refused.value)
        assert reason in str(refused.value)
        assert SECRET not in str(refused.value)


def test_r8_the_config_servers_own_password_may_stand_in_a_file(
    config_server: Server, server: Callable[..., Server], tmp_path: Path
) -> None:
    data = server()
    password = tmp_path / "password"
    password.write_text(SECRET)
    let_in(config_server, SECRET)
    config_server.client.set(KEY, data.config())
    where: dict[str, Any] = json.loads(config_of(config_server, {"file": str(password)}))
    made = Components(Settings(config_servers=json.dumps(where)))
    assert port_of(made, wait=0)() == data.port
