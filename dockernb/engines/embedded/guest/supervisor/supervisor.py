"""Answers the calls of a guest, one after the other."""

from __future__ import annotations

import errno
import os

from . import (
    attribute_calls,
    folder_calls,
    id_calls,
    limit_calls,
    network_calls,
    open_calls,
    owner_calls,
    program_calls,
    status_calls,
)
from .arch import native
from .context import GO_ON, Context, Handler
from .id_table import IdTable
from .ids import Ids
from .notify import Listener
from .served import Served
from .traced import Traced

__all__ = ["Supervisor"]

_MODULES = (
    attribute_calls,
    folder_calls,
    id_calls,
    limit_calls,
    network_calls,
    open_calls,
    owner_calls,
    program_calls,
    status_calls,
)


class Supervisor:
    """Serves one guest.

    Args:
        listener: The descriptor that the guest's filter sends calls to; not closed here.
        initial: Who the guest starts as.
        first_port: Of those that the kernel lets it bind.
        traced: For a guest under PRoot; `roots` are where its tree ends upwards.
    """

    def __init__(
        self,
        listener: int,
        initial: Ids,
        served: Served | None,
        traced: Traced | None = None,
        roots: tuple[os.stat_result, ...] = (),
        first_port: int = 0,
    ) -> None:
        arch = native()
        self._listener = Listener(listener, roots)
        self._context = Context(arch, self._listener, IdTable(initial), served, traced, first_port)
        self._handlers: dict[int, Handler] = {}
        numbers = {**arch.calls, **{name: number for name, (number, _) in arch.limit_calls.items()}}
        found = [module.handlers(self._context) for module in _MODULES]
        for handlers in [*found, traced.handlers(self._context) if traced else {}]:
            for name, handler in handlers.items():
                if name in numbers:
                    self._handlers[numbers[name]] = handler

    @property
    def warnings(self) -> tuple[str, ...]:
        """What could not be done as the kernel does it."""
        return tuple(sorted(self._context.warnings))

    def answer_one(self) -> None:
        """Receives one call and answers it."""
        listener = self._listener
        call = listener.receive()
        if call is None:
            return
        traced = self._context.traced
        if traced:
            if call.pid == traced.tracer:
                listener.let_go_on(call)
                return
            traced.meet(call)
        handler = self._handlers.get(call.number)
        try:
            result = GO_ON if handler is None else handler(call)
        except OSError as error:
            listener.refuse(call, error.errno or errno.EIO)
        except (ValueError, OverflowError):
            listener.refuse(call, errno.EINVAL)  # what no kernel would take either
        else:
            if result == GO_ON:
                listener.let_go_on(call)
            elif result is not None:
                listener.answer(call, result)
