from __future__ import annotations

import pytest

from dockernb.use.image_tags import repository_of


@pytest.mark.parametrize(
    ("typed", "repository"),
    [
        ("debian:bo", "debian"),
        ("localhost:5000/team/app:", "localhost:5000/team/app"),
        ("debian", None),
        ("localhost:5000/team", None),
        ("debian@sha256:ab", None),
        ("$BASE:1", None),
        ("Not a name:", None),
    ],
)
def test_registry_is_asked_once_the_tag_begins(typed: str, repository: str | None) -> None:
    assert repository_of(typed) == repository
