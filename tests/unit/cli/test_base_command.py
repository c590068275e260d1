"""`dockernb base` without an engine: names, output and exit codes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dockernb.bases.debian import MadeBase
from dockernb.bases.report import Moment, Reporter
from dockernb.cli import base as command
from dockernb.engines.base import Image
from dockernb.errors import BaseImageError
from dockernb.oci.config import ImageConfig

from .conftest import Invoke


class ClosingEngine:
    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ClosingEngine:
    engine = ClosingEngine()
    monkeypatch.setattr(command, "open_engine", lambda _name: engine)
    return engine


def made(*_arguments: object, reporter: Reporter, **_options: Any) -> MadeBase:
    reporter.moment(Moment("download", "downloading 2 packages", 0.0, 5000))
    reporter.moment(Moment("download", "downloading 2 packages", 1.0, 5000))
    reporter.note("a\x1b]0;title\x07 word")
    return MadeBase(Image("sha256:abc", ImageConfig(), 7_000_000), 2, {"download": 1.5})


def test_it_tells_each_phase_once_and_then_the_image(
    invoke: Invoke, engine: ClosingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "make_base", made)
    result = invoke("base", "debian:trixie-slim", "-t", "mine")
    assert result.exit_code == 0
    assert result.stdout == "mine:latest is sha256:abc  7.0 MB, 2 packages, 1.5 s\n"
    assert result.stderr == "  downloading 2 packages (5.0 kB)\n  note: a word\n"
    assert engine.closed


def test_json_holds_the_image_and_the_seconds(
    invoke: Invoke, engine: ClosingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "make_base", made)
    result = invoke("base", "debian:trixie-slim", "--json")
    assert json.loads(result.stdout) == {
        "name": "debian:trixie-slim",
        "image": "sha256:abc",
        "size": 7_000_000,
        "packages": 2,
        "seconds": {"download": 1.5},
    }


def test_an_unknown_name_is_refused_before_an_engine_is_looked_for(invoke: Invoke) -> None:
    result = invoke("base", "debian:sarge")
    assert result.exit_code == 1
    assert "What can be made: debian:bookworm, " in result.stderr


def test_a_failure_ends_with_its_words_and_closes_the_engine(
    invoke: Invoke, engine: ClosingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise BaseImageError("it failed", rule="E: because")

    monkeypatch.setattr(command, "make_base", fail)
    result = invoke("base", "debian:trixie")
    assert result.exit_code == 1
    assert "BaseImageError: it failed\nE: because" in result.stderr
    assert engine.closed
