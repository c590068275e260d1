"""Tells when files in some folders change: by the system's own notices, without polling.

Only the folders that hold what cells copied are watched, each without those below it. Where the
system gives no notices, or there are too many folders, nothing is watched, and files are looked at
when a cell runs and when the page comes to the front.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

__all__ = ["Watch"]

log = logging.getLogger(__name__)

MAX_FOLDERS = 500
QUIET_MS = 100  # changes that come closer together are told once
FIRST_MS = 500  # after so long without a change a new watch is known to be on


class Watch:
    """Watches one set of folders at a time.

    Args:
        on_change: Called from a thread of its own.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._folders: frozenset[Path] = frozenset()
        self._stop: threading.Event | None = None

    def watch(self, folders: frozenset[Path]) -> bool:
        """Watches these folders and no others; whether it can."""
        wanted = folders if len(folders) <= MAX_FOLDERS else frozenset()
        if wanted != self._folders:
            self.close()
            self._folders = wanted
            if wanted:
                self._start(wanted)
        return self._stop is not None and not self._stop.is_set()

    def close(self) -> None:
        """Ends the watch."""
        if self._stop is not None:
            self._stop.set()
        self._stop, self._folders = None, frozenset()

    def _start(self, folders: frozenset[Path]) -> None:
        try:
            from watchfiles import watch  # noqa: PLC0415 - not needed to start
        except ImportError:
            log.info("watchfiles is not installed: copied files are looked at when a cell runs")
            return
        stop = self._stop = threading.Event()

        def run() -> None:
            try:
                begun = False
                for changes in watch(
                    *(folder for folder in folders if folder.is_dir()),
                    watch_filter=None,
                    debounce=QUIET_MS,
                    rust_timeout=FIRST_MS,
                    yield_on_timeout=True,
                    stop_event=stop,
                    raise_interrupt=False,
                    recursive=False,
                ):
                    # The first word says that the watch is on: nothing before it is missed.
                    if changes or not begun:
                        self._on_change()
                    begun = True
            except Exception:
                log.info("copied files cannot be watched", exc_info=True)
            stop.set()

        threading.Thread(target=run, name="dockernb-watch", daemon=True).start()
