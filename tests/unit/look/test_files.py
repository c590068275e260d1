from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Iterator

import pytest

from dockernb.engines.base import PathStat
from dockernb.errors import LookError
from dockernb.look.content import absolute, copy_content, read_content
from dockernb.look.entries import read_entries
from dockernb.look.hexdump import hexdump
from dockernb.look.kind import as_text, picture_of
from dockernb.look.listing import Listing
from dockernb.ui.file_view import file_bundle, shown_file
from dockernb.ui.highlight import highlighted, text_diff


class TreeView:
    """Files in memory: path -> content, or `-> target` for a link; folders are made."""

    def __init__(self, files: dict[str, bytes | str]) -> None:
        self.files = files
        self.closed = 0

    def stat(self, path: str) -> PathStat | None:
        content = self.files.get(path)
        if isinstance(content, str):
            return PathStat("symlink", 0o777, 0, content)
        if content is not None:
            return PathStat("file", 0o644, len(content))
        inside = path == "/" or any(name.startswith(path + "/") for name in self.files)
        return PathStat("dir", 0o755) if inside else None

    def read(self, path: str) -> Iterator[bytes]:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, content in self.files.items():
                if name == path or name.startswith(path.rstrip("/") + "/"):
                    parent = path.rstrip("/").rpartition("/")[0]
                    info = tarfile.TarInfo(name.removeprefix(parent).lstrip("/"))
                    if isinstance(content, str):
                        info.type, info.linkname = tarfile.SYMTYPE, content
                        tar.addfile(info)
                    else:
                        info.size = len(content)
                        tar.addfile(info, io.BytesIO(content))
        return self._pieces(buffer.getvalue())

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        try:
            for start in range(0, len(data), 512):
                yield data[start : start + 512]
        finally:
            self.closed += 1


def test_file_is_read_behind_links_and_never_further_than_asked() -> None:
    view = TreeView({"/a": "d/../c", "/d": "e/f", "/e/f/x": b"", "/e/c": b"x" * 100_000})
    content = read_content(view, "/a", 10)
    assert (content.entry.path, content.data, content.is_cut) == ("/e/c", b"x" * 10, True)
    assert view.closed == 1, "the rest of the stream is let go"
    with pytest.raises(LookError, match="in a circle"):
        read_content(TreeView({"/loop": "loop"}), "/loop", 10)
    out = io.BytesIO()
    assert copy_content(view, "/a", out).size == len(out.getvalue()) == 100_000


@pytest.mark.parametrize("path", ["../../etc", "/etc/../../etc", "etc"])
def test_paths_stay_inside_the_root(path: str) -> None:
    assert absolute(path) == "/etc"


def test_listing_totals_folders_and_is_bounded() -> None:
    view = TreeView({"/d/one": b"1", "/d/e/two": b"22", "/d/link": "one"})
    listing = Listing("/d", read_entries(view, "/d"))
    assert listing.bytes_below("/d") == 3
    assert listing.files_below("/d/e") == 1
    assert [entry.path for entry in listing.find("t*")] == ["/d/e/two"]
    with pytest.raises(LookError, match="more than 2 entries"):
        read_entries(view, "/d", limit=2)
    assert view.closed == 2


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\2\0\0\0"


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (png(3, 4), "image/png"),
        (png(100_000, 100_000), None),
        (png(0, 4), None),
        (b"GIF89a\3\0\4\0;", "image/gif"),
        (b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x11\x08\0\4\0\3", "image/jpeg"),
        (b"\xff\xd8\xff\xe0\0\0", None),
        (b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\2\0\0\3\0\0", "image/webp"),
        (b"<svg onload='alert(1)'/>", None),
        (b"<!DOCTYPE html>", None),
    ],
)
def test_only_raster_pictures_of_a_bearable_size_are_pictures(
    data: bytes, mime: str | None
) -> None:
    found = picture_of(data)
    assert (found.mime if found else None) == mime


def test_text_is_told_from_bytes() -> None:
    assert as_text("grün\n".encode()) == "grün\n"
    assert as_text("grü".encode()[:-1]) == "gr", "a character cut off at the end"
    assert as_text(b"\x7fELF\0") is None
    assert as_text(b"abc\xff\xfe and more text") is None
    assert as_text(b"") == ""


def test_hexdump_is_that_of_hexdump() -> None:
    assert hexdump(b"0123456789abcdef\n") == [
        "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|",
        "00000010  0a                                                |.|",
    ]


def test_colours_are_those_of_the_language_and_never_change_the_text() -> None:
    lines = highlighted("x.py", "def f():\n\treturn 'x'  # <b>\n")
    assert lines is not None
    assert ("def", "k") in lines[0]
    assert highlighted("unknown", "text") is None
    shell = highlighted("entry", "#!/bin/sh\nexit 1\n")
    assert shell is not None
    assert text_diff("a\nb\n", "a\nc\n") == ["@@ -1,3 +1,3 @@", " a", "-b", "+c", " "]


def test_hostile_text_is_shown_escaped() -> None:
    text = "<img src=x onerror=alert(1)>\x1b[2J\u202eabc\r\n" + "y" * 10_000
    view = TreeView({"/x.html": text.encode()})
    shown = shown_file(read_content(view, "/x.html", 1_000_000))
    bundle = file_bundle(shown)
    assert "<img" not in bundle["text/html"]
    assert "\\x1b[2J\\u202eabc" in bundle["text/plain"]
    assert "characters more" in bundle["text/plain"]
    assert "image/svg+xml" not in bundle
