"""Tells when files in some folders change: by the system's own notices, without polling.

Only the folders that hold what cells copied are watched, each without those below it. Where the
system gives no notices, or there are too many folders, nothing is watched, and files are looked at
when a cell runs and when the page comes to the front.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["MAX_FOLDERS", "Watch"]

log = logging.getLogger(__name__)

# Linux keeps about 1 kB for each, and lets a user have some 10,000 to 500,000, editors included.
MAX_FOLDERS = 2000
QUIET_MS = 100  # changes that come closer together are told once
FIRST_MS = 500  # after so long without a change a new watch is known to be on
POLL_MS = 3000  # where watchfiles polls after all: on WSL, and as WATCHFILES_FORCE_POLLING says

NOT_INSTALLED = "watchfiles is not installed"
TOO_MANY = f"they are in more than {MAX_FOLDERS:,} folders"
NOT_READABLE = "one of their folders cannot be read"
REFUSED = (
    "the system gives no more watches "
    "(on Linux see fs.inotify.max_user_watches and fs.inotify.max_user_instances)"
)


@dataclass
class _Watched:
    """One set of folders; `problem` says why they are not watched."""

    folders: frozenset[Path]
    stop: threading.Event = field(default_factory=threading.Event)
    problem: str = ""


class Watch:
    """Watches one set of folders at a time.

    Args:
        on_change: Called from a thread of its own: something changed, or the watch ended by itself.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._now = _Watched(frozenset())

    @property
    def problem(self) -> str:
        """Why changes are not told, in words; "": they are, or there is nothing to watch."""
        return self._now.problem

    def watch(self, folders: frozenset[Path]) -> bool:
        """Watches these folders and no others; whether it can."""
        if folders != self._now.folders:
            self.close()
            self._now = _Watched(folders)
            if len(folders) > MAX_FOLDERS:
                self._now.problem = TOO_MANY
            elif folders:
                self._start(self._now)
        return bool(folders) and not self._now.problem

    def close(self) -> None:
        """Ends the watch."""
        self._now.stop.set()
        self._now = _Watched(frozenset())

    def _start(self, watched: _Watched) -> None:
        try:
            import watchfiles  # noqa: F401, PLC0415 - not needed to start
        except ImportError:
            watched.problem = NOT_INSTALLED
            return
        threading.Thread(
            target=self._run, args=(watched,), name="dockernb-watch", daemon=True
        ).start()

    def _run(self, watched: _Watched) -> None:
        try:
            while not watched.stop.is_set():
                self._follow(watched)
        except (PermissionError, FileNotFoundError):
            self._end(watched, NOT_READABLE)
        except Exception:
            log.info("copied files cannot be watched", exc_info=True)
            self._end(watched, REFUSED)

    def _follow(self, watched: _Watched) -> None:
        """Returns when one of the folders was removed or made: it must be watched anew."""
        frame = {*watched.folders, *(up for folder in watched.folders for up in folder.parents)}
        begun = False
        for changes in _changes(watched):
            # The first word says that the watch is on: nothing before it is missed.
            if changes or not begun:
                self._on_change()
            begun = True
            if any(path in frame for path in changes):
                return

    def _end(self, watched: _Watched, problem: str) -> None:
        """The watch ended by itself. Whoever relied on it hears so."""
        if not watched.stop.is_set():
            watched.problem = problem
            self._on_change()


def _changes(watched: _Watched) -> Iterator[Iterable[Path]]:
    """The paths that changed, again and again until the stop; nothing: none did for a moment."""
    from watchfiles import watch  # noqa: PLC0415 - not needed to start

    for changes in watch(
        *(folder for folder in watched.folders if folder.is_dir()),
        watch_filter=None,
        debounce=QUIET_MS,
        rust_timeout=FIRST_MS,
        yield_on_timeout=True,
        stop_event=watched.stop,
        raise_interrupt=False,
        recursive=False,
        poll_delay_ms=POLL_MS,
    ):
        yield [Path(path) for _, path in changes]
