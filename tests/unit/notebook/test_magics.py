"""Magics are told apart from Dockerfile text."""

from __future__ import annotations

import pytest

from dockernb.dockerfile.magics import (
    Magic,
    MagicArgumentError,
    SecretSource,
    parse_key_value,
    parse_secret,
    split_magics,
    without_magics,
)


def test_magic_lines_become_empty_lines_so_that_line_numbers_stay() -> None:
    magics, rest = split_magics("%arg A=1\n# note\n\n%context app\nRUN a\n")
    assert magics == (Magic("arg", "A=1", 1), Magic("context", "app", 4))
    assert rest == "\n# note\n\n\nRUN a\n"


def test_percent_line_below_an_instruction_is_no_magic() -> None:
    source = "RUN <<E\n%not magic\nE\n"
    assert split_magics(source) == ((), source)


def test_crlf_is_done_by_the_text_alone() -> None:
    assert split_magics("%arg A=1\n%crlf\nRUN a") == ((Magic("arg", "A=1", 1),), "\n\nRUN a")


def test_cell_magic_takes_the_rest_as_its_body() -> None:
    magics, rest = split_magics("%%shell -x\n%ls\nls /\n")
    assert magics == (Magic("shell", "-x", 1, cell_magic=True),)
    assert rest == "\n%ls\nls /\n"
    assert without_magics("%%shell\nls\n") is None


@pytest.mark.parametrize(
    ("source", "exported"),
    [
        ("RUN a", "RUN a"),
        ("%arg A=1\nRUN a", "RUN a"),
        ("%arg A=1\n\n\nRUN a", "RUN a"),
        ("# top\n%arg A=1\n# below\nRUN a", "# top\n# below\nRUN a"),
        ("%arg A=1\n# escape=`\nRUN a", "# escape=`\nRUN a"),
        ("\n# escape=`\nRUN a", "\n# escape=`\nRUN a"),
        ("%crlf\nRUN <<E\na\nE", "RUN <<E\r\na\r\nE"),
        ("%crlf off\nRUN a\nb", "RUN a\nb"),
        ("%help", ""),
        ("%", ""),
        ("", ""),
    ],
)
def test_export_leaves_out_magics_and_the_blank_lines_below_them(
    source: str, exported: str
) -> None:
    assert without_magics(source) == exported


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("token", SecretSource("token", "ask")),
        ("id=t,src=/run/x", SecretSource("t", "src", "/run/x")),
        ("id=t,source=x", SecretSource("t", "src", "x")),
        ("t,env=TOKEN", SecretSource("t", "env", "TOKEN")),
        ("id=TOKEN,type=env", SecretSource("TOKEN", "env", "TOKEN")),
        ("type=file,id=t,src=x", SecretSource("t", "src", "x")),
    ],
)
def test_secret_forms(text: str, source: SecretSource) -> None:
    assert parse_secret(text) == source


@pytest.mark.parametrize("text", ["", "src=x", "id=", "id=t,src=a,env=b", "id=t,mode=1", "a,b"])
def test_secret_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(MagicArgumentError, match="expected id=NAME"):
        parse_secret(text)


def test_key_value_keeps_everything_after_the_first_equals_sign() -> None:
    assert parse_key_value("A=b=c ") == ("A", "b=c")
    assert parse_key_value("A") == ("A", None)
    assert parse_key_value("A=") == ("A", "")
    with pytest.raises(MagicArgumentError):
        parse_key_value("=x")
