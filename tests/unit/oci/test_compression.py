"""Layers as they come: plain, gzip or zstd."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from dockernb.errors import OciError
from dockernb.oci.compression import open_layer

DATA = bytes(range(256)) * 1000
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "two gzip members": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),
    "zstd": zstandard.ZstdCompressor().compress,
    "two zstd frames": lambda data: (
        zstandard.ZstdCompressor().compress(data[:9])
        + zstandard.ZstdCompressor().compress(data[9:])
    ),
}


@pytest.fixture(params=FORMS)
def layer(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "layer"
    file.write_bytes(FORMS[request.param](DATA))
    return file


def test_the_content_comes_out(layer: Path) -> None:
    with open_layer(layer, limit=len(DATA)) as stream:
        assert stream.read() == DATA


def test_more_than_the_limit_is_an_error(layer: Path) -> None:
    with open_layer(layer, limit=len(DATA) - 1) as stream, pytest.raises(OciError, match="more"):
        stream.read()


def _with_checksum(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


@pytest.mark.parametrize(
    ("compress", "cut"),
    [(gzip.compress, True), (gzip.compress, False), (_with_checksum, False)],
    ids=["gzip that ends early", "gzip with other bytes", "zstd with other bytes"],
)
def test_broken_compression_is_an_error(
    tmp_path: Path, compress: Callable[[bytes], bytes], cut: bool
) -> None:
    data = compress(DATA)
    middle = len(data) // 2
    file = tmp_path / "layer"
    file.write_bytes(data[:middle] + (b"" if cut else b"\xff" * 40 + data[middle + 40 :]))
    with open_layer(file, limit=1 << 30) as stream, pytest.raises(OciError, match="broken"):
        stream.read()


def test_an_empty_file_has_no_content(tmp_path: Path) -> None:
    file = tmp_path / "layer"
    file.touch()
    with open_layer(file, limit=0) as stream:
        assert stream.read() == b""
