"""Heredoc markers, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from dockernb.dockerfile.library import parse_heredoc_marker

from .vectors import agreement, rows


@pytest.mark.parametrize("row", rows("heredoc_markers"))
def test_marker_row(row: dict[str, Any]) -> None:
    with agreement(row):
        if row["error"] is not None:
            with pytest.raises(ValueError, match="unexpected end of statement"):
                parse_heredoc_marker(row["text"])
            return
        found = parse_heredoc_marker(row["text"])
        wanted = row["heredoc"]
        if wanted is None or found is None:
            assert found is wanted is None
            return
        assert (found.name, found.expand) == (wanted["name"], wanted["expand"])
        assert (found.chomp, found.file_descriptor) == (wanted["chomp"], wanted["fd"])
        assert found.marker == row["text"]
