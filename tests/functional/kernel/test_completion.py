"""Completion and help with a session: names in force, the build context, the page's cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockernb.build.context import BuildContext
from dockernb.kernel.completion import Completion
from dockernb.kernel.execution import Workspace
from dockernb.look.context_names import context_names

from .scripted import ScriptedSession


@pytest.fixture
def filled(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    session = workspace.session.get()
    assert isinstance(session, ScriptedSession)
    session.stages, session.variables = ["build", "final"], {"PATH": "/bin", "PORT": "6379"}
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("", "utf-8")
    (tmp_path / "apt.txt").write_text("", "utf-8")
    (tmp_path / "api.key").write_text("", "utf-8")
    (tmp_path / ".dockerignore").write_text("*.key\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return workspace


def completed(text: str, workspace: Workspace, page: str = "") -> list[str]:
    """The texts that completion makes of `text`, the cursor at "‸" or at its end."""
    cursor = text.find("‸") if "‸" in text else len(text)
    text = text.replace("‸", "")
    reply = Completion(workspace).complete(text, cursor, page)
    head = text[: reply["cursor_start"]]
    return [head + match for match in reply["matches"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY --from=bu", ["COPY --from=build", "COPY --from=busybox:latest"]),
        ("FROM deb", ["FROM debian:bookworm-slim"]),
        ("RUN echo \\\n  $PO", ["RUN echo \\\n  $PORT"]),
        ("RUN <<EOF\necho $PO", ["RUN <<EOF\necho $PORT"]),
        ("COPY ap", ["COPY app/", "COPY apt.txt"]),
        ("COPY app/", ["COPY app/main.py"]),
        ("COPY .d", ["COPY .dockerignore"]),
        ("%context a", ["%context app/"]),
        ("FROM a AS extra\nCOPY --from=ex", ["FROM a AS extra\nCOPY --from=extra"]),
        ("FROM a AS extra\nENV GREAT=1\nRUN $GR", ["FROM a AS extra\nENV GREAT=1\nRUN $GREAT"]),
        ("RUN echo 🐳 $PO‸", ["RUN echo 🐳 $PORT"]),
    ],
)
def test_completion_offers(text: str, expected: list[str], filled: Workspace) -> None:
    assert completed(text, filled) == expected


def test_kinds_are_told(workspace: Workspace) -> None:
    reply = Completion(workspace).complete("", 0)
    types = reply["metadata"]["_jupyter_types_experimental"]
    assert {entry["type"] for entry in types} == {"keyword"}


def test_cells_above_on_the_page_count_though_they_have_not_run(filled: Workspace) -> None:
    cells = ["ARG BASE=debian", "FROM $BASE AS tool", "ENV COLOR=red", "RUN ec", "ENV LATER=1"]
    listed = [{"id": str(number), "source": text} for number, text in enumerate(cells)]
    filled.order.pages.hear("page", {"version": 1, "cells": listed})
    session = filled.session.get()
    assert isinstance(session, ScriptedSession)
    session.stages, session.variables = [], {}
    # The page has told "RUN ec" a moment ago.
    assert completed("RUN echo $CO", filled, "page") == ["RUN echo $COLOR"]
    assert completed("RUN echo $LA", filled, "page") == []


def test_paths_never_leave_the_context(tmp_path: Path) -> None:
    folder, outside = tmp_path / "context", tmp_path / "outside"
    folder.mkdir(), outside.mkdir()
    (outside / "secret.txt").write_text("", "utf-8")
    (folder / "link").symlink_to(outside)
    context = BuildContext(folder)
    assert context_names(context, "../") == []
    assert context_names(context, "a/../../") == []
    assert context_names(context, "link/") == []
    assert context_names(context, "/") == [("link", False)]
    assert context_names(context, "nowhere/x") == []
    assert context_names(context, "\0") == []


def test_help_of_a_variable_shows_its_value(filled: Workspace) -> None:
    text = "RUN echo ${PORT}"
    bundle = Completion(filled).inspect(text, len(text) - 2)
    assert bundle["text/plain"] == "PORT=6379"
    assert bundle["text/html"] == "<pre>PORT=6379</pre>"
