"""What a deleted directory held, where several layers show it together."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.engines.overlay_below import bytes_below

OPAQUE = "user.overlay.opaque"


@pytest.fixture
def layers(tmp_path: Path) -> Iterator[tuple[Path, Path, tuple[int, int]]]:
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    for layer in (upper, lower):
        (layer / "gone" / "deep").mkdir(parents=True)
    opened = tuple(os.open(layer, os.O_RDONLY | os.O_DIRECTORY) for layer in (upper, lower))
    yield upper, lower, (opened[0], opened[1])
    for descriptor in opened:
        os.close(descriptor)


def test_files_of_all_layers_count_once(layers: tuple[Path, Path, tuple[int, int]]) -> None:
    upper, lower, opened = layers
    (upper / "gone" / "both").write_bytes(b"1")
    (lower / "gone" / "both").write_bytes(b"hidden")
    (lower / "gone" / "deep" / "one").write_bytes(b"22")
    (upper / "gone" / "deep" / "other").write_bytes(b"333")
    (upper / "gone" / "link").symlink_to("/etc/passwd")
    (upper / "gone" / "file").write_bytes(b"4444")
    (lower / "gone" / "file").mkdir()
    (lower / "gone" / "file" / "below").write_bytes(b"hidden")
    assert bytes_below("gone", opened, OPAQUE) == 1 + 2 + 3 + 4


def test_an_opaque_directory_hides_what_is_below_it(
    layers: tuple[Path, Path, tuple[int, int]],
) -> None:
    upper, lower, opened = layers
    os.setxattr(upper / "gone" / "deep", OPAQUE, b"y")
    (lower / "gone" / "deep" / "hidden").write_bytes(b"1")
    (lower / "gone" / "shown").write_bytes(b"22")
    assert bytes_below("gone", opened, OPAQUE) == 2


def test_too_deep_a_directory_is_not_walked_to_its_end(
    layers: tuple[Path, Path, tuple[int, int]],
) -> None:
    upper, _, opened = layers
    (upper / "gone" / "file").write_bytes(b"1")
    upper.joinpath("gone", *["d"] * 300).mkdir(parents=True)
    assert bytes_below("gone", opened, OPAQUE) == 0
