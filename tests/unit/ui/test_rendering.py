from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockernb.build.events import (
    BuildEvent,
    OutputReceived,
    PhaseStarted,
    PullProgressed,
    StepFinished,
    StepStarted,
)
from dockernb.build.result import CacheVerdict, ConfigChange, StepLog
from dockernb.engines.base import Progress
from dockernb.errors import BuildError
from dockernb.oci.diff import DiffEntry, FilesystemDiff
from dockernb.ui.card_model import CardModel
from dockernb.ui.card_view import view_of
from dockernb.ui.html import card_html
from dockernb.ui.text import card_text
from dockernb.ui.visible import visible
from tests.unit.ui import samples

TAGS = {"div", "span", "details", "summary", "pre", "b"}
ATTRIBUTES = {"style", "role", "aria-label", "open"}


class Checker(HTMLParser):
    """Collects what is not on the short list of tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += 1
        self.wrong += [tag] if tag not in TAGS else []
        for name, value in attrs:
            if name not in ATTRIBUTES or (name == "style" and "url(" in (value or "")):
                self.wrong.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1


def assert_harmless(page: str) -> None:
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.wrong == []
    assert checker.depth == 0
    assert "&lt;" in page or page.count("<") == len(re.findall(r"</?[a-z]+[ >]", page))


@pytest.mark.parametrize("name", samples.models())
def test_html_is_harmless_in_every_state(name: str) -> None:
    page = card_html(samples.models()[name].view)
    assert_harmless(page)
    assert len(page) < 50_000


@pytest.mark.parametrize("name", samples.models())
def test_text_has_no_control_characters(name: str) -> None:
    for line in card_text(samples.models()[name].view).split("\n"):
        assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs")]


def test_a_short_log_is_shown_unfolded_and_a_long_one_folded() -> None:
    pages = {
        lines: card_html(view_of(replace(samples.built(), log=StepLog("line\n" * lines, lines))))
        for lines in (3, 30)
    }
    unfolded = {lines: page.rpartition("<details")[2] for lines, page in pages.items()}
    assert " open>" in unfolded[3]
    assert " open>" not in unfolded[30]


def test_text_says_what_happened() -> None:
    text = card_text(view_of(samples.built()))
    first, *rest = text.split("\n")
    facts = ["built", "1341b3384d60", "from 22f5c1ec5f7f", "4.1 s", "+41.5 MB"]
    assert first.split("  ")[:5] == facts
    assert "141 files: 139 A, 1 M, 1 D" in first
    assert any(line.split() == ["M", "/etc/passwd", "1.1", "kB"] for line in rest)
    assert "cache miss: first time" in text


def test_text_of_a_failure_says_what_still_stands_and_what_to_do() -> None:
    text = card_text(view_of(samples.failed(), parent_id=samples.PARENT))
    assert "failed  exit code 1  snapshot 22f5c1ec5f7f still stands" in text
    assert ">>> 1 | RUN pip install" in text
    assert "Correct the name" in text


def test_html_of_a_huge_diff_names_some_and_counts_all() -> None:
    page = card_html(view_of(samples.built(samples.big_diff())))
    assert "19,600" in page
    assert page.count("file0") <= 200


MARKUP = ('"><svg/onload=alert(1)>', "</pre></div><script>", "' style='x:url(y)")
ANYTHING = st.text(st.characters(codec=None, exclude_characters="\x00"), max_size=30)
ANYTHING |= st.sampled_from([*samples.HOSTILE_NAMES, *MARKUP])


@st.composite
def results(draw: st.DrawFn) -> StepFinished:
    text = draw(ANYTHING)
    entries = tuple(
        DiffEntry("/" + draw(ANYTHING), "A", "symlink", 3, draw(ANYTHING)) for _ in range(2)
    )
    base = draw(st.sampled_from([samples.built(), samples.cached(), samples.pulled()]))
    failed = draw(st.booleans())
    return StepFinished(
        replace(
            base,
            source=text,
            stage=text,
            engine=text,
            diff=FilesystemDiff(entries),
            cache=CacheVerdict("hit", text, (draw(ANYTHING),)),
            config=(ConfigChange(text, draw(ANYTHING), [text]),),
            facts=(text,),
            warnings=(draw(ANYTHING),),
            log=StepLog(draw(ANYTHING), 1, 5),
            status="failed" if failed else base.status,
            error=BuildError(text, rule=draw(ANYTHING), hint=text) if failed else None,
        )
    )


EVENTS = st.lists(
    st.builds(StepStarted, ANYTHING, ANYTHING, ANYTHING, st.integers(0, 9), ANYTHING, ANYTHING)
    | st.builds(PhaseStarted, st.sampled_from(["pull", "image", "container", "run"]), ANYTHING)
    | st.builds(OutputReceived, st.binary(max_size=40) | st.just(b"<b>\x1b[31m<i>\n"))
    | st.builds(PullProgressed, st.builds(Progress, ANYTHING, ANYTHING, st.integers(0, 99)))
    | results(),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_no_event_puts_markup_into_html(events: list[BuildEvent]) -> None:
    model = CardModel()
    for event in events:
        model.apply(event)
    assert_harmless(card_html(model.view))


@given(ANYTHING)
def test_visible_text_is_printable_on_one_line(text: str) -> None:
    shown = visible(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert len(shown.splitlines()) <= 1


def test_the_ui_loads_no_widget_library() -> None:
    code = (
        "import sys, dockernb.ui, dockernb.ui.card, dockernb.ui.html, dockernb.ui.text\n"
        "heavy = ('ipywidgets', 'anywidget', 'traitlets', 'numpy', 'IPython')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
