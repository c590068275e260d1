"""BuildKit's shell lexer, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from dockernb.dockerfile import expand, expand_words, used_variables
from dockernb.errors import DockerfileSyntaxError

from .vectors import agreement, rows


@pytest.mark.parametrize("row", rows("shell_lexer"))
def test_shell_row(row: dict[str, Any]) -> None:
    text, env = row["text"], row["env"]
    with agreement(row):
        if row["error"]:
            with pytest.raises(DockerfileSyntaxError) as caught:
                expand(text, env)
            # An open brace at the end is "unsupported modifier" to Go, with a broken character.
            if "\ufffd" not in row["error_text"]:
                assert caught.value.message == row["error_text"]
            return
        assert expand(text, env) == row["word"]
        assert expand_words(text, env) == row["words"]
        assert used_variables(text, env) - set(env) == set(row["unmatched"])
