"""A kernel that is killed at any moment of a build: the next one finds all in order.

A round: a child builds a notebook and is killed at a random moment; the next child builds the same
notebook to its end, beginning with what a kernel does at its start. What was built by then must be
what an undisturbed build makes, step by step and in the end, whatever of it was in the cache.
"""

from __future__ import annotations

import os
import random
import re
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.children import Moment, Nursery, Story
from tests.faults.places import (
    CACHE,
    LABEL,
    Place,
    await_end,
    processes_with,
)

#: So many rounds of each engine in `make test`.
ROUNDS = {"docker": 4, "embedded": 12, "embedded without mounts": 8}
VICTIMS = ("kernel",) * 6 + ("kernel and helper", "workers and kernel")

Cells = list[tuple[str, str]]


def notebook(base: str, mark: str, recipe: int) -> Cells:
    """A notebook that no other round has built: each of its steps has `mark` below it."""
    begin = [("from", f"FROM {base}"), ("mark", f"LABEL {LABEL}={mark}\nENV MARK={mark}")]
    cache = f"--mount=type=cache,id={CACHE},target=/cache,sharing=locked"
    given = "--mount=type=secret,id=word --mount=target=/c"
    files = "mkdir /made; for i in 1 2 3 4 5 6 7 8; do seq 1 5000 >/made/$i; done"
    if recipe == 0:
        return [
            *begin,
            ("cache", f"RUN {cache} echo one; {files}; sleep 1000 & rm /bin/yes; echo two"),
            ("copy", "COPY . /context/"),
            ("folder", "WORKDIR /new/folder"),
        ]
    return [
        *begin,
        ("copy", "COPY --chown=7:8 some /context/some"),
        ("given", f"RUN {given} wc -c /run/secrets/word; cat /c/some/0 | wc -c >/counted"),
        ("change", "RUN echo more >>/context/some/1; echo said; rm -r /context/some/2"),
    ]


@dataclass(frozen=True)
class Truth:
    """What an undisturbed build makes."""

    results: list[object]
    tree: object
    gaps: list[float]

    @classmethod
    def of(cls, story: Story) -> Truth:
        assert [event["event"] for event in story.events][-2:] == ["closed", "ended"]
        later = [*story.times[1:], story.times[-1]]
        gaps = [after - before for before, after in zip(story.times, later, strict=True)]
        same = [without_mark(result["same"]) for result in story.of("result")]
        return cls(same, without_mark(story.the("tree")["tree"]), gaps)


def without_mark(told: object) -> object:
    """What was told, with the mark of the round in it replaced."""
    if isinstance(told, str):
        return re.sub(r"mark-\w+", "MARK", told)
    if isinstance(told, list):
        return [without_mark(each) for each in told]
    if isinstance(told, dict):
        return {key: without_mark(value) for key, value in told.items()}
    return told


@dataclass
class Rounds:
    """Rounds on one engine."""

    place: Place
    warm: Nursery
    context: Path
    truths: list[Truth]

    @classmethod
    def on(cls, place: Place, warm: Nursery, context: Path) -> Rounds:
        truths = []
        for recipe in range(2):
            cells = notebook(place.base, f"mark-truth{recipe}", recipe)
            story = warm.build(cells, context, place.environment, look=True)
            truths.append(Truth.of(story))
        return cls(place, warm, context, truths)

    def play(self, seed: int) -> str:
        """One round; returns what was going on when the kernel was killed."""
        chance = random.Random(seed)
        recipe = chance.randrange(2)
        truth, mark = self.truths[recipe], f"mark-{seed}"
        event = chance.randrange(len(truth.gaps) - 1)
        moment = Moment(event, chance.uniform(0, 1.2 * truth.gaps[event]), chance.choice(VICTIMS))
        cells = notebook(self.place.base, mark, recipe)
        killed = self.warm.build(cells, self.context, self.place.environment, moment=moment)
        again = self.warm.build(cells, self.context, self.place.environment, look=True)
        assert again.of("failed") == []
        assert Truth.of(again).results == truth.results
        assert Truth.of(again).tree == truth.tree
        self.check_hits(killed, again)
        self.check_nothing_is_left(killed, mark)
        return killed.last if killed.the("ended")["status"] == -signal.SIGKILL else "after its end"

    def check_hits(self, killed: Story, again: Story) -> None:
        """A step that had not come to its snapshot is built; one that was told of is a hit."""
        statuses = {result["step"]: result["status"] for result in again.of("result")}
        finished = {event["step"] for event in killed.of("finished")}
        reached: set[int] = set()
        step = 0
        for event in killed.events:
            step = event.get("step", step)
            if event["event"] == "snapshot":
                reached.add(step)
        for number, status in statuses.items():
            if number in finished:
                assert status == "cached", f"step {number} was told of, and lost"
            elif number > 1 and number not in reached:  # FROM has no snapshot phase
                assert status == "built", f"step {number} was killed, and is a hit"

    def check_nothing_is_left(self, killed: Story, mark: str) -> None:
        """After one more start: what a daemon was asked for before the kill comes when it comes."""
        self.warm.build([], self.context, self.place.environment)
        helper = killed.of("opened")[0]["helper"] if killed.of("opened") else None
        if helper is not None:
            await_end(helper)
        assert list(processes_with(f"MARK={mark}")) == []
        assert self.place.left_behind() == []


def rounds_of(name: str) -> tuple[int, range]:
    """The first seed, and the seeds."""
    first = int(os.environ.get("DOCKERNB_FAULT_SEED") or random.SystemRandom().randrange(10**9))
    count = int(os.environ.get("DOCKERNB_FAULT_ROUNDS") or ROUNDS[name])
    return first, range(first, first + count)


@pytest.mark.timeout(3600)
def test_what_a_killed_kernel_leaves_is_whole_or_not_there(
    place: Place, warm: Nursery, context: Path, request: pytest.FixtureRequest
) -> None:
    rounds = Rounds.on(place, warm, context)
    name = request.node.callspec.params["place"]
    moments: Counter[str] = Counter()
    for number, seed in enumerate(rounds_of(name)[1], start=1):
        try:
            moment = rounds.play(seed)
            moments[moment] += 1
            print(f"{name}, seed {seed}: {moment}", flush=True)
            if number % 20 == 0:
                place.check_images()
                place.tidy()
        except BaseException as error:
            error.add_note(f"DOCKERNB_FAULT_SEED={seed} DOCKERNB_FAULT_ROUNDS=1")
            raise
    place.check_images()
    for moment, count in sorted(moments.items()):
        print(f"{name}: killed {count} times at {moment}")
