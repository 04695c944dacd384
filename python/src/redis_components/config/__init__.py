"""The meaning of a component's config: the same fields and rules as in every other language."""

from __future__ import annotations

import json

from ..errors import ConfigInvalidError
from . import config_servers as _config_servers
from . import fields, json_text, url
from .digest import digest
from .model import ComponentConfig

__all__ = [
    "ComponentConfig",
    "config_servers",
    "digest",
    "from_json",
    "from_url",
    "to_json",
]


def from_json(text: str) -> ComponentConfig:
    """Reads a config from the JSON on the config server. Raises `ConfigInvalidError`."""
    return json_text.parse(_utf8(text))


def from_url(text: str) -> ComponentConfig:
    """Reads a config from a url. Raises `ConfigInvalidError`, which shows nothing of it."""
    return url.parse(_utf8(text))


def config_servers(text: str) -> tuple[ComponentConfig, ...]:
    """Reads the config servers that a text names: a url, several with commas between, or JSON."""
    return _config_servers.parse(_utf8(text))


def to_json(config: ComponentConfig) -> str:
    """Returns the JSON to put on the config server. It contains the password."""
    return json.dumps(fields.write(config), ensure_ascii=False)


def _utf8(text: str) -> str:
    """Refuses text that the environment holds in another encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConfigInvalidError("the text is not UTF-8") from None
    return text
