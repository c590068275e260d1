"""Trying again: how often, how long to wait, and what to say when it was in vain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from dockernb.errors import BuildInterruptedError, RegistryError

from .failures import TransientError
from .settings import MIRRORS, RegistrySettings

__all__ = ["retry_after", "with_attempts"]

Result = TypeVar("Result")
# This many bytes more than ever before start the count anew: a large layer over a bad line. "Than
# ever before" keeps the number of attempts bounded even if a registry makes us start over.
_PROGRESS = 1 << 20


def with_attempts(
    what: str,
    attempt: Callable[[], Result],
    settings: RegistrySettings,
    cancel: threading.Event,
    progress: Callable[[], int] = lambda: 0,
) -> Result:
    """The result of the first `attempt` that does not raise `TransientError`.

    Args:
        what: For the error: `pulling "alpine" from "docker.io"`.
        progress: Bytes that are safe already.

    Raises:
        RegistryError: `settings.attempts` in a row failed; it names the reason of each.
        BuildInterruptedError: `cancel` was set while waiting.
    """
    reasons: list[str] = []
    most = progress()
    while True:
        try:
            return attempt()
        except TransientError as err:
            if progress() - most >= _PROGRESS:
                most = progress()
                reasons.clear()
            reasons.append(err.reason)
            if len(reasons) >= settings.attempts:
                raise _given_up(what, reasons) from err
            wait = settings.backoff * 2 ** (len(reasons) - 1) if err.wait is None else err.wait
        if cancel.wait(min(wait, settings.longest_wait)):
            raise BuildInterruptedError(f"{what} was interrupted")


def retry_after(header: str | None) -> float | None:
    """Seconds from a Retry-After header (RFC 9110, 10.2.3): a number, or a date."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def _given_up(what: str, reasons: list[str]) -> RegistryError:
    tried = "once" if len(reasons) == 1 else f"{len(reasons)} times"
    return RegistryError(
        f"{what} failed",
        rule=f"It was tried {tried}: {'; '.join(reasons)}.",
        hint="Check the network and the registry, then run it again. "
        f"A mirror of docker.io can be named in {MIRRORS}.",
    )
