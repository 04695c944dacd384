"""The values of the control key that all languages understand alike."""

from __future__ import annotations

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

import pytest

from redis_components import Settings
from redis_components._control import Control
from redis_components.config import fields

RUNTIME = Path(__file__).parents[2] / "crates/redis-components"
CASES = json.loads((RUNTIME / "tests/receipts/control-cases.json").read_text("utf-8"))["cases"]
BEFORE = b'{"salt":"before"}'


def value_of(case: dict[str, Any]) -> bytes:
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    text: str = case["value"]
    repeat = case.get("repeat")
    if repeat is not None:
        repeated = repeat["text"] * repeat["times"]
        text = text.replace(repeat["at"], repeated) if "at" in repeat else text + repeated
    return text.encode()


def understood(control: Control) -> dict[str, Any]:
    """Returns what the key says, without the parts that are as usual."""
    said = control._said
    timing = [said.timing.every, said.timing.ttl, said.timing.jitter]
    parts = {
        "salt": said.salt,
        "receipts": [] if timing == [10, 35, 0] else timing,
        "canary": {
            name: {
                "config": fields.write(one.config),
                "percent": one.percent,
                "salt": one.salt,
            }
            for name, one in said.canaries.items()
        },
        "prepare": {
            name: {
                "id": one.id,
                "config": fields.write(one.config),
                "until": None if math.isinf(one.until) else one.until,
                "on": sorted(one.takes),
                "hold": sorted(one.holds),
                "run_id": one.run_id,
            }
            for name, one in said.candidates.items()
        },
    }
    return {name: part for name, part in parts.items() if part}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_r14_the_control_key_says_what_the_corpus_says(
    case: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    control = Control(Settings(config_servers="redis://h"), "i")
    assert control.answered("h", BEFORE, time.monotonic())
    with caplog.at_level(logging.WARNING, "redis_components"):
        is_news = control.answered("h", value_of(case), time.monotonic())
    if case.get("refused"):
        assert not is_news
        assert control.salt == "before"
        assert len(caplog.records) == 1
    else:
        assert understood(control) == case["means"]
        left_out = [record.getMessage().split("`")[1] for record in caplog.records]
        assert left_out == case.get("left_out", [])
    assert "cretZ" not in caplog.text


def test_there_are_cases_of_all_kinds() -> None:
    assert len(CASES) > 150
    assert sum("refused" in case for case in CASES) > 30
    assert sum("left_out" in case for case in CASES) > 80
