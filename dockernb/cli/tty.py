"""Joins the terminal of the command line with one in a container."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from dockernb.engines.base import TerminalSize
from dockernb.use.terminal import TerminalSession, TerminalState

__all__ = ["attach"]

_CHUNK = 4096
_FULL_SECONDS = 0.02


def attach(session: TerminalSession) -> TerminalState:
    """Types into the session what is typed here, until it ends; every key is its programs'.

    To be called on the main thread. SIGTERM and SIGHUP end it as well.
    """
    woken, wake = os.pipe()

    def tell(state: TerminalState) -> None:
        if state.is_over:
            os.write(wake, b".")

    try:
        with _raw(sys.stdin.fileno()), _signals(session):
            session.begin(_size(), _show, tell)
            _type_all(session, sys.stdin.fileno(), woken)
        session.wait()
    finally:
        os.close(woken)
        os.close(wake)
    return session.state


def _type_all(session: TerminalSession, keyboard: int, woken: int) -> None:
    watched = [keyboard, woken]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if woken in ready:
            return
        data = os.read(keyboard, _CHUNK)
        if not data:  # the terminal is gone
            session.close()
            watched.remove(keyboard)
        while data and not session.type(data) and not session.wait(_FULL_SECONDS):
            pass


def _show(data: bytes) -> None:
    out = sys.stdout.fileno()
    while data:
        data = data[os.write(out, data) :]


def _size() -> TerminalSize:
    # Asked of the terminal itself: $COLUMNS and $LINES may be another's.
    columns, rows = os.get_terminal_size(sys.stdout.fileno())
    return TerminalSize.bounded(rows, columns)


@contextmanager
def _raw(keyboard: int) -> Iterator[None]:
    before = termios.tcgetattr(keyboard)
    tty.setraw(keyboard)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


@contextmanager
def _signals(session: TerminalSession) -> Iterator[None]:
    """The engine is asked by other threads: a handler must not wait for it."""

    def resize(*_: object) -> None:
        threading.Thread(target=session.resize, args=(_size(),), daemon=True).start()

    def end(*_: object) -> None:
        threading.Thread(target=session.close, daemon=True).start()

    wanted = {signal.SIGWINCH: resize, signal.SIGTERM: end, signal.SIGHUP: end}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
