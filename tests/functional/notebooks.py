"""Notebooks on the real engine, as a session sees them.

A notebook is a dict of cells; its order is known to the session as the lab extension tells it,
unless a test says otherwise.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker
from docker.errors import APIError

from dockernb.build.events import BuildEvent, StepFinished, StepStarted
from dockernb.build.result import StepResult
from dockernb.engines.docker.owner import this_process
from dockernb.session import CellText, Session, SessionOptions

BASE = "FROM busybox:latest"


def remove_image(client: docker.APIClient, image_id: str) -> None:
    """As `docker image rm`.

    The engine removes its own containers and intermediate images in the background; until then the
    daemon refuses.
    """
    deadline = time.monotonic() + 10
    while True:
        try:
            client.remove_image(image_id, force=True, noprune=True)
        except APIError as error:
            if error.status_code != 409 or time.monotonic() > deadline:
                raise
        else:
            return


@dataclass
class Notebook:
    """A session and its cells. Running a cell with a text edits it, or appends it."""

    session: Session
    cells: dict[str, str] = field(default_factory=dict)
    events: list[BuildEvent] = field(default_factory=list)
    cancel: threading.Event = field(default_factory=threading.Event)
    on_event: Callable[[BuildEvent], None] | None = None

    def run(self, cell: str, source: str | None = None) -> list[StepResult]:
        if source is not None:
            self.cells[cell] = source
        self.events.clear()
        return self.session.run_cell(
            self.cells[cell],
            cell_id=cell,
            order=[CellText(*each) for each in self.cells.items()],
            listener=self._listen,
            cancel=self.cancel,
        )

    def run_all(self, cells: Mapping[str, str] | None = None) -> list[StepResult]:
        """All cells in their order; `cells` are added first."""
        self.cells.update(cells or {})
        return [result for cell in self.cells for result in self.run(cell)]

    def _listen(self, event: BuildEvent) -> None:
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)

    @property
    def finished(self) -> list[StepResult]:
        """Results that the listener got in the newest cell, failed ones too."""
        return [event.result for event in self.events if isinstance(event, StepFinished)]

    @property
    def started(self) -> list[StepStarted]:
        return [event for event in self.events if isinstance(event, StepStarted)]


@dataclass
class Bench:
    """Opens notebooks on the testbed's engine; closes them and removes what they made."""

    context: Path
    client: docker.APIClient
    opened: list[Notebook] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def open(self, *, context: Path | None = None, use_cache: bool = True, **args: str) -> Notebook:
        """A notebook, as after a start of its kernel; `args` are build args."""
        options = SessionOptions(
            engine="docker",
            context=context or self.context,
            build_args=args,
            use_cache=use_cache,
        )
        notebook = Notebook(Session(options), on_event=self._note)
        self.opened.append(notebook)
        return notebook

    def restarted(self, notebook: Notebook, **args: str) -> Notebook:
        """The same notebook in a new kernel."""
        notebook.session.close()
        again = self.open(**args)
        again.cells = dict(notebook.cells)
        return again

    def _note(self, event: BuildEvent) -> None:
        # What FROM makes is the same for all who use that base, so it is not ours to remove.
        if isinstance(event, StepFinished) and event.result.snapshot is not None:
            snapshot = event.result.snapshot
            if event.result.status == "built" and snapshot.parent is not None:
                self.made.append(snapshot.id)

    def remove_image(self, image_id: str) -> None:
        """As `docker image rm`, behind the session's back."""
        remove_image(self.client, image_id)

    def containers(self) -> list[str]:
        """Containers of this process that are there, running or not."""
        found = self.client.containers(all=True, filters={"name": f"^/{this_process().mark}"})
        return [container["Names"][0] for container in found]

    def close(self) -> None:
        for notebook in self.opened:
            notebook.session.close()
        for image_id in reversed(self.made):
            with suppress(APIError):
                self.remove_image(image_id)
        self.client.close()


def snapshot(results: list[StepResult]) -> str:
    last = results[-1].snapshot
    assert last is not None
    return last.id


def parent(results: list[StepResult]) -> str | None:
    last = results[-1].snapshot
    assert last is not None
    return last.parent


def statuses(results: list[StepResult]) -> list[str]:
    return [result.status for result in results]


def reasons(results: list[StepResult]) -> list[str]:
    return [result.cache.reason for result in results]
