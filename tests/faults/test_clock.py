"""A clock that is set back between two kernels, and in the middle of a notebook."""

from __future__ import annotations

from pathlib import Path

from tests.faults.children import Nursery, Story
from tests.faults.places import Place
from tests.faults.test_killed import notebook

YEAR = 365 * 86400


def statuses(story: Story) -> list[str]:
    assert story.of("failed") == []
    return [result["status"] for result in story.of("result")]


def test_a_clock_that_goes_backwards_changes_nothing(
    place: Place, warm: Nursery, context: Path
) -> None:
    """What was built in the future is a hit, and of no age; what changed meanwhile is built."""
    cells = notebook(place.base, "mark-clock", 1)
    longer = [*cells, ("more", "RUN echo more")]
    assert set(statuses(warm.build(cells, context, place.environment))) == {"built"}
    back = warm.build(longer, context, place.environment, clock=-YEAR)
    assert statuses(back) == ["cached"] * (len(cells) + 1) + ["built"]
    ages = [result["age"] for result in back.of("result")]
    assert all(0 <= age < YEAR for age in ages)
    (context / "some" / "0").write_bytes(b"changed")
    changed = warm.build(longer, context, place.environment, clock=-2 * YEAR)
    assert statuses(changed)[:4] == ["cached", "cached", "cached", "built"]
    again = warm.build(longer, context, place.environment, clock=-2 * YEAR)
    assert set(statuses(again)) == {"cached"}
    now = warm.build(longer, context, place.environment)
    assert set(statuses(now)) == {"cached"}
    assert place.left_behind() == []
