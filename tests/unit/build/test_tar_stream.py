"""Streamed archives: the quick header is tarfile's own, and content is never more than said."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockernb.build.source_entry import OpenedBy
from dockernb.build.tar_stream import TarEntry, _any_header, _header, tar_stream
from dockernb.errors import ContextError

NAMES = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=130
).map(lambda name: "/" + (name.strip("/") or "x"))


@given(
    path=NAMES,
    kind=st.sampled_from(["file", "dir", "symlink", "fifo"]),
    mode=st.integers(0, 0o7777),
    uid=st.sampled_from([0, 1000, 8**7 - 1, 8**7, 2**31]),
    size=st.sampled_from([0, 1, 8**11 - 1, 8**11]),
    mtime=st.sampled_from([-5, 0, 1_500_000_000, 8**11]),
)
def test_quick_header_is_that_of_tarfile(
    path: str, kind: str, mode: int, uid: int, size: int, mtime: int
) -> None:
    entry = TarEntry(path, kind, mode, uid, uid, size, mtime)  # type: ignore[arg-type]
    assert _header(entry) == _any_header(entry, {})


def test_an_archive_can_be_read_back() -> None:
    entries = [
        TarEntry("/d", "dir", 0o1777, 1, 2),
        TarEntry("/d/f", "file", 0o4755, size=3, content=OpenedBy(lambda: io.BytesIO(b"abc"))),
        TarEntry("/d/h", "file", size=3, hard_link="/d/f"),
        TarEntry("/d/l", "symlink", 0o777, link_target="t" * 200),
        TarEntry("/d/" + "n" * 300, "file"),
        TarEntry("/d/caf\udce9", "char", device=(1, 3)),
    ]
    data = b"".join(tar_stream(entries))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
        assert [member.name for member in members] == [entry.path[1:] for entry in entries]
        content = archive.extractfile("d/h")
        assert content is not None
        assert content.read() == b"abc"
        assert members[3].linkname == "t" * 200
        assert (members[5].devmajor, members[5].devminor) == (1, 3)


@pytest.mark.parametrize("data", [b"ab", b"abcd"])
def test_content_of_another_size_is_an_error(data: bytes) -> None:
    entry = TarEntry("/f", "file", size=3, content=OpenedBy(lambda: io.BytesIO(data)))
    with pytest.raises(ContextError, match="changed"):
        list(tar_stream([entry]))


def test_large_content_comes_in_bounded_pieces() -> None:
    size = 10_000_000
    content = OpenedBy(lambda: io.BytesIO(bytes(size)))
    pieces = [
        len(piece) for piece in tar_stream([TarEntry("/f", "file", size=size, content=content)])
    ]
    assert max(pieces) <= 520 * 1024
    assert sum(pieces) >= size
