"""The state between two instructions: equal tokens mean equal results below."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dockernb.build.state import BuildState
from dockernb.dockerfile.instructions import Arg
from dockernb.errors import StageNotFoundError

from .building import PATH, stage

OTHER = "sha256:" + "1" * 64
STATE = BuildState((Arg("A", "1"),), (stage("one"), stage("two", OTHER)), step=3)


@pytest.mark.parametrize(
    "other",
    [
        replace(STATE, step=9),
        replace(STATE, begun=True),
        replace(STATE, global_args=(Arg("A", "1", "a comment"),)),
        STATE.with_stage(replace(STATE.stages[-1], index=7)),
    ],
)
def test_token_leaves_out_what_no_instruction_depends_on(other: BuildState) -> None:
    assert other.token == STATE.token


@pytest.mark.parametrize(
    "other",
    [
        BuildState(),
        replace(STATE, global_args=()),
        replace(STATE, global_args=(Arg("A"),)),
        replace(STATE, escape="`"),
        replace(STATE, stages=STATE.stages[:1]),
        replace(STATE, stages=STATE.stages[::-1]),
        STATE.with_stage(stage("three", OTHER)),
        STATE.with_stage(stage("two")),
        STATE.with_stage(replace(STATE.stages[-1], cmd_set=True)),
        STATE.with_stage(replace(STATE.stages[-1], args=(Arg("B"),))),
        STATE.with_stage(replace(STATE.stages[-1], args=(Arg("B", ""),))),
        STATE.with_stage(STATE.stages[-1].with_variable("B", "2")),
        STATE.with_stage(STATE.stages[-1].with_runtime(onbuild=("RUN x",))),
    ],
)
def test_token_holds_what_instructions_below_depend_on(other: BuildState) -> None:
    assert other.token != STATE.token


@pytest.mark.parametrize(
    ("name", "image"),
    [("one", 0), ("ONE", 0), ("two", 1), ("0", 0), ("1", 1), ("2", None), ("busybox", None)],
)
def test_stage_is_found_by_name_in_any_case_or_by_number(name: str, image: int | None) -> None:
    found = STATE.find_stage(name)
    assert found == (None if image is None else STATE.stages[image])


def test_of_two_stages_with_one_name_the_later_counts() -> None:
    state = BuildState(stages=(stage("a"), stage("a", OTHER)))
    assert state.find_stage("a") is state.stages[1]


def test_missing_stage_is_an_error_that_lists_those_there_are() -> None:
    unnamed = replace(STATE, stages=(stage(), replace(stage("b"), index=1)))
    with pytest.raises(StageNotFoundError, match='"no"') as caught:
        unnamed.need_stage("no")
    assert caught.value.rule == 'stages of this notebook: "0", "b"'
    with pytest.raises(StageNotFoundError) as caught:
        BuildState().need_stage("no")
    assert caught.value.rule == "stages of this notebook: none"


def test_variable_set_again_keeps_its_place() -> None:
    changed = stage().with_variable("A", "1").with_variable("B", "2").with_variable("A", "3")
    assert list(changed.variables.items()) == [("PATH", "/bin"), ("A", "3"), ("B", "2")]


def test_args_are_the_variables_that_env_does_not_set() -> None:
    here = stage().with_runtime(env=(PATH, "E=1")).with_variable("E", "1").with_variable("A", "2")
    assert here.arg_values == {"A": "2"}
    assert here.with_variable("E", "of an ARG below").arg_values == {
        "A": "2",
        "E": "of an ARG below",
    }


def test_label_is_the_name_or_the_number() -> None:
    assert (stage("a").label, replace(stage(), index=4).label) == ("a", "4")
