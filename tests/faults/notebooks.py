"""Notebooks in the test's own process, on an engine of `places`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dockernb.session import Session, SessionOptions
from tests.faults.places import Place
from tests.functional.notebooks import Notebook


@dataclass
class Notebooks:
    """Opens notebooks as kernels do, and closes them."""

    place: Place
    opened: list[Notebook] = field(default_factory=list)

    def open(self, context: Path) -> Notebook:
        notebook = Notebook(Session(SessionOptions(context=context, prepare=True)))
        self.opened.append(notebook)
        return notebook

    def close(self) -> None:
        while self.opened:
            self.opened.pop().session.close()


@contextmanager
def notebooks_on(place: Place) -> Iterator[Notebooks]:
    """Notebooks on an engine that this process finds by its environment, as a reader's does."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.environment.items():
            patch.setenv(name, value)
        notebooks = Notebooks(place)
        try:
            yield notebooks
        finally:
            notebooks.close()
