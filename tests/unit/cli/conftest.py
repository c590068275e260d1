"""A scripted session in the place of the real one, and a runner for the commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dockernb.build.events import Listener, OutputReceived, StepFinished, StepStarted
from dockernb.build.result import CacheVerdict, Snapshot, StepResult
from dockernb.cli import commands
from dockernb.errors import BuildInterruptedError, InstructionFailedError, Where
from dockernb.session import CellText, SessionOptions

Invoke = Callable[..., Result]


class ScriptedSession:
    """Builds nothing. A cell's first word decides: FAIL fails, WAIT waits for Ctrl-C."""

    made: list[ScriptedSession] = []  # noqa: RUF012  (emptied by the fixture)

    def __init__(self, options: SessionOptions) -> None:
        self.options = options
        self.ran: list[str] = []
        self.orders: list[Sequence[CellText] | None] = []
        self.settings: list[tuple[str, object]] = []
        self.tags: list[str] = []
        self.closed = False
        self.waiting = threading.Event()
        ScriptedSession.made.append(self)

    def run_cell(
        self,
        source: str,
        *,
        cell_id: str | None,
        order: Sequence[CellText] | None,
        listener: Listener,
        cancel: threading.Event,
    ) -> list[StepResult]:
        self.ran.append(source)
        self.orders.append(order)
        word = source.split(maxsplit=1)[0]
        step = len(self.ran)
        listener(StepStarted(word, source, "0", step, None, "fake", cell_id))
        listener(OutputReceived(f"output of {word}\n".encode()))
        error: InstructionFailedError | BuildInterruptedError | None = None
        if word == "FAIL":
            error = InstructionFailedError("it failed", exit_code=3, where=Where(source, 1))
        elif word == "WAIT":
            self.waiting.set()
            assert cancel.wait(20)
            error = BuildInterruptedError("interrupted")
        result = self._result(word, source, step, cell_id, error)
        listener(StepFinished(result))
        if error is not None:
            raise error
        return [result]

    def _result(
        self, word: str, source: str, step: int, cell_id: str | None, error: Any
    ) -> StepResult:
        return StepResult(
            instruction=word,
            source=source,
            stage="0",
            step=step,
            status="failed" if error else "built",
            cache=CacheVerdict("miss", "first time"),
            engine="fake",
            cell_id=cell_id,
            snapshot=None if error else Snapshot(f"sha256:{step:064x}", None, 2_000_000, 1500),
            seconds={"total": 1.25},
            error=error,
        )

    def set_context(self, root: Path) -> None:
        self.settings.append(("context", root))

    def set_build_arg(self, name: str, value: str | None) -> None:
        self.settings.append((name, value))

    def set_secret(self, secret_id: str, content: bytes) -> None:
        self.settings.append((secret_id, content))

    def set_flags(self, words: Sequence[str]) -> None:
        self.settings.append(("flags", tuple(words)))

    def tag(self, reference: str, stage: str | None = None) -> str:
        self.tags.append(reference)
        return "sha256:abc"

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[ScriptedSession]:
    """All sessions that the commands make."""
    monkeypatch.setattr("dockernb.cli.run.Session", ScriptedSession)
    monkeypatch.setattr(ScriptedSession, "made", [])
    return ScriptedSession.made


@pytest.fixture
def invoke() -> Invoke:
    """Runs a command: `invoke("run", "a.ipynb")`."""
    return lambda *words, **options: CliRunner().invoke(
        commands, [str(word) for word in words], **options
    )


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Writes a notebook with the given code cells; a text beginning with "#md" is markdown."""

    def write(*sources: str) -> Path:
        cells = [
            {"cell_type": "markdown", "id": f"m{n}", "metadata": {}, "source": source[3:]}
            if source.startswith("#md")
            else {
                "cell_type": "code",
                "id": f"c{n}",
                "metadata": {},
                "source": source,
                "outputs": [{"output_type": "stream", "name": "stdout", "text": "old"}],
                "execution_count": 9,
            }
            for n, source in enumerate(sources)
        ]
        path = tmp_path / "lesson.ipynb"
        data = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(data))
        return path

    return write
