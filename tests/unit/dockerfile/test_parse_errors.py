"""Errors: type, line, first line, and a next step."""

from __future__ import annotations

import pytest

from dockernb.dockerfile import check_stages, parse, parse_file
from dockernb.errors import (
    DockerfileError,
    DockerfileSyntaxError,
    NoStageError,
    UnknownInstructionError,
)


def refused(text: str) -> DockerfileSyntaxError:
    with pytest.raises(DockerfileSyntaxError) as caught:
        parse(text)
    return caught.value


def test_unknown_instruction_suggests_the_nearest_one() -> None:
    error = refused("FROM a\nRUM apt-get update\n")
    assert isinstance(error, UnknownInstructionError)
    assert error.message == 'unknown instruction "RUM" (did you mean RUN?)'
    assert error.where is not None
    assert error.where.line == 2
    assert "RUN" in (error.hint or "")


def test_unknown_instruction_far_from_all_suggests_nothing() -> None:
    assert refused("apt-get update").message == 'unknown instruction "apt-get"'


def test_error_shows_the_guilty_lines_of_a_continued_instruction() -> None:
    error = refused("FROM a\nCOPY --form=b \\\n  c d\nRUN e\n")
    assert error.where is not None
    assert (error.where.line, error.where.end_line) == (2, 3)
    assert ">>> 3 |   c d" in error.format_message()


def test_unknown_flag_suggests_and_lists_the_flags() -> None:
    error = refused("COPY --form=b c d")
    assert error.message == "unknown flag: --form (did you mean from?)"
    assert error.rule == ("COPY has --from, --chown, --chmod, --link, --parents, --exclude.")


def test_unknown_flag_of_an_instruction_without_flags() -> None:
    assert refused("ENV --a b=c").rule == "ENV has no flags."


RULES = {
    "FROM": "FROM requires either one or three arguments",
    "FROM a AS 1b": (
        'invalid name for build stage: "1b", name can\'t start with a number or contain symbols'
    ),
    "FROM --platform a": "missing a value on flag: --platform",
    "FROM --platform=a --platform=b c": "duplicate flag specified: --platform",
    "COPY a": (
        "COPY requires at least two arguments, but only one was provided. "
        "Destination could not be determined"
    ),
    "COPY --link=maybe a b": "expecting boolean value for flag --link, not: maybe",
    "COPY --link= a b": "missing a value on flag: --link",
    "ADD a <<EOF\nEOF": "ADD cannot accept a heredoc as a destination",
    "ENV": "ENV requires at least one argument",
    "ENV a": "ENV must have two arguments",
    "ENV =a": "ENV names can not be blank",
    "ARG =a": "ARG names can not be blank",
    "WORKDIR": "WORKDIR requires exactly one argument",
    "USER": "USER requires exactly one argument",
    "VOLUME ['']": None,
    'VOLUME [""]': "VOLUME specified can not be an empty string",
    "EXPOSE": "EXPOSE requires at least one argument",
    "SHELL": "SHELL requires at least one argument",
    "SHELL /bin/sh -c": "SHELL requires the arguments to be in JSON form",
    "SHELL ['/bin/sh']": "SHELL requires the arguments to be in JSON form",
    'CMD ["a", 1]': "when using JSON array syntax, arrays must be comprised of strings only",
    "ONBUILD": "ONBUILD requires at least one argument",
    "ONBUILD FROM a": "FROM isn't allowed as an ONBUILD trigger",
    "ONBUILD MAINTAINER a": "MAINTAINER isn't allowed as an ONBUILD trigger",
    "ONBUILD ONBUILD RUN a": "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    "HEALTHCHECK": "HEALTHCHECK requires at least one argument",
    "HEALTHCHECK RUN a": 'Unknown type "RUN" in HEALTHCHECK (try CMD)',
    "HEALTHCHECK CMD": "Missing command after HEALTHCHECK CMD",
    "HEALTHCHECK NONE a": "HEALTHCHECK NONE takes no arguments",
    "HEALTHCHECK --interval=5 CMD a": 'time: missing unit in duration "5"',
    "HEALTHCHECK --interval=5d CMD a": 'time: unknown unit "d" in duration "5d"',
    "HEALTHCHECK --interval=s CMD a": 'time: invalid duration "s"',
    "HEALTHCHECK --timeout=1us CMD a": 'Interval "timeout" cannot be less than 1ms',
    "HEALTHCHECK --retries=-1 CMD a": "--retries cannot be negative (-1)",
    "HEALTHCHECK --retries=x CMD a": '--retries must be a whole number, not "x"',
    "RUN --network=hots a": 'invalid network mode "hots" (did you mean host?)',
    "RUN --security=none a": 'security "none" is not valid',
    "RUN --device=name=a,name=b c": "device name already set to a",
    "RUN <<EOF\na": "unterminated heredoc: no line 'EOF' ends <<EOF",
    "# escape=x\nRUN a": "invalid escape token 'x' does not match ` or \\",
    "# syntax=a\n# syntax=b\n": "only one syntax parser directive can be used",
    f"RUN {'a' * 70_000}": "dockerfile line greater than max allowed size of 65535",
}


@pytest.mark.parametrize("text", [text for text, rule in RULES.items() if rule])
def test_rule_is_named_and_a_next_step_given(text: str) -> None:
    error = refused(text)
    assert error.message == RULES[text]
    assert error.where is not None
    assert error.hint


def test_single_quotes_make_no_json_and_are_taken_as_a_path() -> None:
    assert parse("VOLUME ['']")[0].name == "VOLUME"


def test_instruction_before_from_has_no_stage() -> None:
    with pytest.raises(NoStageError) as caught:
        parse_file("ARG A\n\nRUN a\nFROM b\n")
    error = caught.value
    assert error.message == "no build stage in current context"
    assert error.where is not None
    assert error.where.line == 3
    assert "FROM <image>" in (error.hint or "")


def test_stage_error_comes_before_errors_further_down() -> None:
    with pytest.raises(NoStageError):
        parse_file("RUN a\nFOO b\n")


def test_cells_are_checked_for_stages_on_their_own() -> None:
    check_stages(parse("ARG A\nFROM a\nRUN b\n"))
    with pytest.raises(NoStageError):
        check_stages(parse("RUN b\n"), "RUN b\n")


def test_whole_file_needs_an_instruction() -> None:
    with pytest.raises(DockerfileError) as caught:
        parse_file("# nothing\n")
    assert caught.value.message == "file with no instructions"
