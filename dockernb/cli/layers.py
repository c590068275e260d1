"""Layers and files on their way: bars with rates on a terminal, else a line for each."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars

from dockernb.cli.terminal import clean, echo
from dockernb.engines.base import Progress

__all__ = ["LayerBars", "shown_layers"]


class LayerBars:
    """Bars of a pull on a terminal, one a layer."""

    def __init__(self, console: Console) -> None:
        self._tasks: dict[str, TaskID] = {}
        self._progress = Bars(
            TextColumn("  {task.fields[layer]}", markup=False),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            transient=True,
        )
        self._progress.start()

    def show(self, layer: str, status: str, current: int, total: int) -> None:
        """The layer's newest state."""
        if layer not in self._tasks:
            self._tasks[layer] = self._progress.add_task("", layer=clean(layer)[:20], total=None)
        self._progress.update(
            self._tasks[layer],
            description=clean(status)[:80],
            completed=current,
            total=total or None,
        )

    def close(self) -> None:
        """Takes the bars away."""
        self._progress.stop()


class _Shown:
    """Shows layers: as bars on a terminal, else a line for each that is done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: set[tuple[str, str]] = set()
        is_terminal = sys.stderr.isatty()
        self._bars = LayerBars(Console(file=sys.stderr, highlight=False)) if is_terminal else None

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            if self._bars is not None:
                self._bars.show(progress.id, progress.status, progress.current, progress.total)
            elif _is_done(progress) and (progress.id, progress.status) not in self._told:
                self._told.add((progress.id, progress.status))
                echo(f"{progress.id}: {progress.status}", err=True)

    def close(self) -> None:
        if self._bars is not None:
            self._bars.close()


def _is_done(progress: Progress) -> bool:
    return progress.current == progress.total and progress.status not in {
        "Downloading",
        "Pushing",
        "Saving",
    }


@contextmanager
def shown_layers() -> Iterator[_Shown]:
    """Gives what takes the progress, from any thread."""
    shown = _Shown()
    try:
        yield shown
    finally:
        shown.close()
