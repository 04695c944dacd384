"""R14: a canary is for the same share of the fleet as in Rust."""

from __future__ import annotations

import pytest

from redis_components._canary import read
from redis_components.errors import ConfigInvalidError

_CONFIG = {"host": "h"}


def test_r14_a_share_is_the_same_as_in_rust() -> None:
    # The place of this instance is 9916 of 10,000 in both languages.
    for percent, is_in in [(99.16, False), (99.17, True), (0, False), (100, True)]:
        canary = read({"config": _CONFIG, "percent": percent, "salt": "s"})
        assert canary.is_for("web1-77-a0f3") is is_in


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        {"config": _CONFIG},
        {"config": _CONFIG, "percent": 101},
        {"config": 1, "percent": 5},
    ],
)
def test_r14_what_is_no_canary_is_refused(given: object) -> None:
    with pytest.raises(ConfigInvalidError):
        read(given)
