"""Layers and ADD's archives that lie: refused with a reason, in bounded time and memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from dockernb.build.add_archive import Limits, unpack
from dockernb.build.destination import Destination
from dockernb.build.source_entry import inline_entry
from dockernb.build.spool import Spool
from dockernb.build.tar_stream import tar_stream
from dockernb.engines.embedded.files.apply import apply_tar
from dockernb.engines.embedded.files.index import layer_entries
from dockernb.engines.embedded.files.overlay import OverlayWhiteouts
from dockernb.engines.embedded.files.owners import NOTED
from dockernb.errors import BuildError, OciError
from tests.unit.build.fake_container import FakeContainer, directory
from tests.unit.embedded.tars import Member, tar_of

from .tars import END, header, hostile_tars, pax

SMALL = Limits(entries=50, size=1_000_000)


class NoWhiteouts(OverlayWhiteouts):
    """Takes note of what a layer hides; device nodes are root's to make."""

    def __init__(self) -> None:
        super().__init__(NOTED)
        self.hidden: list[str] = []

    def delete(self, folder: int, name: str) -> None:
        self.hidden.append(name)

    def hide_all(self, folder: int) -> None:
        self.hidden.append("all")


def as_layer(data: bytes, folder: Path) -> NoWhiteouts:
    (folder / "root").mkdir()
    whiteouts = NoWhiteouts()
    apply_tar(io.BytesIO(data), str(folder / "root"), NOTED, whiteouts)
    return whiteouts


def as_index(data: bytes, folder: Path) -> object:
    (folder / "layer").write_bytes(data)
    return layer_entries(folder / "layer")


def as_add(data: bytes, folder: Path, limits: Limits = SMALL) -> FakeContainer:
    container = FakeContainer({"/d": directory()})
    destination = Destination(container)
    with Spool() as spool:
        unpack(inline_entry(data), "evil.tar", destination, "/d", spool, limits)
        container.write(tar_stream(destination.entries))
    return container


READERS: tuple[Callable[[bytes, Path], object], ...] = (as_layer, as_index, as_add)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("case", hostile_tars)
def test_a_tar_that_lies_is_refused(
    case: str, reader: Callable[[bytes, Path], object], tmp_path: Path
) -> None:
    data, said = hostile_tars[case]
    with pytest.raises((OciError, BuildError), match=said):
        reader(data + END, tmp_path)
    assert not any(path.name == "evil" for path in tmp_path.rglob("*"))


def test_records_for_all_files_to_come_change_nothing(tmp_path: Path) -> None:
    """As builders do: names and sizes of later files cannot be changed from afar."""
    data = pax(tarfile.XGLTYPE, path="evil", size="55", uid="7") + header(content=b"true") + END
    as_layer(data, tmp_path)
    assert (tmp_path / "root/x").read_bytes() == b"true"
    assert as_add(data, tmp_path).nodes["/d/x"].data == b"true"


def test_a_moment_that_is_none_is_the_epoch(tmp_path: Path) -> None:
    moments = ("nan", "inf", "-1e300", "1" * 300)
    data = b"".join(pax(mtime=m) + header(name=f"f{n}") for n, m in enumerate(moments))
    as_layer(data + END, tmp_path)
    assert sorted(path.name for path in (tmp_path / "root").iterdir()) == ["f0", "f1", "f2", "f3"]
    assert (tmp_path / "root/f0").stat().st_mtime == 0


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "a/.wh.", "a/.wh..", "a/.wh..."])
def test_a_whiteout_of_its_parents_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(OciError, match="names nothing that could be hidden"):
        as_layer(header(name=name) + END, tmp_path)


def test_a_whiteout_stays_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    whiteouts = as_layer(
        b"".join(
            header(name=name) for name in ("../.wh.outside", "a/.wh.b", ".wh..wh..opq", ".wh..wh.x")
        )[512:]
        + END,
        tmp_path,
    )
    assert whiteouts.hidden == ["b", "all"]
    with pytest.raises(OciError, match="unsafe path"):
        as_layer(header(name="../.wh.outside") + END, tmp_path / "outside")
    assert (tmp_path / "outside").is_dir()


def test_of_an_entry_that_stands_there_twice_the_last_one_counts(tmp_path: Path) -> None:
    data = header(name="f", content=b"first") + header(name="./f", content=b"last") + END
    as_layer(data, tmp_path)
    assert (tmp_path / "root/f").read_bytes() == b"last"
    assert as_add(data, tmp_path).nodes["/d/f"].data == b"last"
    assert [path for path, _ in as_index(data, tmp_path)] == ["f", "f"]  # type: ignore[attr-defined]


def test_links_of_earlier_entries_lead_nobody_out(tmp_path: Path) -> None:
    """A link, and a file, a folder, a hard link and a mode through it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (outside / "secret").chmod(0o600)
    way = header(tarfile.SYMTYPE, name="way", linkname=str(outside))
    target = header(tarfile.SYMTYPE, name="file", linkname=str(outside / "secret"))
    for entry in (
        way + header(name="way/evil", content=b"x"),
        way + header(tarfile.DIRTYPE, name="way/evil", mode=0o777),
        way + header(tarfile.DIRTYPE, name="way", mode=0o777),
        target + header(name="file", content=b"x", mode=0o777),
        target + header(tarfile.LNKTYPE, name="hard", linkname="file", mode=0o777),
    ):
        place = tmp_path / str(len(list(tmp_path.iterdir())))
        place.mkdir()
        as_layer(entry + END, place)
    with pytest.raises(OciError, match="is not there"):
        as_layer(way + header(tarfile.LNKTYPE, name="hard", linkname="way/secret") + END, outside)
    assert {path.name for path in outside.iterdir()} == {"secret", "root"}
    assert stat.S_IMODE((outside / "secret").stat().st_mode) == 0o600
    assert (outside / "secret").stat().st_nlink == 1


def test_setuid_files_and_devices_are_for_the_store_only(tmp_path: Path) -> None:
    """They are the image's, so they are kept, in a folder that is nobody else's to enter."""
    data = header(name="su", mode=0o4755) + header(tarfile.CHRTYPE, name="kmem", devmajor=1) + END
    as_layer(data, tmp_path)
    assert stat.S_IMODE((tmp_path / "root/su").stat().st_mode) == 0o4755
    assert stat.S_ISREG((tmp_path / "root/kmem").stat().st_mode)


def test_a_file_of_holes_is_counted_with_its_holes(tmp_path: Path) -> None:
    """A thousand bytes that stand for exabytes: an image may not have it, ADD counts them."""
    holes = pax(GNU__sparse__major="1", GNU__sparse__minor="0", GNU__sparse__realsize="9" * 15)
    data = holes + header(content=b"1\n0\n4\n".ljust(512, b"\0") + b"data") + END
    with pytest.raises(OciError, match="is a sparse file"):
        as_layer(data, tmp_path)
    with pytest.raises(BuildError, match="more than 1,000,000 bytes together"):
        as_add(data, tmp_path)
    small = data.replace(b"9" * 15, b"0" * 13 + b"10")
    assert as_add(small, tmp_path).nodes["/d/x"].data == b"data" + bytes(6)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_bomb_is_refused_before_it_goes_off(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    bomb = pack(header(content=bytes(4_000_000)) + END)
    assert len(bomb) * 500 < 4_000_000
    with pytest.raises(BuildError, match="more than 1,000,000 bytes together") as caught:
        as_add(bomb, tmp_path)
    assert caught.value.hint
    assert caught.value.state
    entries = pack(header() * 60 + END)
    with pytest.raises(BuildError, match="more than 50 entries"):
        as_add(entries, tmp_path)


def test_xz_gets_no_gigabyte_of_memory(tmp_path: Path) -> None:
    wants = [{"id": lzma.FILTER_LZMA2, "dict_size": 270 << 20}]
    with pytest.raises(BuildError, match="Memory usage limit"):
        as_add(lzma.compress(header() + END, filters=wants), tmp_path)


def test_attributes_without_end_are_left_out(tmp_path: Path) -> None:
    """A thousand of them, and values that no file system holds: the file is there all the same."""
    many = {f"SCHILY.xattr.user.n{number}": "x" * 100 for number in range(1000)}
    large = {"SCHILY.xattr.user.large": "x" * 500_000}
    as_layer(tar_of([Member("f", b"1", pax=many), Member("g", b"2", pax=large)]), tmp_path)
    assert (tmp_path / "root/f").read_bytes() == b"1"
    assert "user.large" not in os.listxattr(tmp_path / "root/g")
