"""What all handlers of a guest's system calls share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .arch import Arch
from .id_table import IdTable
from .ids import Ids
from .notify import Call, Listener
from .served import Served

if TYPE_CHECKING:
    from .traced import Traced

__all__ = ["GO_ON", "Context", "Handler", "Handlers", "int32", "uint32"]

#: A handler's result: the kernel shall do the call itself.
GO_ON = -(1 << 62)

#: Returns the call's result, GO_ON, or None when the call is already answered; raises OSError with
#: the error number that the caller gets.
Handler = Callable[[Call], "int | None"]
Handlers = dict[str, Handler]


@dataclass
class Context:
    """The state of a supervised guest.

    Args:
        served: Paths that the supervisor serves, on a rung without mounts.
        traced: What is known of a guest under PRoot.
        first_port: Ports below it are refused by the kernel.
        warnings: Kinds of things that could not be done as the kernel does them.
    """

    arch: Arch
    listener: Listener
    table: IdTable
    served: Served | None = None
    traced: Traced | None = None
    first_port: int = 0
    warnings: set[str] = field(default_factory=set)

    def restricted(self, call: Call) -> Ids | None:
        """The caller's ids if it is not root, else None: most calls of root need nothing."""
        if self.table.only_root:
            return None
        ids = self.table.of(call.pid)
        return None if ids.capable and not ids.user.file_system | ids.group.file_system else ids


def int32(register: int) -> int:
    """A register as a signed int."""
    low = register & 0xFFFFFFFF
    return low - (1 << 32) if low & 0x80000000 else low


def uint32(register: int) -> int:
    """A register as an unsigned int."""
    return register & 0xFFFFFFFF
