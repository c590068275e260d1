"""An exercise as its check file says it, and how such a file is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dockernb.dockerfile.suggest import did_you_mean
from dockernb.errors import CheckFileError

from .config_rule import ConfigRule
from .document import Document
from .file_rule import FileRule
from .history_rule import HistoryRule
from .image_rule import ImageRule
from .run_rule import RunRule
from .secret_rule import SecretRule
from .start_rule import StartRule
from .subject import Rule
from .table import Table

__all__ = ["Exercise", "Expectation", "Mistake", "find_exercise", "parse_exercise"]

_RULES: dict[str, Callable[[Table], Rule]] = {
    "file": FileRule.read,
    "config": ConfigRule.read,
    "image": ImageRule.read,
    "history": HistoryRule.read,
    "secret": SecretRule.read,
    "run": RunRule.read,
    "start": StartRule.read,
}
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LIMIT = 256 * 1024


@dataclass(frozen=True)
class Mistake:
    """A way to get it wrong that is worth hints of its own.

    Args:
        rule: Holds for a snapshot with this mistake.
        missing: In the place of the expectation's; "": that one.
    """

    rule: Rule
    hints: tuple[str, ...]
    missing: str = ""


@dataclass(frozen=True)
class Expectation:
    """One thing that must be so.

    Args:
        says: What is right, when it is.
        missing: What is missing, when it is not.
        hints: From a slight one to a plain one; each new attempt shows the next.
        needs: Names of expectations that must hold before this one is examined.
    """

    name: str
    rule: Rule
    says: str
    missing: str
    hints: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()
    needs: tuple[str, ...] = ()
    points: int = 1


@dataclass(frozen=True)
class Exercise:
    """What a check file asks for.

    Args:
        goal: What is to be achieved, for the reader.
    """

    name: str
    title: str
    goal: str
    expectations: tuple[Expectation, ...]


def find_exercise(folder: Path, name: str) -> Exercise:
    """The exercise `NAME.toml` in a folder of check files.

    Raises:
        CheckFileError: there is none, or it is wrong.
    """
    path = folder / f"{name}.toml"
    # The name comes from a notebook: it names a file of this folder, and no other file.
    if _NAME.fullmatch(name) is None or not path.resolve().is_relative_to(folder.resolve()):
        raise CheckFileError(
            f'"{name}" is no name of an exercise',
            rule='A name has small letters, digits and "-": it is a file of the checks folder.',
        )
    if not path.is_file():
        known = sorted(each.stem for each in folder.glob("*.toml")) if folder.is_dir() else []
        raise CheckFileError(
            f'there is no exercise "{name}"{did_you_mean(name, known)}',
            rule=f"looked for: {path}",
            hint=f"exercises here: {', '.join(known) or 'none'}",
        )
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise CheckFileError(f'the check file "{path}" cannot be read: {err}') from err
    if len(data) > _LIMIT:
        raise CheckFileError(f'the check file "{path}" is larger than {_LIMIT // 1024} KiB')
    return parse_exercise(name, Document(f"checks/{path.name}", text))


def parse_exercise(name: str, document: Document) -> Exercise:
    """The exercise that a check file says.

    Raises:
        CheckFileError: the file is wrong; the place is the line of the key, where it is known.
    """
    table = Table(document, document.values())
    title, goal = table.text("title"), table.text("goal", "-").removeprefix("-")
    expectations = tuple(_expectation(each) for each in table.tables("expect"))
    table.finish()
    if not expectations:
        raise table.error("", "the check file has no [[expect]]")
    _check_names(table, expectations)
    return Exercise(name, title, goal, expectations)


def _expectation(table: Table) -> Expectation:
    expectation = Expectation(
        name=table.text("name"),
        says=table.text("says"),
        missing=table.text("missing"),
        hints=_hints(table),
        needs=table.texts("needs"),
        points=table.number("points", 1),
        rule=_rule(table),
        mistakes=tuple(_mistake(each) for each in table.tables("mistake")),
    )
    table.finish()
    return expectation


def _mistake(table: Table) -> Mistake:
    missing = table.text("missing", "-").removeprefix("-")
    mistake = Mistake(_rule(table), _hints(table), missing)
    table.finish()
    return mistake


def _hints(table: Table) -> tuple[str, ...]:
    hints = tuple(" ".join(hint.split()) for hint in table.texts("hints"))
    if not hints or not all(hints):
        raise table.error("hints", f"{table.name_of('hints')} needs one hint or more")
    return hints


def _rule(table: Table) -> Rule:
    there = [name for name in _RULES if table.has(name)]
    if len(there) != 1:
        guesses = (did_you_mean(key, _RULES) for key in table.values)
        unknown = next((guess for guess in guesses if guess), "")
        what = "two rules" if there else f"no rule{unknown}"
        raise table.error("", f"an expectation has one rule of {', '.join(_RULES)}; here: {what}")
    below = table.table(there[0])
    rule = _RULES[there[0]](below)
    below.finish()
    return rule


def _check_names(table: Table, expectations: tuple[Expectation, ...]) -> None:
    above: list[str] = []
    for number, expectation in enumerate(expectations):
        place = Table(table.document, {}, ("expect",), number)
        if expectation.name in above:
            raise place.error("name", f'there are two expectations "{expectation.name}"')
        for need in expectation.needs:
            if need not in above:
                guess = did_you_mean(need, above)
                raise place.error("needs", f'no expectation "{need}" stands above{guess}')
        above.append(expectation.name)
