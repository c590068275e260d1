"""The changes between two trees, from their tars."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import cast

from dockernb.engines.docker.archive import Archive
from dockernb.engines.docker.listing import listing_diff
from dockernb.oci.diff import DiffEntry
from tests.conformance.bench import tar_of


class Tree:
    def __init__(self, *members: tuple[str, bytes] | tarfile.TarInfo) -> None:
        self._tar = tar_of(members)

    def read(self, path: str) -> Iterator[bytes]:
        assert path == "/"
        yield self._tar


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_a_listing_tells_what_was_added_modified_and_deleted() -> None:
    before = Tree(
        member("/gone", tarfile.DIRTYPE), ("/gone/below", b""), ("/same", b"1"), ("/file", b"1"),
        ("/to-folder", b""), member("/to-file", tarfile.DIRTYPE), ("/to-file/below", b""),
    )  # fmt: skip
    now = Tree(
        ("/same", b"1"), ("/file", b"22"), member("/link", tarfile.SYMTYPE, "file"),
        member("/to-folder", tarfile.DIRTYPE), ("/to-folder/new", b"333"), ("/to-file", b""),
    )  # fmt: skip
    found = listing_diff(cast("Archive", before), cast("Archive", now))
    assert sorted(found, key=lambda entry: entry.path) == [
        DiffEntry("/file", "M", "file", 2),
        DiffEntry("/gone", "D", "dir"),
        DiffEntry("/link", "A", "symlink", 4, "file"),
        DiffEntry("/to-file", "M", "file"),
        DiffEntry("/to-folder", "M", "dir"),
        DiffEntry("/to-folder/new", "A", "file", 3),
    ]
