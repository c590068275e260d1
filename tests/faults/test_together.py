"""Several kernels at once, on one notebook and on one store; snapshots that go meanwhile."""

from __future__ import annotations

from pathlib import Path

from tests.faults.children import Nursery, Story, order_of
from tests.faults.notebooks import Notebooks
from tests.faults.places import LABEL, DockerPlace, EmbeddedPlace
from tests.faults.test_killed import Truth, notebook

SAME, OTHERS = 4, 4


def test_eight_kernels_at_once_build_what_each_would_alone(
    place: DockerPlace | EmbeddedPlace, warm: Nursery, context: Path, tmp_path: Path
) -> None:
    """Half of them one notebook, and beside them one that removes all that nobody needs."""
    truth = Truth.of(
        warm.build(notebook(place.base, "mark-alone", 0), context, place.environment, look=True)
    )
    marks = ["mark-same"] * SAME + [f"mark-{number}" for number in range(OTHERS)]
    orders = [
        order_of(notebook(place.base, mark, 0), context, place.environment, look=True)
        for mark in marks
    ]
    if isinstance(place, EmbeddedPlace):
        orders.append(order_of([], context, place.environment, prunes=20))
    (tmp_path / "said").mkdir()
    stories = warm.crowd(orders, tmp_path / "said")
    for story in stories:
        assert [event["error"] for event in story.of("failed")] == []
        assert story.events[-1]["event"] == "closed"
    for story in stories[: len(marks)]:
        assert results(story) == truth.results
        assert Truth.of(with_end(story)).tree == truth.tree
    warm.build([], context, place.environment)
    assert place.left_behind() == []
    place.check_images()


def results(story: Story) -> list[object]:
    return Truth.of(with_end(story)).results


def with_end(story: Story) -> Story:
    """As of a child that was followed."""
    events = [*story.events, {"event": "ended", "status": 0}]
    return Story(events, [0.0] * len(events))


def test_snapshots_removed_behind_our_back_are_built_again_and_said_so(
    notebooks: Notebooks, tmp_path: Path
) -> None:
    place = notebooks.place
    begin = f"FROM {place.base}\nLABEL {LABEL}={tmp_path.name}"
    one = notebooks.open(tmp_path)
    one.run("from", begin)
    (first,) = one.run("first", "RUN echo 1 >/first")
    (second,) = one.run("second", "RUN echo 2 >/second")
    for result in (second, first):
        assert result.snapshot is not None
        place.remove(result.snapshot.id)
    (third,) = one.run("third", "RUN cat /first /second")
    assert third.log.text == "1\n2\n"
    again = notebooks.open(tmp_path)
    again.cells = dict(one.cells)
    for cell in ("from", "first", "second"):
        assert {each.status for each in again.run(cell)} == {"cached"}
    notebooks.close()
    place.tidy()
    later = notebooks.open(tmp_path)
    later.run("from", begin)
    (lost,) = later.run("first", "RUN echo 1 >/first")
    assert lost.status == "built"
