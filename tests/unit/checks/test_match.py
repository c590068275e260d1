from __future__ import annotations

import pytest

from dockernb.checks.match import Match, Value, shown


@pytest.mark.parametrize(
    ("match", "yes", "no"),
    [
        (Match("is", (("a", "b"),)), ("a", "b"), ("a b",)),
        (Match("is_not", ("root",)), None, "root"),
        (Match("matches", ("^a b$",)), ("a", "b"), ("b", "a")),
        (Match("matches", ("^line$",)), "one\nline\n", "one line"),
        (Match("lacks", ("x",)), None, "axe"),
        (Match("one_of", ("1", "2")), "2", 2),
        (Match("set", (True,)), "a", ()),
        (Match("set", (False,)), None, ("a",)),
    ],
)
def test_condition_holds_for_one_and_not_for_the_other(match: Match, yes: Value, no: Value) -> None:
    assert match.holds(yes)
    assert not match.holds(no)


def test_values_are_shown_as_in_a_dockerfile() -> None:
    assert shown(("redis-server", "--port")) == '["redis-server", "--port"]'
    assert (shown("a"), shown(3), shown(None), shown(())) == ('"a"', "3", "not set", "not set")
