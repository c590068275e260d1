"""What the word at the cursor means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from dockernb.dockerfile.reference import INSTRUCTIONS, FlagReference, InstructionReference
from dockernb.dockerfile.secret_names import looks_secret

from .cursor import Place, place_at
from .knowledge import Knowledge
from .mount_options import MOUNT_TYPES, option_at, type_of
from .wanted import MagicShape

__all__ = ["Help", "MagicHelp", "help_at"]

_VARIABLE = re.compile(r"\$\{?(\w+)")
_SECRET_VARIABLE = re.compile(r"--mount=\S*\btype=secret\b\S*")
_LONGEST_VALUE = 1000


class MagicHelp(MagicShape, Protocol):
    """A magic that explains itself."""

    @property
    def usage(self) -> str: ...

    @property
    def help(self) -> str: ...


@dataclass(frozen=True)
class Help:
    """An explanation.

    Args:
        code: What it is about, as it is typed.
        prose: Paragraphs; what stands in backticks is code.
        rows: Words and what they mean.
        example: A cell.
    """

    code: str
    prose: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    example: str = ""


def help_at(
    code: str, cursor: int, magics: Sequence[MagicHelp], knowledge: Knowledge
) -> Help | None:
    """The explanation; None when nothing is known of the place."""
    place = place_at(code, cursor).inner()
    variable = _variable_at(place.full_word, len(place.word))
    if place.kind == "comment":
        return None
    if place.kind == "magic":
        return _magic((*place.words, place.full_word)[0], magics)
    if variable is not None:
        return _variable(variable, place, knowledge)
    if place.kind != "instruction":
        return None
    name = (*place.words, place.full_word)[0].upper()
    entry = INSTRUCTIONS.get(name)
    if entry is None:
        return None
    flag_name, _, value = place.full_word.partition("=")
    flag = next((flag for flag in entry.flags if flag.name == flag_name), None)
    if flag is not None:
        inside = len(place.word) - len(flag_name) - 1
        mount = _mount(value, inside) if flag_name == "--mount" and inside >= 0 else None
        return mount or _flag(entry, flag)
    key = place.full_word.partition("=")[0]
    if name in ("ENV", "ARG") and place.words and key in knowledge.variables():
        return _variable(key, place, knowledge)
    return _instruction(entry)


def _variable_at(word: str, offset: int) -> str | None:
    for found in _VARIABLE.finditer(word):
        if found.start() <= offset <= found.end():
            return found[1]
    return None


def _variable(name: str, place: Place, knowledge: Knowledge) -> Help:
    """A variable's value here; never that of a secret."""
    if name in set(_secret_variables(place.head)):
        return Help(name, ("A secret, for this command only. Its value is never shown.",))
    variables = knowledge.variables()
    if name not in variables:
        return Help(f"{name} is not set here: no ENV or ARG above gives it a value.")
    if looks_secret(name):
        text = "It is set. By its name it may be a secret, so its value is not shown."
        return Help(name, (text,))
    value = variables[name]
    more = len(value) - _LONGEST_VALUE
    return Help(f"{name}={value[:_LONGEST_VALUE]}" + (f"... ({more} characters more)" * (more > 0)))


def _secret_variables(head: str) -> Iterator[str]:
    """Variables that hold a mounted secret: `env=NAME`."""
    for mount in _SECRET_VARIABLE.findall(head):
        options = dict(option.partition("=")[::2] for option in mount[len("--mount=") :].split(","))
        if "env" in options:
            yield options["env"] or options.get("id", "")


def _magic(written: str, magics: Sequence[MagicHelp]) -> Help | None:
    for magic in magics:
        if magic.written == written:
            return Help(magic.usage, tuple(magic.help.split("\n\n")))
    return None


def _flag(entry: InstructionReference, flag: FlagReference) -> Help:
    values = f"Values: {', '.join(f'`{value}`' for value in flag.values)}"
    return Help(f"{entry.name} {flag.usage}", (flag.text, *([values] if flag.values else [])))


def _mount(value: str, offset: int) -> Help | None:
    """The option of a mount that the cursor is in.

    Args:
        offset: Of the cursor in `value`.
    """
    kind = type_of(value)
    start = 0
    for part in value.split(","):
        if start <= offset <= start + len(part):
            key, _, written = part.partition("=")
            if key == "type":
                return _mount_type(written)
            option = option_at(kind, key)
            if option is None:
                return None
            values = f"Values: {', '.join(f'`{each}`' for each in option.values)}"
            prose = (option.text, *([values] if option.values else []))
            return Help(f"--mount=type={kind},{option.name}", prose)
        start += len(part) + 1
    return None


def _mount_type(kind: str) -> Help | None:
    if kind not in MOUNT_TYPES:
        return None
    text, options = MOUNT_TYPES[kind]
    rows = tuple((option.name, option.text) for option in options)
    return Help(f"--mount=type={kind}", (text,), rows)


def _instruction(entry: InstructionReference) -> Help:
    rows = tuple((flag.usage, flag.text) for flag in entry.flags)
    return Help("\n".join(entry.syntax), (entry.effect,), rows, entry.example)
