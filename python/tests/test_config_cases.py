"""The configs that all languages read alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from redis_components import config
from redis_components.config import fields, table
from redis_components.errors import ConfigInvalidError

RUNTIME = Path(__file__).parents[2] / "crates/redis-components"
CORPUS = json.loads((RUNTIME / "tests/config_fields/config-cases.json").read_text("utf-8"))
CASES = CORPUS["cases"]
SECRET = "cretZ"
NOT_JSON = "the value is not JSON: "


def parse(case: dict[str, Any]) -> config.ComponentConfig:
    return config.from_url(case["url"]) if "url" in case else config.from_json(case["json"])


def reason(refused: str) -> str:
    """Returns the part of a reason that is the same in every language: parsers have their own
    words for wrong JSON, and know places or not."""
    return NOT_JSON if refused.startswith(NOT_JSON) else refused.partition(" (line ")[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_r13_a_config_means_what_the_corpus_says(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(ConfigInvalidError) as refused:
            parse(case)
        assert reason(case["refused"]) in str(refused.value)
        assert SECRET not in str(refused.value)
        return
    meant = parse(case)
    assert fields.write(meant) == case["means"]
    assert meant == config.from_json(json.dumps(case["means"]))
    digests = [config.digest(meant, salt) for salt in ("", CORPUS["salt"])]
    assert digests == case["digests"]
    assert SECRET not in repr(meant)


def test_there_are_cases_of_all_kinds() -> None:
    assert len(CASES) > 300
    assert sum("means" in case for case in CASES) > 80


def test_r13_the_fields_are_those_of_the_schema() -> None:
    schema = json.loads((RUNTIME / "config.schema.json").read_text("utf-8"))
    assert set(schema["properties"]) == set(table.ALL)
