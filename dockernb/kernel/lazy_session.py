"""The kernel's one session, made when it is first needed.

Importing `dockernb.session` loads all that a build needs; a kernel that starts does without.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from dockernb.errors import DockernbError

from .worker import start_in_thread

if TYPE_CHECKING:
    from dockernb.session import Session, SessionOptions

__all__ = ["LazySession", "SessionFactory", "open_session"]

SessionFactory = Callable[["SessionOptions"], "Session"]

log = logging.getLogger(__name__)

# jupyter_client kills a kernel five seconds after it asked it to end.
CLOSE_SECONDS = 4.0


def open_session(options: SessionOptions) -> Session:
    """The real factory."""
    from dockernb.session import Session  # noqa: PLC0415 - see above

    return Session(options)


class LazySession:
    """Makes the session on first use; safe from several threads."""

    def __init__(self, factory: SessionFactory = open_session) -> None:
        self._factory = factory
        self._lock = threading.Lock()
        self._session: Session | None = None

    def get(self) -> Session:
        """The session."""
        with self._lock:
            if self._session is None:
                from dockernb.session import SessionOptions  # noqa: PLC0415 - see above

                self._session = self._factory(SessionOptions(prepare=True, keep_failed=True))
            return self._session

    def peek(self) -> Session | None:
        """The session if there is one."""
        return self._session

    def warm_up(self) -> None:
        """Connects to the engine and removes what dead processes left. Never raises."""
        try:
            session = self.get()
            session.engine_name()
            removed = session.remove_leftovers()
        except DockernbError as error:
            log.info("no engine at the start: %s", error.message)
        except Exception:
            log.exception("warming up failed")
        else:
            if removed:
                log.info("removed %d containers that dead processes left", len(removed))

    async def close_in_time(self) -> None:
        """Ends the session; what has not ended after some seconds, the next kernel removes."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await start_in_thread(self.close, "dockernb-close")
        except TimeoutError:
            log.warning("the session did not end in %s s", CLOSE_SECONDS)
        except Exception:
            log.exception("the session did not end well")

    def close(self) -> None:
        """Ends the session, if one was made."""
        with self._lock:
            if self._session is not None:
                self._session.close()
