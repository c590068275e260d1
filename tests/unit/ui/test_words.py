"""The words on a card: the reason on its face, what failed, what was found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dockernb.build.result import CacheVerdict, StepResult
from dockernb.oci.diff import FilesystemDiff
from dockernb.ui import widget_state
from dockernb.ui.card_model import CardModel
from dockernb.ui.card_view import view_of
from dockernb.ui.html import card_html
from dockernb.ui.text import card_text
from dockernb.ui.words import cache_lines, origin_text, size_text, why_text
from tests.unit.ui import samples


def missed(*changes: str) -> StepResult:
    return replace(samples.built(), cache=CacheVerdict("miss", "; ".join(changes), changes))


@pytest.mark.parametrize(
    ("changes", "why", "lines"),
    [
        (("first time",), "", ["Built here for the first time."]),
        (
            ("redis.conf changed",),
            "built again: redis.conf changed",
            ["Reason: redis.conf changed."],
        ),
        (
            ("ARG A: 1 -> 2", "cell above was rebuilt"),
            "built again: ARG A: 1 -> 2 and 1 more",
            ["ARG A: 1 -> 2", "cell above was rebuilt"],
        ),
    ],
)
def test_a_reason_stands_once_in_each_place(
    changes: tuple[str, ...], why: str, lines: list[str]
) -> None:
    view = view_of(missed(*changes))
    assert why_text(view) == why
    assert cache_lines(view) == lines
    head = widget_state.header(view)
    assert head["why"] == why
    assert [text for text in (head["cache"]["reason"], *head["cache"]["changed"]) if text] == lines


def test_the_short_reason_is_on_the_face_of_every_card() -> None:
    view = view_of(missed("redis.conf changed"))
    why = "built again: redis.conf changed"
    assert why in card_text(view).splitlines()[0]
    assert why in card_html(view).partition("<details")[0]


def test_a_metadata_step_has_no_size_and_a_run_without_change_has() -> None:
    assert size_text(view_of(samples.configured())) == ""
    assert size_text(view_of(samples.built(FilesystemDiff()))) == "+0 B"


def test_from_without_a_pull_was_found_locally() -> None:
    local = view_of(replace(samples.pulled(), seconds={"total": 0.1}))
    assert (local.dots()[0].name, local.dots()[0].detail) == ("image", "found locally")
    assert view_of(samples.pulled()).dots()[0].name == "pull"


def test_run_before_from_starts_from_nothing() -> None:
    view = view_of(replace(samples.failed(), container=None))
    assert (view.dots()[0].name, view.dots()[0].detail) == ("image", "none")
    assert origin_text(view) == "no new snapshot was made"


def test_an_error_on_a_card_is_short_and_its_text_is_whole() -> None:
    view = view_of(samples.failed(), parent_id=samples.PARENT)
    error = widget_state.header(view)["error"]
    assert error["title"] == "RUN ended with exit code 1"
    assert ">>>" not in error["details"]
    assert "Correct the name" in error["details"]
    assert "&gt;&gt;&gt;" not in card_html(view)
    assert "InstructionFailedError" in card_text(view)


def test_a_card_of_several_says_which_instruction_it_is() -> None:
    model = CardModel()
    model.title()
    for event in samples.run_events(samples.built()):
        model.apply(event)
    source = samples.built().source
    assert widget_state.header(model.view)["title"] == source
    assert card_text(model.view).startswith(f"{source}:\n")
    assert source.replace("&", "&amp;") in card_html(model.view)
    assert widget_state.header(view_of(samples.built()))["title"] == ""
