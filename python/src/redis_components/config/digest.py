"""A short name for what a config means, which is the same in every language."""

from __future__ import annotations

import hashlib
import hmac
import json

from . import fields
from .model import ComponentConfig

_SECRETS = ("password", "sentinel_password")
_MAY_STAND_ELSEWHERE = (*_SECRETS, "username", "sentinel_username")


def digest(config: ComponentConfig, salt: str) -> str:
    """Returns 16 hexadecimal digits that are the same for every config with this meaning.

    They cover the secrets only if there is a salt: without one, whoever sees a digest could
    try passwords against it. A secret that stands elsewhere is covered by where it stands, unless
    the config has been resolved.
    """
    written = fields.write(config)
    if not salt:
        for name in _SECRETS:
            if isinstance(written.get(name), str):
                del written[name]
        if not config.disabled:
            for name in _MAY_STAND_ELSEWHERE:
                if isinstance(written.get(name), dict):
                    del written[name]
    text = json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()[:16]
