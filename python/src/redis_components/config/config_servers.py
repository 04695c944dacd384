"""Where configs are: the text that settings give."""

from __future__ import annotations

import json

from .._text import WHITE_SPACE
from ..errors import ConfigInvalidError
from . import fields, host, json_text, url
from .model import Cluster, ComponentConfig

_MOST = 16
_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyz+")


def parse(text: str) -> tuple[ComponentConfig, ...]:
    """Returns the servers that the text names, in order. None is named twice."""
    trimmed = text.strip(WHITE_SPACE)
    configs: list[ComponentConfig] = []
    if trimmed.startswith("{"):
        configs = [_usable(json_text.parse(trimmed))]
    elif trimmed.startswith("["):
        configs = _of_array(trimmed)
    else:
        urls = _split(text)
        for index, part in enumerate(urls, 1):
            try:
                configs.append(_usable(_of_list(part)))
            except ConfigInvalidError as wrong:
                raise _numbered(index, wrong) if len(urls) > 1 else wrong from None
    servers: tuple[ComponentConfig, ...] = ()
    for config in configs:
        if config not in servers:
            servers += (config,)
    if len(servers) > _MOST:
        raise ConfigInvalidError(f"it names more than {_MOST} servers")
    return servers


def _of_list(text: str) -> ComponentConfig:
    """Parses a url of a list, which may name several servers where one url may not."""
    try:
        return url.parse(text)
    except ConfigInvalidError as wrong:
        if text.rstrip(WHITE_SPACE).endswith(","):
            raise ConfigInvalidError(
                "a comma stands behind the url, and no other url behind the comma; "
                "leave the comma out"
            ) from None
        if host.SEVERAL in str(wrong):
            raise ConfigInvalidError(
                f"{wrong}, or write a whole url for each, as redis://a, redis://b"
            ) from None
        raise


def _split(text: str) -> list[str]:
    """Splits at the commas before a scheme: a password may have commas in it."""
    urls, rest, start = [], text, 0
    while (comma := rest.find(",", start)) >= 0:
        following = rest[comma + 1 :].lstrip(WHITE_SPACE)
        scheme, separator, _ = following.partition("://")
        if separator and scheme and _SCHEME.issuperset(scheme):
            urls.append(rest[:comma].rstrip(WHITE_SPACE))
            rest, start = following, 0
        else:
            start = comma + 1
    return [*urls, rest]


def _of_array(text: str) -> list[ComponentConfig]:
    elements = json_text.parse_value(text)
    if not isinstance(elements, list) or not elements:
        raise ConfigInvalidError("it is an empty list; name at least one server")
    configs = []
    for index, element in enumerate(elements, 1):
        try:
            configs.append(_usable(_element(element)))
        except ConfigInvalidError as wrong:
            raise _numbered(index, wrong) from None
    return configs


def _element(element: object) -> ComponentConfig:
    if isinstance(element, str):
        return url.parse(element)
    if isinstance(element, dict):
        return fields.read(element)
    return json_text.parse(json.dumps(element))


def _numbered(index: int, wrong: ConfigInvalidError) -> ConfigInvalidError:
    return ConfigInvalidError(f"server {index}: {wrong}")


def _usable(config: ComponentConfig) -> ComponentConfig:
    """Refuses what cannot hold the configs of all components."""
    if config.disabled:
        raise ConfigInvalidError(
            'it says `"disabled": true`; a config server cannot be switched off'
        )
    if isinstance(config.endpoint, Cluster):
        raise ConfigInvalidError(
            "it is a cluster, and no single node of one holds the configs of all components; "
            "name a server, or sentinels that know one"
        )
    return config
