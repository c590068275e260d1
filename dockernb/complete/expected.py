"""What the text alone says can stand at the cursor."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dockernb.dockerfile.reference import INSTRUCTIONS

from . import fixed
from .cursor import Place, place_at
from .flag_values import flag_value
from .magic_words import magic_words
from .shell_words import ASSIGNED, last_word
from .wanted import Kind, MagicShape, Wanted

__all__ = ["expected_at"]

_VARIABLE = re.compile(r"(?<!\\)\$(?P<brace>\{?)(?P<name>\w*)\Z")
_FLAG = re.compile(r"--\S*")
_HEREDOC_MARK = re.compile(r"<<-?\s*(['\"]?)\w+\1")
_SHELLS = re.compile(r"(?:/\S*/)?(?:ba|da|a|k|z)?sh\b")


def expected_at(code: str, cursor: int, magics: Sequence[MagicShape]) -> list[Wanted]:
    """All sorts of things that can stand at the cursor; the likelier ones first.

    Args:
        cursor: From 0 to the length of `code`, in characters.
    """
    place = place_at(code, cursor).inner()
    if place.kind == "comment":
        return _directive(place)
    if place.kind == "magic":
        return magic_words(place, magics)
    variable = _variable(place)
    if variable:
        return variable
    if place.kind == "shell":
        return _shell(place.body)
    if place.kind == "heredoc":
        return _heredoc(place)
    if not place.words:
        return [_instruction(place.word)]
    name = place.words[0].upper()
    if name not in INSTRUCTIONS:
        return []
    if all(word.startswith("--") for word in place.words[1:]) and place.word.startswith("-"):
        return _flag(name, place)
    return _ARGUMENTS[name](place) if name in _ARGUMENTS else []


def _instruction(typed: str) -> Wanted:
    lower = typed != "" and typed == typed.lower()
    names = tuple(name.lower() if lower else name for name in INSTRUCTIONS)
    return Wanted("keyword", typed, names)


def _directive(place: Place) -> list[Wanted]:
    """Parser directives stand in the first lines only."""
    if any(line.strip() and not line.startswith("#") for line in place.above.splitlines()):
        return []
    typed = place.head.lstrip()
    return [Wanted("keyword", typed, fixed.DIRECTIVES)] if typed.startswith("#") else []


def _variable(place: Place) -> list[Wanted]:
    text = place.body if place.kind in ("heredoc", "shell") else place.head
    found = _VARIABLE.search(text)
    if found is None:
        return []
    kind: Kind = "variable"
    if place.kind == "instruction" and _name_and_arguments(place.head)[0] == "FROM":
        kind = "global variable"
    close = "}" if found["brace"] else ""
    wanted = [Wanted(kind, found["name"], close=close)]
    if place.kind != "instruction" or _name_and_arguments(place.head)[0] == "RUN":
        own = [name for names in re.findall(ASSIGNED, text) for name in names if name]
        wanted.append(Wanted("value", found["name"], tuple(name + close for name in own)))
    return wanted


# --- flags --------------------------------------------------------------------------------------
def _flag(name: str, place: Place) -> list[Wanted]:
    entry = INSTRUCTIONS[name]
    flag_name, equals, value = place.word.partition("=")
    if equals:
        flag = next((flag for flag in entry.flags if flag.name == flag_name), None)
        return flag_value(name, flag, value) if flag else []
    used = {word.partition("=")[0] for word in place.words[1:]}
    texts = tuple(
        flag.name + ("=" if flag.value else "")
        for flag in entry.flags
        if flag.name not in used or flag.name in fixed.SEVERAL_TIMES
    )
    return [Wanted("flag", place.word, texts)]


# --- shell --------------------------------------------------------------------------------------
def _shell(text: str) -> list[Wanted]:
    word = last_word(text)
    if word.role in ("quoted", "comment") or word.text.startswith("-"):
        return []
    if word.role == "command" and "/" not in word.text:
        return [Wanted("command", word.text), Wanted("value", word.text, fixed.SHELL_WORDS)]
    return [Wanted("path", word.text, executable=word.role == "command")]


def _heredoc(place: Place) -> list[Wanted]:
    """The body of a script for the shell; what other programs read is theirs."""
    name, rest = _name_and_arguments(place.head)
    command = _HEREDOC_MARK.sub("", rest).strip()
    if name != "RUN" or (command and not _SHELLS.fullmatch(command)):
        return []
    first = place.body.partition("\n")[0]
    if first.startswith("#!") and not re.search(r"sh\b", first):
        return []
    return _shell(place.body)


def _name_and_arguments(head: str) -> tuple[str, str]:
    """The instruction's name, and its text behind the flags."""
    name, _, rest = head.lstrip().partition(" ")
    rest = rest.lstrip()
    while found := _FLAG.match(rest):
        rest = rest[found.end() :].lstrip()
    return name.upper(), rest


def _command(place: Place) -> list[Wanted]:
    """RUN, CMD, ENTRYPOINT: a command line, or its words in JSON."""
    rest = _name_and_arguments(place.head)[1]
    if not rest.startswith("["):
        return _shell(rest)
    count, typed = _json_words(rest)
    if typed is None:
        return []
    if count == 0 and "/" not in typed:
        return [Wanted("command", typed, close='"')]
    if typed.startswith("-"):
        return []
    return [Wanted("path", typed, executable=count == 0, blanks=True)]


def _json_words(text: str) -> tuple[int, str | None]:
    """How many strings of an array are whole, and the open one up to the cursor."""
    count, at = 0, 1
    while (start := text.find('"', at)) >= 0:
        end = start + 1
        while end < len(text) and text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        if end >= len(text):
            return count, text[start + 1 :]
        count, at = count + 1, end + 1
    return count, None


# --- arguments ----------------------------------------------------------------------------------
def _arguments(place: Place) -> tuple[list[str], str]:
    """The words before the cursor that are no flags, and the one at it."""
    rest = _name_and_arguments(place.head)[1]
    return rest[: len(rest) - len(place.word)].split(), place.word


def _from(place: Place) -> list[Wanted]:
    before, typed = _arguments(place)
    if not before:
        scratch = Wanted("value", typed, ("scratch",))
        return [Wanted("stage", typed), Wanted("image", typed), scratch]
    return [Wanted("keyword", typed, ("AS",))] if len(before) == 1 else []


def _copy(place: Place) -> list[Wanted]:
    """Sources and, last, a destination."""
    before, typed = _arguments(place)
    rest = _name_and_arguments(place.head)[1]
    blanks = rest.startswith("[")
    count = len(before)
    if blanks:
        count, word = _json_words(rest)
        if word is None:
            return []
        typed = word
    behind = place.rest.lstrip('"')[len(place.full_word) - len(place.word) :]
    more = bool(behind.strip(' "]'))
    sources, target = [_source(place, typed, blanks=blanks)], Wanted("path", typed, blanks=blanks)
    if typed.startswith("<<"):
        return []
    if more or count == 0:
        return sources
    return [target] if typed.startswith("/") else [target, *sources]


def _source(place: Place, typed: str, *, blanks: bool) -> Wanted:
    flags = [word for word in place.words if word.startswith("--from=")]
    if flags:
        return Wanted("path", typed, of=flags[-1].partition("=")[2], blanks=blanks)
    return Wanted("context", typed, blanks=blanks)


def _owner(place: Place) -> list[Wanted]:
    before, typed = _arguments(place)
    if before:
        return []
    _, colon, group = typed.partition(":")
    return [Wanted("group", group)] if colon else [Wanted("user", typed)]


def _volume(place: Place) -> list[Wanted]:
    rest = _name_and_arguments(place.head)[1]
    if not rest.startswith("["):
        return [Wanted("folder", place.word)]
    typed = _json_words(rest)[1]
    return [] if typed is None else [Wanted("folder", typed, blanks=True)]


def _healthcheck(place: Place) -> list[Wanted]:
    rest = _name_and_arguments(place.head)[1]
    word, blank, command = rest.partition(" ")
    if not blank:
        return [Wanted("keyword", place.word, ("CMD", "NONE"))]
    if word.upper() != "CMD":
        return []
    inner = f"CMD {command.lstrip()}"
    return _command(Place("instruction", inner, place.word, place.full_word))


def _first(kind: Kind, values: Sequence[str] = ()) -> Callable[[Place], list[Wanted]]:
    """Only the first word is known."""

    def wanted(place: Place) -> list[Wanted]:
        before, typed = _arguments(place)
        return [] if before else [Wanted(kind, typed, tuple(values))]

    return wanted


def _each(kind: Kind, values: Sequence[str] = ()) -> Callable[[Place], list[Wanted]]:
    """Every word can be one."""

    def wanted(place: Place) -> list[Wanted]:
        if "=" in place.word or '"' in place.word:
            return []
        return [Wanted(kind, place.word, tuple(values))]

    return wanted


def _shell_program(place: Place) -> list[Wanted]:
    rest = _name_and_arguments(place.head)[1]
    return [Wanted("value", rest, fixed.SHELLS)]


def _args(place: Place) -> list[Wanted]:
    if "=" in place.word:
        return []
    return [Wanted("argument", place.word), Wanted("value", place.word, fixed.PREDEFINED_ARGS)]


_ARGUMENTS: dict[str, Callable[[Place], list[Wanted]]] = {
    "FROM": _from,
    "RUN": _command,
    "CMD": _command,
    "ENTRYPOINT": _command,
    "COPY": _copy,
    "ADD": _copy,
    "WORKDIR": _first("folder"),
    "VOLUME": _volume,
    "USER": _owner,
    "ARG": _args,
    "ENV": _each("assignment"),
    "LABEL": _each("value", fixed.LABELS),
    "HEALTHCHECK": _healthcheck,
    "STOPSIGNAL": _first("value", fixed.SIGNALS),
    "SHELL": _shell_program,
    "ONBUILD": lambda place: [_instruction(place.word)],
}
