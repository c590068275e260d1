"""Which value an ARG has, and which variables an instruction used."""

from __future__ import annotations

import pytest

from dockernb.build.state import BuildState
from dockernb.build.variables import (
    PROXY_ARGS,
    Expander,
    declared_args,
    platform_args,
    proxy_environment,
    resolve_global_arg,
    resolve_stage_arg,
)
from dockernb.dockerfile.instructions import Arg
from dockernb.oci.config import Platform

STATE = BuildState((Arg("G", "global"), Arg("EMPTY", ""), Arg("UNSET"), Arg("G", "later")))


@pytest.mark.parametrize(
    ("text", "value", "used"),
    [
        ("$A-${B}", "1-", {"A", "B"}),
        ("'$A'", "$A", set()),
        (r"\$A", "$A", set()),
        ("${B:-$A}", "1", {"A", "B"}),
        ("plain", "plain", set()),
    ],
)
def test_expander_remembers_what_was_asked_for(text: str, value: str, used: set[str]) -> None:
    expander = Expander({"A": "1"})
    assert expander.word(text) == value
    assert expander.used == used


def test_expander_collects_over_words_and_bodies() -> None:
    expander = Expander({"A": "1 2", "B": "3"})
    assert expander.words("$A") == ["1", "2"]
    assert expander.body("'$B' \"q\"\n") == "'3' \"q\"\n"
    assert expander.used == {"A", "B"}


@pytest.mark.parametrize(
    ("arg", "build_args", "value"),
    [
        (Arg("A"), {}, None),
        (Arg("A"), {"A": ""}, ""),
        (Arg("A", "d"), {}, "d"),
        (Arg("A", "d"), {"A": "b"}, "b"),
        (Arg("A", "$G"), {}, "later"),
        (Arg("A", "$UNSET$P"), {}, "amd64"),
        (Arg("P"), {}, None),
        (Arg("P", "d"), {}, "d"),
    ],
)
def test_arg_before_from(arg: Arg, build_args: dict[str, str], value: str | None) -> None:
    assert resolve_global_arg(arg, STATE, build_args, {"P": "amd64"}) == Arg(arg.key, value)


@pytest.mark.parametrize(
    ("arg", "default", "build_args", "value"),
    [
        (Arg("A"), None, {}, None),
        (Arg("A"), "", {}, ""),
        (Arg("A"), "d", {}, "d"),
        (Arg("A"), "d", {"A": "b"}, "b"),
        (Arg("G"), None, {}, "later"),
        (Arg("G"), "d", {}, "d"),
        (Arg("EMPTY"), None, {}, ""),
        (Arg("P"), None, {}, "amd64"),
    ],
)
def test_arg_in_a_stage(
    arg: Arg, default: str | None, build_args: dict[str, str], value: str | None
) -> None:
    found = resolve_stage_arg(arg, default, STATE, build_args, {"P": "amd64"})
    assert found == Arg(arg.key, value)


def test_platform_args() -> None:
    values = platform_args(Platform(), Platform("linux", "arm", "v7"))
    assert values["BUILDPLATFORM"] == "linux/amd64"
    assert values["TARGETPLATFORM"] == "linux/arm/v7"
    assert (values["TARGETARCH"], values["TARGETVARIANT"]) == ("arm", "v7")
    assert (values["BUILDVARIANT"], values["TARGETOSVERSION"]) == ("", "")


def test_declared_args_are_those_with_a_value_the_last_one_counts() -> None:
    assert declared_args(STATE.global_args) == {"G": "later", "EMPTY": ""}


def test_proxy_reaches_run_in_capitals_and_in_small_letters() -> None:
    given = {"HTTP_PROXY": "a", "https_proxy": "b", "no_proxy": "", "OTHER": "c"}
    assert proxy_environment(given) == {
        "HTTP_PROXY": "a", "http_proxy": "a", "HTTPS_PROXY": "b", "https_proxy": "b",
    }  # fmt: skip
    assert len(PROXY_ARGS) == 10
