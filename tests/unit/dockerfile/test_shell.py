from __future__ import annotations

import pytest

from dockernb.dockerfile import expand, expand_heredoc, used_variables
from dockernb.errors import DockerfileSyntaxError


def test_unset_variable_is_empty() -> None:
    assert expand("a$B", {}) == "a"


def test_escape_character_is_that_of_the_file() -> None:
    assert expand("`$A\\$B", {"A": "1", "B": "2"}, "`") == "$A\\2"


def test_used_variables_are_found_in_every_form() -> None:
    word = "$A ${B:-$C} ${D:+e} \"$F\" '$G' \\$H ${I#x*} ${J:?no}"
    assert used_variables(word) == set("ABCDFIJ")


@pytest.mark.parametrize(
    ("content", "expanded"),
    [
        ("$A 'and' \"$A\"\n", "1 'and' \"1\"\n"),
        ("it's\n", "it's\n"),
        ("\\$A\n", "$A\n"),
        ("\\\\\n", "\\\n"),
        ("\\\n", "\n"),
    ],
)
def test_heredoc_keeps_its_quotes(content: str, expanded: str) -> None:
    assert expand_heredoc(content, {"A": "1"}) == expanded


def test_used_variables_of_a_heredoc_are_found_inside_single_quotes() -> None:
    assert used_variables("'$A' it's $B", is_heredoc=True) == {"A", "B"}


def test_mandatory_variable_names_itself_and_the_way_out() -> None:
    with pytest.raises(DockerfileSyntaxError) as caught:
        expand("${V:?set a version}", {})
    error = caught.value
    assert error.message == 'failed to process "${V:?set a version}": V: set a version'
    assert error.hint == "Give V a value: `ARG V=<value>` above, or `%arg V=<value>`."


@pytest.mark.parametrize("word", ["'a", '"a', "${A", "${A!b}", "${}"])
def test_word_that_cannot_be_read_is_refused(word: str) -> None:
    for function in (lambda: expand(word, {}), lambda: used_variables(word)):
        with pytest.raises(DockerfileSyntaxError):
            function()
