from __future__ import annotations

import pytest

from dockernb.oci.config import Platform
from dockernb.oci.platforms import matches


@pytest.mark.parametrize(
    ("image", "wanted", "same"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/amd64", "linux/amd64/v1", True),
        ("linux/amd64/v3", "linux/amd64", False),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v9", "linux/arm64", False),
        ("linux/arm", "linux/arm/v7", True),
        ("linux/arm/v6", "linux/arm", False),
        ("linux/386", "linux/amd64", False),
        ("windows/amd64", "linux/amd64", False),
    ],
)
def test_variants_have_defaults(image: str, wanted: str, same: bool) -> None:
    assert matches(Platform(*image.split("/")), Platform(*wanted.split("/"))) is same
    assert matches(Platform(*wanted.split("/")), Platform(*image.split("/"))) is same
