"""Answers to the exercises of `notebooks/checks`: the solutions, and wrong ones."""

from __future__ import annotations

import shutil
import threading
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dockernb.checks.evaluate import evaluate
from dockernb.checks.exercise import find_exercise
from dockernb.checks.result import CheckResult
from dockernb.checks.subject import Subject
from dockernb.session import Session

ROOT = Path(__file__).parents[3]
NOTEBOOKS = ROOT / "notebooks"
WRONG = ROOT / "tests" / "data" / "checks"
TOKEN = (NOTEBOOKS / "exercises" / "settings" / "token.txt").read_bytes()
EXERCISES = sorted(path.stem for path in (NOTEBOOKS / "checks").glob("*.toml"))


@dataclass(frozen=True)
class Answer:
    """What somebody built for an exercise.

    Args:
        files: Put into the build context: path -> text.
        missing: The expectation that is not met; "": all are met.
        hint: How its first hint begins.
    """

    exercise: str
    about: str
    dockerfile: str
    files: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.exercise}: {self.about}"


def solution(exercise: str) -> Answer:
    """The answer in `notebooks/solutions`."""
    folder = NOTEBOOKS / "solutions" / exercise
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    return Answer(exercise, "the solution", texts.pop("Dockerfile"), texts)


def wrong_answers(exercise: str) -> Iterator[Answer]:
    """The answers in `tests/data/checks`."""
    data = tomllib.loads((WRONG / f"{exercise}.toml").read_text())
    for each in data["wrong"]:
        yield Answer(exercise, **each)


def make_context(answer: Answer, folder: Path) -> Path:
    """A folder with the exercise's material and the answer's files."""
    material = NOTEBOOKS / "exercises" / answer.exercise
    if answer.exercise and material.is_dir():
        shutil.copytree(material, folder)
    folder.mkdir(exist_ok=True)
    for name, text in answer.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@dataclass
class Bench:
    """A session in which one answer after the other is built.

    Args:
        made: Image IDs of all snapshots.
    """

    session: Session
    made: set[str] = field(default_factory=set)

    def check(self, answer: Answer, context: Path) -> CheckResult:
        """Builds the answer, and checks it."""
        subject = self.built(answer, context)
        return evaluate(find_exercise(NOTEBOOKS / "checks", answer.exercise), subject, {})

    def built(self, answer: Answer, context: Path) -> Subject:
        """The answer built as the one cell of an empty notebook."""
        cancel = threading.Event()
        self.session.reset()
        self.session.set_context(make_context(answer, context))
        results = self.session.run_cell(
            answer.dockerfile, cell_id=None, order=None, listener=lambda _: None, cancel=cancel
        )
        self.made |= {
            result.snapshot.id
            for result in results
            if result.snapshot is not None and result.instruction != "FROM"
        }
        return self.session.subject(cell_id=None, order=None, cancel=cancel)
