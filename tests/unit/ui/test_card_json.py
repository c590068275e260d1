from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockernb.build.result import StepLog, StepResult
from dockernb.ui.card_model import card_json, from_card_json
from dockernb.ui.html import card_html
from dockernb.ui.text import card_text
from tests.unit.ui import samples

# DESIGN.md, "Card JSON": these names are a contract.
CONTRACT = {
    "version", "cell_id", "instruction", "source", "stage", "step", "status", "snapshot",
    "container", "cache", "diff", "config", "seconds", "engine", "model_id",
}  # fmt: skip
RESULTS = [
    samples.built(),
    samples.configured(),
    samples.cached(),
    samples.failed(),
    samples.interrupted(),
    samples.pulled(),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: f"{r.instruction}-{r.status}")
def test_json_has_every_name_of_the_contract(result: StepResult) -> None:
    card = card_json(result, model_id="m1")
    assert set(card) >= CONTRACT
    assert card["version"] == 1
    assert card["model_id"] == "m1"
    assert card["status"] == result.status
    assert isinstance(card["seconds"]["total"], float)
    assert set(card["diff"]) == {"added", "modified", "deleted", "bytes", "entries", "truncated"}
    assert set(card["cache"]) == {"status", "reason", "changed", "causes"}
    if card["snapshot"]:
        assert set(card["snapshot"]) >= {"id", "short_id", "parent"}
        assert card["snapshot"]["short_id"] == card["snapshot"]["id"][7:19]
    if card["container"]:
        assert set(card["container"]) >= {"id", "exit_code"}


def test_entries_and_config_as_the_contract_says() -> None:
    card = card_json(samples.built())
    assert card["diff"]["entries"][0] == {
        "path": "/etc/passwd", "change": "M", "type": "file", "size": 1104,
    }  # fmt: skip
    assert (card["diff"]["added"], card["diff"]["modified"], card["diff"]["deleted"]) == (139, 1, 1)
    assert card_json(samples.configured())["config"][0] == {
        "field": "Env.REDIS_PORT", "before": None, "after": "6379",
    }  # fmt: skip
    assert card_json(samples.pulled())["container"] is None
    assert card_json(samples.failed())["snapshot"] is None


def test_at_most_limit_entries_are_kept_and_totals_stay() -> None:
    card = card_json(samples.built(samples.big_diff()), limit=50)
    assert len(card["diff"]["entries"]) == 50
    assert card["diff"]["truncated"]
    assert card["diff"]["added"] + card["diff"]["modified"] == 20_000
    assert not card_json(samples.configured())["diff"]["truncated"]


def test_a_big_card_needs_less_than_50_kb_in_a_notebook() -> None:
    result = replace(
        samples.built(samples.big_diff()), log=StepLog("\x1b[31m" + "line\n" * 50_000, 50_000)
    )
    view = from_card_json(card_json(result))
    data = {
        "application/vnd.dockernb.card+json": card_json(result),
        "text/html": card_html(view),
        "text/plain": card_text(view),
    }
    notebook = {"cells": [{"outputs": [{"data": data}]}]}
    assert len(json.dumps(notebook, indent=1)) < 50_000


def test_json_can_be_sent_whatever_names_hold() -> None:
    result = replace(samples.built(), source="RUN \udcff", config=samples.configured().config)
    json.dumps(card_json(result), ensure_ascii=False, allow_nan=False).encode("utf-8")


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: f"{r.instruction}-{r.status}")
def test_a_saved_card_opens_as_it_was(result: StepResult) -> None:
    card = card_json(result, parent_id=samples.PARENT)
    view = from_card_json(json.loads(json.dumps(card)))
    assert view.status == result.status
    assert view.snapshot == result.snapshot
    assert view.cache == result.cache
    assert view.totals.files == len(result.diff.entries)
    assert view.facts == result.facts
    assert (view.error is None) == (result.error is None)
    assert card_html(view).count("<details") >= 1


def test_the_end_of_the_log_is_kept_from_a_line_on() -> None:
    result = replace(samples.built(), log=StepLog("word word\n" * 5000, 5000))
    tail = card_json(result)["log"]["tail"]
    assert len(tail) <= 8000
    assert tail.startswith("word word\n")


@pytest.mark.parametrize("data", [None, [], "card", {}, {"status": "stale"}, {"status": ["built"]}])
def test_what_is_no_card_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="card"):
        from_card_json(data)


def test_a_hostile_card_is_bounded() -> None:
    long = "<script>" * 100_000
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    entry = {"path": "/" + long, "change": "A", "type": long, "size": -5}
    view = from_card_json(
        {
            "status": "failed", "source": long, "instruction": long, "step": 10**30,
            "error": {"name": long, "message": long, "details": long},
            "diff": {"added": 10**400, "bytes": "many", "entries": [entry] * 5000},
            "config": [{"field": long, "before": deep, "after": long}] * 5000,
            "log": {"tail": long, "lines": True}, "facts": [long] * 500, "phases": {long: long},
            "seconds": {"total": math.nan, "run": -1, "pull": math.inf},
        }
    )  # fmt: skip
    page = card_html(view)
    assert len(page) <= 50_000
    assert "<script" not in page
    assert len(card_text(view)) < 10_000
    assert view.seconds == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(["built", "cached", "failed", "interrupted"]),
    st.dictionaries(st.sampled_from(sorted(CONTRACT | {"log", "error", "phases", "facts"})), JSON),
)
def test_any_json_with_a_status_opens(status: str, fields: dict[str, Any]) -> None:
    view = from_card_json({**fields, "status": status})
    card_html(view)
    card_text(view)
