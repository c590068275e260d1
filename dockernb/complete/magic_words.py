"""What can stand on a magic's line."""

from __future__ import annotations

from collections.abc import Sequence

from .cursor import Place
from .wanted import MagicShape, Wanted

__all__ = ["magic_words"]


def magic_words(place: Place, magics: Sequence[MagicShape]) -> list[Wanted]:
    """The magics' names; behind one its options, their values, and its arguments."""
    words, typed = place.words, place.word
    if not words:
        names = tuple(dict.fromkeys(magic.written for magic in magics))
        return [Wanted("magic", typed, names)]
    magic = next((each for each in magics if each.written == words[0].lower()), None)
    if magic is None:
        return []
    before = words[1:]
    if before and before[-1] in magic.options:
        return [Wanted(magic.options[before[-1]], typed)]
    option, equals, value = typed.partition("=")
    if equals and f"{option}=" in magic.options:
        return [Wanted(magic.options[f"{option}="], value)]
    wanted = []
    unused = tuple(word for word in magic.values if word not in before)
    if typed.startswith("-") or not magic.takes or not typed or unused:
        wanted.append(Wanted("value", typed, unused))
    if magic.takes and not typed.startswith("-"):
        place_of = min(_positionals(before, magic), len(magic.takes) - 1)
        wanted.insert(0, Wanted(magic.takes[place_of], typed))
    return wanted


def _positionals(before: Sequence[str], magic: MagicShape) -> int:
    """How many words are arguments and no options."""
    count = 0
    for index, word in enumerate(before):
        is_value = index > 0 and before[index - 1] in magic.options
        count += not (word.startswith("-") or is_value or word in magic.values)
    return count
