"""Bars for layers on their way from or to a registry."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

from dockernb.cli.terminal import clean

__all__ = ["LayerBars"]


class LayerBars:
    """Bars of a pull on a terminal, one a layer."""

    def __init__(self, console: Console) -> None:
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("  {task.fields[layer]}", markup=False),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
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
