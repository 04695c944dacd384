"""A config that a share of the fleet runs before the others do: a canary."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac

from .config import fields
from .config.model import ComponentConfig
from .config.number import is_number
from .errors import ConfigInvalidError

# How finely a share of a fleet is told apart.
_SHARES = 10_000


@dataclasses.dataclass(frozen=True)
class Canary:
    """A config for a share of the fleet, in the place of the component's own."""

    config: ComponentConfig
    percent: float
    salt: str

    def is_for(self, instance: str) -> bool:
        """Returns `True` if the config is for this instance. As the share grows, no instance goes
        back."""
        told = hmac.new(self.salt.encode(), instance.encode(), hashlib.sha256).digest()
        return int.from_bytes(told[:8], "big") % _SHARES < self.percent * 100


def read(given: object) -> Canary:
    """Reads a canary, or raises an error that does not show what stands there."""
    wrong = "it is no object with `config` and `percent`"
    if not isinstance(given, dict) or not isinstance(given.get("config"), dict):
        raise ConfigInvalidError(wrong)
    percent, salt = given.get("percent"), given.get("salt", "")
    if not isinstance(percent, (int, float)) or not is_number(percent) or not isinstance(salt, str):
        raise ConfigInvalidError(wrong)
    if not 0 <= percent <= 100:
        raise ConfigInvalidError("`percent` is not between 0 and 100")
    return Canary(fields.read(given["config"]), percent, salt)
