"""Layers are decompressed by content, whole, and up to a limit."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from dockernb.errors import OciError
from dockernb.oci.compression import compression_of, open_layer, open_stream

from .archive_files import COMPRESSIONS, compressed

DATA = random.Random(7).randbytes(300_000) + bytes(300_000)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "blob"
    path.write_bytes(data)
    return path


def in_frames(data: bytes) -> bytes:
    """Zstd as some writers make it: a skippable frame and several others."""
    half = len(data) // 2
    skippable = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"skip"
    return skippable + compressed(data[:half], "zstd") + compressed(data[half:], "zstd")


@pytest.mark.parametrize("how", COMPRESSIONS)
def test_a_layer_is_decompressed_by_content(tmp_path: Path, how: str) -> None:
    path = written(tmp_path, compressed(DATA, how))
    with open_layer(path, limit=len(DATA)) as stream:
        assert stream.compression == how
        assert stream.read() == DATA
        assert stream.read(10) == b""


@pytest.mark.parametrize(
    "data", [in_frames(DATA), gzip.compress(DATA[:9]) + gzip.compress(DATA[9:])]
)
def test_several_frames_are_one_layer(tmp_path: Path, data: bytes) -> None:
    with open_layer(written(tmp_path, data), limit=len(DATA)) as stream:
        assert stream.read() == DATA


@pytest.mark.parametrize("how", COMPRESSIONS)
def test_one_byte_beyond_the_limit_is_refused(tmp_path: Path, how: str) -> None:
    path = written(tmp_path, compressed(DATA, how))
    stream = open_layer(path, limit=len(DATA) - 1)
    with stream, pytest.raises(OciError, match="too large"):
        stream.read()


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_bomb_goes_off_at_the_limit(tmp_path: Path, how: str) -> None:
    bomb = compressed(bytes(50_000_000), how)
    assert len(bomb) < 100_000
    with open_layer(written(tmp_path, bomb), limit=1_000_000) as stream:
        with pytest.raises(OciError, match="too large") as failure:
            stream.read()
        assert stream.position == 1_000_001
    assert "1,000,000 bytes" in str(failure.value.rule)


@pytest.mark.parametrize("how", ["gzip", "zstd"])
@pytest.mark.parametrize("keep", [5, 1000, 200_000, -1])
def test_a_layer_that_is_cut_off_is_refused(tmp_path: Path, how: str, keep: int) -> None:
    path = written(tmp_path, compressed(DATA, how)[:keep])
    with open_layer(path, limit=len(DATA)) as stream, pytest.raises(OciError, match="cut off"):
        stream.read()


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_garbage_in_and_after_a_layer_is_refused(tmp_path: Path, how: str) -> None:
    whole = bytearray(compressed(DATA, how))
    for broken in (whole + b"garbage", whole[:4] + b"\xff" * 40 + whole[44:]):
        stream = open_layer(written(tmp_path, bytes(broken)), limit=len(DATA))
        with stream, pytest.raises(OciError, match="broken"):
            stream.read()


def test_a_zstd_window_that_eats_the_memory_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, write_content_size=False)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    path = written(tmp_path, compressor.compress(bytes(100)) + compressor.flush())
    with open_layer(path, limit=1000) as stream, pytest.raises(OciError, match="broken"):
        stream.read()


@pytest.mark.parametrize("head", [b"", b"\x1f", b"\x1f\x8b", b"BZh9", b"\x28\xb5\x2f", b"etc/"])
def test_what_begins_like_nothing_known_is_plain(tmp_path: Path, head: bytes) -> None:
    assert compression_of(head) == "none"
    with open_layer(written(tmp_path, head), limit=10) as stream:
        assert stream.read() == head


def test_a_pipe_can_be_read_which_gives_a_byte_at_a_time() -> None:
    class Dripping(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self.data = io.BytesIO(data)

        def read(self, size: int = -1, /) -> bytes:
            return self.data.read(1)

    for how in COMPRESSIONS:
        with open_stream(Dripping(compressed(DATA[:999], how)), limit=999, shown="it") as stream:
            assert stream.read() == DATA[:999]


def test_zstandard_is_imported_only_for_zstd() -> None:
    code = "import sys, dockernb.oci.archives; print('zstandard' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
