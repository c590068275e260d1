"""The registry of magics: one function each, its docstring is the help."""

from __future__ import annotations

import inspect
import shlex
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from dockernb.complete.wanted import Kind
from dockernb.dockerfile.suggest import did_you_mean
from dockernb.errors import DockernbError
from dockernb.kernel.cell import MagicLine
from dockernb.kernel.execution import Workspace
from dockernb.kernel.publish import Publisher

if TYPE_CHECKING:
    from dockernb.session import Session

__all__ = ["Magic", "MagicCall", "MagicError", "all_magics", "find_magic", "magic"]


class MagicError(DockernbError):
    """A magic does not exist or was given something that it cannot use."""


@dataclass(frozen=True)
class MagicCall:
    """What a magic gets.

    Args:
        body: For `%%name`: all lines below.
        ask: Asks the reader for a secret; only for magics on the main thread.
        cancel: Set when the reader interrupts.
    """

    line: MagicLine
    body: str
    workspace: Workspace
    publisher: Publisher
    ask: Callable[[str], str]
    cell_id: str | None
    cancel: threading.Event

    @property
    def session(self) -> Session:
        """The session; made when it is first asked for."""
        return self.workspace.session.get()

    def words(self, at_most: int) -> list[str]:
        """The arguments, split as a shell would.

        Raises:
            MagicError: there are more than `at_most`, or a quote is not closed.
        """
        try:
            words = shlex.split(self.line.argument)
        except ValueError as error:
            raise MagicError(f"%{self.line.name}: {str(error).lower()}") from error
        if len(words) > at_most:
            usage = find_magic(self.line.name, cell_magic=self.line.cell_magic).usage
            raise MagicError(
                f"%{self.line.name} takes at most {at_most} "
                f"argument{'' if at_most == 1 else 's'}, {len(words)} were given",
                hint=f"usage: {usage}",
            )
        return words

    def say(self, text: str) -> None:
        """One line of output."""
        self.publisher.stream(text + "\n")


@dataclass(frozen=True)
class Magic:
    """A magic.

    Args:
        usage: How it is written, `%name [ARG]`.
        cell_magic: True: written `%%name`, and the rest of the cell is its body.
        on_main_thread: True: it may ask the reader; everything else waits meanwhile.
        values: Fixed words that can follow; for completion, as are
        takes: What the arguments are in order, the last one repeated;
        options: and what stands behind an option.
    """

    name: str
    usage: str
    function: Callable[[MagicCall], None]
    cell_magic: bool = False
    on_main_thread: bool = False
    values: tuple[str, ...] = ()
    takes: tuple[Kind, ...] = ()
    options: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def written(self) -> str:
        """The name with its percent signs."""
        return ("%%" if self.cell_magic else "%") + self.name

    @property
    def help(self) -> str:
        """The whole help text."""
        return inspect.getdoc(self.function) or ""

    @property
    def summary(self) -> str:
        """The first line of the help text."""
        return self.help.partition("\n")[0]


_MAGICS: dict[str, Magic] = {}


def magic(
    usage: str,
    *,
    on_main_thread: bool = False,
    values: tuple[str, ...] = (),
    takes: tuple[Kind, ...] = (),
    options: Mapping[str, Kind] = MappingProxyType({}),
) -> Callable[[Callable[[MagicCall], None]], Callable[[MagicCall], None]]:
    """Registers a function as the magic that `usage` begins with."""
    written = usage.partition(" ")[0]

    def register(function: Callable[[MagicCall], None]) -> Callable[[MagicCall], None]:
        _MAGICS[written] = Magic(
            name=written.lstrip("%"),
            usage=usage,
            function=function,
            cell_magic=written.startswith("%%"),
            on_main_thread=on_main_thread,
            values=values,
            takes=takes,
            options=options,
        )
        return function

    return register


def all_magics() -> list[Magic]:
    """All magics, by name."""
    return [_MAGICS[written] for written in sorted(_MAGICS, key=lambda text: text.lstrip("%"))]


def find_magic(name: str, *, cell_magic: bool) -> Magic:
    """The magic with this name.

    Raises:
        MagicError: there is none; the message names the nearest.
    """
    written = ("%%" if cell_magic else "%") + name
    found = _MAGICS.get(written)
    if found is not None:
        return found
    guess = did_you_mean(written, _MAGICS, case_sensitive=False)
    raise MagicError(f'unknown magic "{written}"{guess}', hint="`%help` lists all magics.")
