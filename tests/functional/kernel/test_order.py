"""Which order the kernel takes: the page's, else the saved notebook's, else that of execution."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dockernb.kernel.notebook_file import NotebookFile
from dockernb.kernel.order import CellOrder
from dockernb.kernel.pages import MAX_CELLS, MAX_CHARACTERS, MAX_PAGES, Pages, told_cells

from .client import write_notebook


def order_of(path: Path | None = None, **cells: str) -> CellOrder:
    """An order whose notebook was saved long ago, if there is a path."""
    if path is None:
        return CellOrder(NotebookFile({}))
    write_notebook(path, cells)
    os.utime(path, (1_000_000, 1_000_000))
    return CellOrder(NotebookFile({"JPY_SESSION_NAME": str(path)}))


def told(**cells: str) -> dict[str, Any]:
    listed = [{"id": cell_id, "source": source} for cell_id, source in cells.items()]
    return {"version": 1, "cells": listed}


def ids(order: CellOrder, running: str) -> list[str]:
    return [cell.id for cell in order.cells(running) or []]


# --- the page -------------------------------------------------------------------------------------
def test_page_wins_over_the_saved_notebook_and_over_what_was_executed(tmp_path: Path) -> None:
    order = order_of(tmp_path / "n.ipynb", a="saved", b="saved")
    order.executed("a", "executed")
    order.pages.hear("page", told(b="on the page", new="", a="edited"))
    order.page = "page"
    assert ids(order, "a") == ["b", "new", "a"]
    assert order.sources("a") == ["on the page", "", "edited"]


def test_cell_that_the_page_does_not_have_is_looked_for_in_the_saved_notebook(
    tmp_path: Path,
) -> None:
    order = order_of(tmp_path / "n.ipynb", a="1", b="2")
    order.pages.hear("page", told(x="another notebook"))
    order.page = "page"
    assert ids(order, "b") == ["a", "b"]


def test_two_pages_do_not_mix() -> None:
    pages = Pages()
    pages.hear("one", told(a="1", b="1"))
    pages.hear("two", told(b="2", a="2"))
    assert pages.cells("one", "a") == (("a", "1"), ("b", "1"))
    assert pages.cells("two", "a") == (("b", "2"), ("a", "2"))
    assert pages.cells("the server, for a page", "a") == pages.cells("two", "a")
    pages.forget("two")
    assert pages.cells("two", "a") == pages.cells("one", "a")


def test_number_of_pages_is_bounded() -> None:
    pages = Pages()
    forgotten = [pages.hear(str(number), told(a=str(number))) for number in range(MAX_PAGES + 2)]
    assert forgotten == [None] * MAX_PAGES + ["0", "1"]


@pytest.mark.parametrize(
    "data",
    [
        None, [], "cells", {}, {"version": 1}, {"version": 2, "cells": []},
        {"version": 1, "cells": {"a": 1}}, {"version": 1, "cells": ["a"]},
        {"version": 1, "cells": [{"id": "a"}]}, {"version": 1, "cells": [{"id": 1, "source": ""}]},
        {"version": 1, "cells": [{"id": "", "source": ""}]},
        {"version": 1, "cells": [{"id": "a" * 1000, "source": ""}]},
        {"version": 1, "cells": [{"id": "a", "source": ["x"]}]},
        {"version": 1, "cells": [{"id": "a", "source": ""}] * 2},
        {"version": 1, "cells": [{"id": "a", "source": "x" * (MAX_CHARACTERS + 1)}]},
        {"version": 1, "cells": [{"id": str(n), "source": ""} for n in range(MAX_CELLS + 1)]},
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_as_if_the_page_had_said_nothing(data: Any) -> None:
    pages = Pages()
    pages.hear("page", told(a="1"))
    pages.hear("page", data)
    assert told_cells(data) is None
    assert pages.cells("page", "a") is None


# --- the order of execution -----------------------------------------------------------------------
def test_cells_below_each_other_in_the_order_of_execution_without_a_notebook() -> None:
    order = order_of()
    for cell in ("a", "b", "c"):
        order.executed(cell, cell)
        order.succeeded(cell)
    order.executed("a", "again")
    order.executed("new", "new")
    assert ids(order, "new") == ["a", "new", "b", "c"]


@pytest.mark.parametrize("has_file", [False, True])
def test_whoever_begins_in_the_middle_and_then_runs_all_has_the_order_of_the_notebook(
    tmp_path: Path, has_file: bool
) -> None:
    order = order_of(tmp_path / "new.ipynb") if has_file else order_of()
    order.executed("last", "RUN 3")
    order.refused("last")
    for cell in ("from", "one", "two", "last"):
        order.executed(cell, cell)
        order.succeeded(cell)
    assert ids(order, "last") == ["from", "one", "two", "last"]


def test_cell_that_failed_first_and_is_refused_then_gets_a_new_place() -> None:
    order = order_of()
    order.executed("last", "RUM")  # a typing error: nothing refused it
    order.executed("arg", "ARG A=1")
    order.refused("arg")  # it stands below a cell that failed
    order.executed("last", "RUN ls")
    order.refused("last")  # no FROM above
    for cell in ("arg", "from", "last"):
        order.executed(cell, cell)
        order.succeeded(cell)
    assert ids(order, "last") == ["arg", "from", "last"]


def test_cell_that_failed_keeps_its_place() -> None:
    order = order_of()
    order.executed("from", "FROM x")
    order.succeeded("from")
    order.executed("bad", "RUN false")
    order.executed("below", "RUN true")
    order.refused("below")
    order.executed("bad", "RUN true")
    assert ids(order, "bad") == ["from", "bad"]


def test_cell_that_succeeded_once_keeps_its_place_when_it_is_refused() -> None:
    order = order_of()
    for cell in ("from", "one", "two"):
        order.executed(cell, cell)
        order.succeeded(cell)
    order.executed("one", "one")
    order.refused("one")
    assert ids(order, "one") == ["from", "one", "two"]


def test_cell_executed_first_goes_below_the_saved_ones(tmp_path: Path) -> None:
    order = order_of(tmp_path / "n.ipynb", a="1", b="2")
    order.executed("new", "3")
    assert ids(order, "new") == ["a", "b", "new"]


# --- what is new ----------------------------------------------------------------------------------
def news(changed: dict[str, str], order: str | None = None) -> dict[str, Any]:
    listed = [{"id": cell_id, "source": source} for cell_id, source in changed.items()]
    return {"version": 1, "changed": listed} | ({"order": order.split()} if order else {})


def test_later_word_of_a_page_names_only_what_is_new() -> None:
    pages = Pages()
    pages.hear("page", told(a="1", b="2"))
    pages.hear("page", news({"b": "3"}))
    assert pages.told("page") == (("a", "1"), ("b", "3"))
    pages.hear("page", news({"n": "new"}, "b n a"))
    assert pages.told("page") == (("b", "3"), ("n", "new"), ("a", "1"))
    pages.hear("page", news({}, "a"))
    assert pages.told("page") == (("a", "1"),)


@pytest.mark.parametrize(
    "data",
    [
        news({}, "a unknown"), news({}, "a a"), {"version": 1}, {"version": 1, "changed": [7]},
        {"version": 1, "order": "a"}, {"version": 2, "order": ["a"]}, {"version": 1, "order": [7]},
        news({"a": "x" * (MAX_CHARACTERS + 1)}),
    ],
)  # fmt: skip
def test_later_word_that_breaks_a_rule_is_as_if_the_page_had_said_nothing(data: Any) -> None:
    pages = Pages()
    pages.hear("page", told(a="1"))
    pages.hear("page", data)
    assert pages.told("page") is None


def test_later_word_of_a_page_that_said_nothing_before_does_not_count() -> None:
    assert told_cells(news({"a": "1"}, "a")) is None
