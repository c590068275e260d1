"""Every exercise of the course is met by its solution and by none of five typical wrong answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from .answers import EXERCISES, Answer, Bench, solution, wrong_answers

WRONG = [answer for exercise in EXERCISES for answer in wrong_answers(exercise)]


@pytest.mark.embedded
@pytest.mark.parametrize("exercise", EXERCISES)
def test_solution_is_right(embedded: Bench, tmp_path: Path, exercise: str) -> None:
    result = embedded.check(solution(exercise), tmp_path / "context")
    assert result.ok, [answer for answer in result.answers if answer.status != "right"]
    assert result.score == result.max_score


@pytest.mark.embedded
@pytest.mark.parametrize("answer", WRONG, ids=str)
def test_wrong_answer_gets_its_hint(embedded: Bench, tmp_path: Path, answer: Answer) -> None:
    result = embedded.check(answer, tmp_path / "context")
    found = next(each for each in result.answers if each.name == answer.missing)
    assert found.status == "missing", result.answers
    assert found.hint.startswith(answer.hint)
    assert result.score < result.max_score


@pytest.mark.parametrize("exercise", EXERCISES)
def test_exercise_has_five_wrong_answers(exercise: str) -> None:
    assert len(list(wrong_answers(exercise))) == 5


@pytest.mark.docker
def test_a_start_is_judged_alike_on_docker(docker: Bench, tmp_path: Path) -> None:
    right = docker.check(solution("start-command"), tmp_path / "right")
    assert right.ok, right.answers
    answer = next(each for each in wrong_answers("start-command") if each.missing == "stops")
    result = docker.check(answer, tmp_path / "wrong")
    found = next(each for each in result.answers if each.name == "stops")
    assert (found.status, found.hint[: len(answer.hint)]) == ("missing", answer.hint)
