from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dockernb.kernel import notebook_file
from dockernb.kernel.notebook_file import NotebookFile
from dockernb.kernel.order import CellOrder
from dockernb.kernel.rehydrate import MAX_CARDS, Rehydrator, saved_cards

from .client import CARD, write_notebook


def ids(order: CellOrder, running: str) -> list[str] | None:
    cells = order.cells(running)
    return None if cells is None else [cell.id for cell in cells]


def save(path: Path, seconds: int, **cells: str) -> None:
    """Saves the notebook while the clock shows that Unix time."""
    write_notebook(path, cells)
    os.utime(path, (seconds, seconds))


def saved(path: Path, seconds: int, **cells: str) -> CellOrder:
    """An order whose notebook was saved at that Unix time."""
    save(path, seconds, **cells)
    return CellOrder(NotebookFile({"JPY_SESSION_NAME": str(path)}))


#: Before now and after it: a clock may be wrong, and be set back.
CLOCKS = [1_000_000, 4_000_000_000]


def test_order_is_unknown_without_a_notebook() -> None:
    order = CellOrder(NotebookFile({}))
    assert order.cells("a") is None
    assert order.sources("a") == []


@pytest.mark.parametrize("clock", CLOCKS)
def test_executed_text_wins_over_text_saved_before(tmp_path: Path, clock: int) -> None:
    order = saved(tmp_path / "n.ipynb", clock, a="old", b="saved")
    order.executed("a", "executed")
    assert order.sources("a") == ["executed", "saved"]


@pytest.mark.parametrize("clock", CLOCKS)
def test_text_saved_after_the_execution_wins(tmp_path: Path, clock: int) -> None:
    order = saved(tmp_path / "n.ipynb", 2_000_000, a="old")
    order.executed("a", "executed")
    save(tmp_path / "n.ipynb", clock, a="edited")
    assert order.sources("a") == ["edited"]


def test_renamed_notebook_is_none_that_was_saved(tmp_path: Path) -> None:
    order = saved(tmp_path / "n.ipynb", 1_000_000, a="old")
    order.executed("a", "executed")
    (tmp_path / "n.ipynb").rename(tmp_path / "renamed.ipynb")
    order.executed("b", "while it cannot be found")
    order._notebook._path = tmp_path / "renamed.ipynb"
    assert order.sources("a") == ["executed", "while it cannot be found"]


def test_unsaved_cells_stand_behind_the_cell_executed_before_them(tmp_path: Path) -> None:
    order = saved(tmp_path / "n.ipynb", 1_000_000, a="1", b="2")
    for cell in ("a", "new", "newer"):
        order.executed(cell, cell)
    assert ids(order, "newer") == ["a", "new", "newer", "b"]


@pytest.mark.parametrize("clock", CLOCKS)
def test_deleted_cells_are_left_out_until_the_notebook_is_saved(tmp_path: Path, clock: int) -> None:
    order = saved(tmp_path / "n.ipynb", clock, a="1", b="2")
    order.delete(["a"])
    assert ids(order, "b") == ["b"]
    save(tmp_path / "n.ipynb", clock - 1000, a="brought back", b="2")
    assert ids(order, "b") == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"cells": 1}', '{"cells": [1, {"cell_type": "code"}]}', "[" * 100_000, "\0"],
)
def test_broken_notebook_gives_no_cells(tmp_path: Path, text: str) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(text, "utf-8")
    file = NotebookFile({"JPY_SESSION_NAME": str(path)})
    assert not getattr(file.cells("a"), "cells", ())
    assert list(file.outputs()) == []


def test_huge_notebook_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_file, "MAX_BYTES", 10)
    order = saved(tmp_path / "n.ipynb", 1, a="1")
    assert not order.cells("a")


@contextmanager
def server(sessions: Any, folder: Path, root: Path) -> Iterator[None]:
    """A Jupyter server as far as the kernel knows it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/base/api/sessions"
            assert self.headers["Authorization"] == "token abc"
            body = json.dumps(sessions).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{running.server_port}/base/"
        info = {"url": url, "token": "abc", "root_dir": str(root)}
        (folder / "jpserver-42.json").write_text(json.dumps(info), "utf-8")
        try:
            yield
        finally:
            running.shutdown()
            thread.join()


def test_renamed_notebook_is_found_through_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    write_notebook(tmp_path / "new.ipynb", {"a": "FROM x"})
    sessions = [
        {"type": "console", "path": "x", "kernel": {"id": "k1"}},
        {"type": "notebook", "path": "new.ipynb", "kernel": {"id": "k1"}},
    ]
    environment = {"JPY_SESSION_NAME": str(tmp_path / "old.ipynb"), "JPY_PARENT_PID": "42"}
    with server(sessions, tmp_path, tmp_path):
        assert NotebookFile(environment, "other").path() is None
        assert NotebookFile(environment, "k1").path() == tmp_path / "new.ipynb"


def card(model_id: Any = "abc", **fields: Any) -> dict[str, Any]:
    return {CARD: {"version": 1, "model_id": model_id, "cell_id": "a", **fields}}


def test_saved_cards_are_found_once_each() -> None:
    found = list(saved_cards([card("m1"), {"text/plain": "x"}, card("m2"), card("m1")]))
    assert [model_id for model_id, _ in found] == ["m1", "m2"]


@pytest.mark.parametrize(
    "hostile",
    [
        card(None), card(7), card("../x"), card("x" * 100), card("a\n"), card(version=2),
        card(source="x" * 2_000_000), {CARD: "text"}, {CARD: None},
    ],
)  # fmt: skip
def test_hostile_card_is_skipped(hostile: dict[str, Any]) -> None:
    assert list(saved_cards([hostile, card("good")]))[-1][0] == "good"
    assert len(list(saved_cards([hostile, card("good")]))) == 1


def test_number_of_restored_cards_is_bounded() -> None:
    assert len(list(saved_cards(card(f"m{n}") for n in range(MAX_CARDS * 2)))) == MAX_CARDS


def test_card_that_cannot_be_restored_does_not_stop_the_others() -> None:
    kept: list[Any] = []

    def restore(data: dict[str, Any], model_id: str) -> Any:
        if model_id == "bad":
            raise ValueError(data)
        return model_id

    Rehydrator(lambda: [card("bad"), card("good")], lambda *a: kept.append(a), restore)()
    assert kept == [("a", "good")]
