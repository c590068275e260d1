"""How fast bytes come."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..engines.base import Progress

__all__ = ["RateOf"]

_LEAST_SECONDS = 0.2  # before that a rate says nothing


class RateOf:
    """Bytes a second since the newest piece of work began.

    Args:
        clock: Seconds that go on.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun = clock()
        self._before = 0
        self._known = 0

    def note(self, pulls: Iterable[Progress]) -> None:
        """Something came closer; when a piece of work is new, the count begins anew."""
        every = list(pulls)
        if len(every) == self._known:
            return
        if self._known == 0 or all(_is_done(each) for each in every[: self._known]):
            self._begun = self._clock()
            self._before = _sum(every[: self._known])
        self._known = len(every)

    def of(self, pulls: Iterable[Progress]) -> float:
        """The rate now; 0 where it is not known, or all is done."""
        every = list(pulls)
        seconds = self._clock() - self._begun
        if seconds < _LEAST_SECONDS or all(_is_done(each) for each in every):
            return 0.0
        return max(0.0, (_sum(every) - self._before) / seconds)


def _is_done(progress: Progress) -> bool:
    return bool(progress.total) and progress.current >= progress.total


def _sum(pulls: Iterable[Progress]) -> int:
    return sum(each.current for each in pulls)
