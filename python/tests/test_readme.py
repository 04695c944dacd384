"""The package as a stranger gets it: installed from the folder, used as the README says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

from servers import Server

PACKAGE = Path(__file__).parents[1]


def blocks(language: str) -> list[str]:
    page = (PACKAGE / "README.md").read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installs the package as it is packed, without the network."""
    folder = tmp_path_factory.mktemp("installed")
    # pip builds in the folder of the sources.
    copy = tmp_path_factory.mktemp("sources") / "python"
    subprocess.run(
        ["cp", "-r", "--", str(PACKAGE), str(copy)], check=True, stdout=subprocess.DEVNULL
    )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder)]
    subprocess.run([*command, *options, str(copy)], check=True)
    return folder


def test_the_quickstart_runs_with_the_installed_package(
    installed: Path, config_server: Server, server: Callable[..., Server]
) -> None:
    data = server()
    config_server.client.set("config:redis:logs", data.config())
    environment = {
        **os.environ,
        "REDIS_CONFIG_URL": config_server.url,
        "PYTHONPATH": str(installed),
    }
    quickstart = blocks("python")[0]
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", quickstart],
            env=environment,
            capture_output=True,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.decode() == "['User 235 logged in', 'User 235 logged in']\n"
    assert data.client.llen("recent:main") == 2


def test_the_tests_that_the_page_of_promises_names_exist() -> None:
    page = (PACKAGE.parent / "docs/promises.md").read_text("utf-8")
    tests = "".join(path.read_text("utf-8") for path in PACKAGE.glob("tests/test_*.py"))
    named = re.findall(r"`(test_r\d+_\w+)`", page)
    assert named
    assert [name for name in named if f"def {name}(" not in tests] == []


def test_the_package_is_typed(installed: Path) -> None:
    assert (installed / "redis_components/py.typed").is_file()


def test_the_rights_of_the_readme_are_enough(
    config_server: Server, server: Callable[..., Server]
) -> None:
    from redis_components import Components, Settings

    data = server()
    config_server.client.set("config:redis:logs", data.config())
    (rights,) = blocks("text")
    config_server.client.execute_command(*rights.replace(">…", ">S3cretZ").split())
    url = f"redis://reader:S3cretZ@127.0.0.1:{config_server.port}"
    components = Components(Settings(url, connect_timeout=10, response_timeout=10))
    ping = components.redis_connection("logs")(lambda conn: conn.ping())
    assert ping()
    components.close(10)
    assert config_server.client.acl_log() == []
