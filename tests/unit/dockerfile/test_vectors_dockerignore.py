"""moby/patternmatcher, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from dockernb.dockerfile import DockerIgnore
from dockernb.dockerfile.dockerignore import read_patterns
from dockernb.errors import DockerfileSyntaxError

from .vectors import agreement, rows


@pytest.mark.parametrize("row", rows("dockerignore_match"))
def test_match_row(row: dict[str, Any]) -> None:
    with agreement(row):
        if row["error"]:
            with pytest.raises(DockerfileSyntaxError):
                DockerIgnore.from_patterns(row["patterns"])
            return
        excludes = DockerIgnore.from_patterns(row["patterns"]).excludes(row["path"])
        assert excludes == row["ignored"] == row["walk"]


@pytest.mark.parametrize("row", rows("dockerignore_fuzz"))
def test_fuzz_row(row: dict[str, Any]) -> None:
    with agreement(row):
        ignore = DockerIgnore.parse(row["dockerignore"])
        assert [pattern.text for pattern in ignore.patterns] == row["patterns"]
        assert [ignore.excludes(path) for path in row["paths"]] == row["excluded"]


@pytest.mark.parametrize("row", rows("dockerignore_file"))
def test_file_row(row: dict[str, Any]) -> None:
    with agreement(row):
        assert [pattern for _, pattern in read_patterns(row["text"])] == row["patterns"]
