"""Secrets that are not in the config."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Any, Callable

import pytest
import redis

from redis_components import ComponentError, Components, ErrorKind, Login, _providers
from redis_components._secrets import of_file
from redis_components.config import digest, from_json
from redis_components.config.reference import Reference
from servers import SOON, Server, eventually
from test_calls import KEY, async_port_of, port_of
from test_receipts import words

Start = Callable[..., Server]
Make = Callable[..., Components]


def test_r8_a_password_stands_in_a_file_and_a_user_in_the_environment(
    config_server: Server,
    server: Start,
    components: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a = server("--requirepass", "S3cretZ")
    secret = tmp_path / "secret"
    secret.write_text("S3cretZ\r\n")
    monkeypatch.setenv("THE_USER", "default")
    login = {"username": {"env": "THE_USER"}, "password": {"file": str(secret)}}
    config_server.client.set(KEY, a.config(**login))
    made = components(receipts=True, reread_interval=0.05)
    assert port_of(made)() == a.port
    # Without a salt the login is left out, and with one the digest is that of the references.
    told = digest(from_json(a.config()), "")
    eventually(lambda: words(config_server)[:3] == [told, told, "ok"])
    config_server.client.set("config:redis:@fleet", '{"salt": "s"}')
    told = digest(from_json(a.config(**login)), "s")
    eventually(lambda: words(config_server)[:3] == [told, told, "ok"])


def test_r7_a_rotated_secret_is_a_swap(
    config_server: Server, server: Start, components: Make, tmp_path: Path
) -> None:
    a = server()
    a.client.execute_command(*["ACL", "SETUSER", "app", "on", ">first", "~*", "+@all"])
    secret = tmp_path / "secret"
    secret.write_text("first")
    config_server.client.set(KEY, a.config(username="app", password={"file": str(secret)}))
    made = components(reread_interval=600, receipts=True)
    port = port_of(made, wait=600)
    assert port() == a.port
    # The same content again is no change.
    secret.write_text("first")
    a.client.execute_command(*["ACL", "SETUSER", "app", ">second"])
    secret.write_text("second")
    eventually(lambda: made.status()[0].generation == 2)
    a.client.execute_command(*["ACL", "SETUSER", "app", "<first"])
    assert port() == a.port
    # A secret that is wrong leaves the last one in use.
    secret.write_text("wrong")
    eventually(lambda: made.status()[0].problem)
    assert port() == a.port
    eventually(lambda: words(config_server)[2:4] == ["refused", "2"])
    assert words(config_server)[6].startswith("server_refused")
    secret.unlink()
    eventually(lambda: "names the file" in str(made.status()[0].problem))
    assert port() == a.port
    secret.write_text("second")
    eventually(lambda: made.status()[0].problem is None)
    eventually(lambda: words(config_server)[2:4] == ["ok", "2"])
    assert made.status()[0].generation == 2


def test_r3_a_rotated_secret_is_read_for_the_next_connection(
    config_server: Server, server: Start, components: Make, tmp_path: Path
) -> None:
    a = server()
    a.client.execute_command(*["ACL", "SETUSER", "app", "on", ">pw-0", "~*", "+@all"])
    secret = tmp_path / "secret"
    secret.write_text("pw-0")
    config_server.client.set(KEY, a.config(username="app", password={"file": str(secret)}))
    made = components()
    port, port_in_task = port_of(made, wait=0), async_port_of(made, wait=0)
    assert port() == asyncio.run(port_in_task()) == a.port
    for number in range(1, 4):
        a.client.execute_command("ACL", "SETUSER", "app", "resetpass", f">pw-{number}")
        secret.write_text(f"pw-{number}")
        a.client.execute_command("CLIENT", "KILL", "USER", "app")
        # The first call may find that its connection was closed, and none is refused.
        with contextlib.suppress(redis.ConnectionError):
            port()
        assert port() == asyncio.run(port_in_task()) == a.port


def test_r8_a_provider_gives_logins_before_they_expire(
    config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    a.client.execute_command(*["ACL", "SETUSER", "app", "on", "~*", "+@all"])
    given: list[str] = []

    def tokens() -> Login:
        assert threading.current_thread() is not threading.main_thread()
        given.append(f"token-{len(given)}")
        a.client.execute_command("ACL", "SETUSER", "app", "resetpass", f">{given[-1]}")
        return Login(given[-1], username="app", expires=time.time() + 0.4)

    config_server.client.set(KEY, a.config(password={"provider": "tokens"}))
    made = components(credentials={"tokens": tokens})
    port = port_of(made)
    assert port() == a.port
    eventually(lambda: made.status()[0].generation >= 3)
    assert port() == a.port
    assert len(given) >= 3


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        (Login("token", expires=1.0), "it gives a login that has expired"),
        (Login("token", expires=float("nan")), "it gives a login that has expired"),
        ("S3cretZ", "it gives no `Login`"),
        (Login(b"S3cretZ"), "it gives no `Login`"),  # type: ignore[arg-type]
    ],
)
def test_r8_what_is_no_login_is_refused_and_asked_for_with_pauses(
    login: Any, reason: str, config_server: Server, server: Start, components: Make
) -> None:
    a = server()
    config_server.client.set(KEY, a.config(db=1))
    asked: list[float] = []

    def provider() -> Login:
        asked.append(time.monotonic())
        return login  # type: ignore[no-any-return]

    made = components(credentials={"tokens": provider}, reread_interval=0.05)
    port = port_of(made, wait=0)
    assert port() == a.port
    config_server.client.set(KEY, a.config(password={"provider": "tokens"}))
    assert port() == a.port
    assert reason in str(made.status()[0].problem)
    assert "S3cretZ" not in str(made.status()[0].problem)
    eventually(lambda: len(asked) >= 6)
    # Pauses grow to half a second, less a quarter.
    assert asked[5] - asked[0] >= 0.75 * (0.05 + 0.1 + 0.2 + 0.4 + 0.5)


def test_r10_a_provider_that_hangs_keeps_one_thread_and_is_told_of(
    config_server: Server, server: Start, components: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_providers, "_LONGEST", 0.05)
    a = server()
    config_server.client.set(KEY, a.config())
    asked, goes_on = [], threading.Event()

    def provider() -> Login:
        asked.append(threading.current_thread())
        goes_on.wait(6 * SOON)
        return Login("S3cretZ")

    made = components(credentials={"tokens": provider}, reread_interval=0.05)
    port = port_of(made, wait=0)
    assert port() == a.port
    config_server.client.set(KEY, a.config(db=1, password={"provider": "tokens"}))
    eventually(lambda: port() == a.port and made.status()[0].problem)
    assert "it has not answered within" in str(made.status()[0].problem)
    # Another config comes into force meanwhile.
    config_server.client.set(KEY, a.config(db=2))
    eventually(lambda: port() == a.port and made.status()[0].generation == 2)
    config_server.client.set(KEY, a.config(db=1, password={"provider": "tokens"}))
    eventually(lambda: port() == a.port and made.status()[0].problem)
    assert len(asked) == 1
    goes_on.set()
    eventually(lambda: port() == a.port and made.status()[0].generation == 3)


def test_r10_an_answer_that_nobody_waited_for_is_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_providers, "_LONGEST", 0.05)
    asked, goes_on = [], threading.Event()

    def provider() -> str:
        asked.append(threading.current_thread())
        goes_on.wait(SOON)
        return f"answer {len(asked)}"

    providers = _providers.Asked()
    for _ in range(2):
        with pytest.raises(_providers.NoLoginError):
            providers.answer("tokens", provider)
    goes_on.set()
    asked[0].join(SOON)
    monkeypatch.setattr(_providers, "_LONGEST", SOON)
    answers = [providers.answer("tokens", provider) for _ in range(2)]
    assert answers == ["answer 1", "answer 2"]


@pytest.mark.parametrize(
    ("reference", "reason", "kind"),
    [
        (
            {"env": "NO_SUCH_VARIABLE"},
            "the environment variable NO_SUCH_VARIABLE",
            ErrorKind.CONFIG_INVALID,
        ),
        ({"file": "/no/such/file"}, "No such file", ErrorKind.REFERENCE_UNAVAILABLE),
        ({"file": "/tmp"}, "it is no file", ErrorKind.REFERENCE_UNAVAILABLE),
        ({"file": "/dev/null"}, "it is no file", ErrorKind.REFERENCE_UNAVAILABLE),
        ({"provider": "nobody"}, "no such provider", ErrorKind.CONFIG_INVALID),
    ],
)
def test_r8_a_reference_that_cannot_be_resolved_says_which(
    reference: dict[str, str],
    reason: str,
    kind: ErrorKind,
    config_server: Server,
    server: Start,
    components: Make,
) -> None:
    config_server.client.set(KEY, server().config(password=reference))
    with pytest.raises(ComponentError, match="`password` names") as unusable:
        port_of(components())()
    assert reason in str(unusable.value)
    assert unusable.value.kind is kind


def test_r8_the_config_server_has_secrets_too(
    server: Start, components: Make, tmp_path: Path
) -> None:
    a, locked = server(), server("--requirepass", "S3cretZ")
    (tmp_path / "secret").write_text("S3cretZ\n")
    locked.client.set(KEY, a.config())
    where = {
        "host": "127.0.0.1",
        "port": locked.port,
        "password": {"file": f"{tmp_path}/secret"},
    }
    made = components(config_servers=json.dumps(where))
    assert port_of(made)() == a.port


def test_r11_a_pipe_that_takes_the_place_of_a_file_holds_up_nobody(tmp_path: Path) -> None:
    path, following = tmp_path / "x", tmp_path / "next"
    path.write_text("S3cretZ")
    is_over = threading.Event()

    def change() -> None:
        while not is_over.is_set():
            os.mkfifo(following)
            following.rename(path)
            following.write_text("S3cretZ")
            following.rename(path)

    changing = threading.Thread(target=change, daemon=True)
    found: list[str] = []

    def reads() -> None:
        for _ in range(20_000):
            try:
                found.append(of_file("password", Reference("file", str(path))))
            except ComponentError as refused:
                found.append(str(refused).rpartition(": ")[2])

    reading = threading.Thread(target=reads, daemon=True)
    changing.start()
    reading.start()
    reading.join(60)
    hangs = reading.is_alive()
    is_over.set()
    assert not hangs
    assert set(found) == {"S3cretZ", "it is no file"}
