"""What the environment says of limits, and what is said of them."""

from __future__ import annotations

import pytest

from dockernb.engines.embedded.guest import Limits, Rung
from dockernb.engines.embedded.limits import limits_from_environment, limits_in_words
from dockernb.errors import EngineNotAvailableError


@pytest.mark.parametrize(
    ("text", "size"),
    [("2g", 2 << 30), ("512M", 512 << 20), ("512mb", 512 << 20), ("8388608", 8 << 20), ("", None)],
)
def test_memory_is_written_as_for_docker(text: str, size: int | None) -> None:
    assert limits_from_environment({"DOCKERNB_MEMORY": text}) == Limits(memory=size)


@pytest.mark.parametrize("text", ["much", "-1g", "1k", "1.5g", "2t", "9" * 30])
def test_other_sizes_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(EngineNotAvailableError) as raised:
        limits_from_environment({"DOCKERNB_MEMORY": text})
    assert f'"{text}"' in raised.value.message
    assert raised.value.hint == "export DOCKERNB_MEMORY=2g"


@pytest.mark.parametrize("text", ["0", "many", "-5", "99999999", "٣"])
def test_other_numbers_of_processes_are_refused(text: str) -> None:
    with pytest.raises(EngineNotAvailableError):
        limits_from_environment({"DOCKERNB_PIDS": text})
    assert limits_from_environment({"DOCKERNB_PIDS": "300"}).processes == 300


@pytest.mark.parametrize(
    ("limits", "rung", "groups", "words"),
    [
        (Limits(), 4, [], "none; DOCKERNB_MEMORY=2g and DOCKERNB_PIDS=1000 would set some"),
        (Limits(), 1, ["pids"], "4,096 processes"),
        (Limits(1 << 30, 9), 2, ["memory", "pids"], "1,073,741,824 bytes of memory; 9 processes"),
        (
            Limits(processes=9),
            5,
            [],
            "9 processes: not kept, root is only limited by control groups",
        ),
        (
            Limits(processes=9),
            6,
            [],
            "9 processes of this user, all in all (no control group can be made here)",
        ),
    ],
)
def test_limits_are_told_with_how_they_are_kept(
    limits: Limits, rung: int, groups: list[str], words: str
) -> None:
    assert limits_in_words(limits, {"rung": Rung(rung), "groups": groups}) == words
