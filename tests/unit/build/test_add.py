"""ADD: local archives are unpacked as in a root of their own; URLs are fetched."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import http.server
import io
import lzma
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockernb.build.context import BuildContext
from dockernb.build.copy_request import CopyRequest
from dockernb.build.copying import CopySource, collect_from_context
from dockernb.build.downloads import Downloads
from dockernb.build.remote_context import Fetching
from dockernb.engines.base import Progress
from dockernb.errors import BuildError, DockerfileError

from .fake_container import FakeContainer, Node, directory, file, link


def member(name: str, data: bytes = b"x", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    for field, value in {"mode": 0o644, "mtime": 1_000_000_000, **fields}.items():
        setattr(info, field, value)
    info.size = len(data) if info.type == tarfile.REGTYPE else 0
    return info, data


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


TREE = archive(
    member("d", type=tarfile.DIRTYPE, mode=0o2750, uid=11, gid=12),
    member("d/f", b"content", mode=0o4711, uid=13),
    member("d/link", type=tarfile.SYMTYPE, linkname="f", mode=0o777),
    member("d/hard", type=tarfile.LNKTYPE, linkname="d/f"),
    member("made/on/the/way", b"i"),
)


def add(
    tmp_path: Path, data: bytes, to: str = "/d/", image: dict[str, Node] | None = None, **more: Any
) -> FakeContainer:
    (tmp_path / "file.bin").write_bytes(data)
    container = FakeContainer(image)
    request = CopyRequest(("file.bin",), to, is_add=True, **more)
    collect_from_context(request, BuildContext(tmp_path)).apply(container, request)
    return container


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_an_archive_is_known_by_its_content(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    made = add(tmp_path, pack(TREE))
    assert made.texts("/d") == {"d/f": "content", "d/hard": "content", "made/on/the/way": "i"}
    assert made.nodes["/d/d"] == directory(0o2750, (11, 12))
    assert made.nodes["/d/d/f"] == file("content", 0o4711, (13, 0))
    assert made.nodes["/d/made/on"] == directory()


def test_a_zstd_archive_is_unpacked(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="zstd needs the package zstandard")
    made = add(tmp_path, zstandard.ZstdCompressor().compress(TREE))
    assert made.texts("/d")["d/f"] == "content"


@pytest.mark.parametrize("data", [b"", b"no tar", gzip.compress(b"text"), bytes(10240), b"BZhx"])
def test_what_is_no_archive_is_copied(tmp_path: Path, data: bytes) -> None:
    assert add(tmp_path, data).nodes["/d/file.bin"].data == data


def test_copy_and_unpack_false_do_not_unpack(tmp_path: Path) -> None:
    assert set(add(tmp_path, TREE, unpack=False).texts("/d")) == {"file.bin"}


def test_chown_is_for_the_directories_on_the_way_only(tmp_path: Path) -> None:
    made = add(tmp_path, TREE, "/one/two", chown="5:6", chmod="777")
    assert made.nodes["/one"] == made.nodes["/one/two"] == directory(0o755, (5, 6))
    assert made.nodes["/one/two/d"] == directory(0o2750, (11, 12))


def test_an_entry_replaces_what_is_in_its_way(tmp_path: Path) -> None:
    made = add(tmp_path, TREE, image={"/d/d/f/full": file("old")})
    assert made.nodes["/d/d/f"].data == b"content"
    assert "/d/d/f/full" not in made.nodes


def test_dotdot_and_absolute_names_stop_at_the_destination(tmp_path: Path) -> None:
    data = archive(member("../../evil"), member("/abs"), member("a/../../b"))
    assert set(add(tmp_path, data).listing()) == {"/d", "/d/evil", "/d/abs", "/d/b"}


def test_the_root_entry_of_an_archive_leaves_the_destination_alone(tmp_path: Path) -> None:
    data = archive(member("./", type=tarfile.DIRTYPE, mode=0o700, uid=9), member("./f"))
    made = add(tmp_path, data, image={"/d": directory(0o711)})
    assert made.nodes["/d"] == directory(0o711)


@pytest.mark.parametrize(
    "members",
    [
        [member("l", type=tarfile.SYMTYPE, linkname="/outside"), member("l/pwned")],
        [member("l", type=tarfile.SYMTYPE, linkname="../outside"), member("l/pwned")],
        [member("l", type=tarfile.SYMTYPE, linkname="/outside"), member("l/x/pwned")],
        [member("h", type=tarfile.LNKTYPE, linkname="../outside/f")],
        [member("h", type=tarfile.LNKTYPE, linkname="/outside/f")],
        [member("f"), member("f/below")],
        [member("l", type=tarfile.SYMTYPE, linkname="l"), member("l/pwned")],
    ],
)
def test_a_hostile_archive_is_refused_and_nothing_is_written(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    (tmp_path / "file.bin").write_bytes(archive(*members))
    container = FakeContainer({"/outside/f": file("safe")})
    before = dict(container.nodes)
    request = CopyRequest(("file.bin",), "/d/", is_add=True)
    with pytest.raises(BuildError):
        collect_from_context(request, BuildContext(tmp_path)).apply(container, request)
    assert container.nodes == before


PARTS = st.sampled_from(["a", "b", "..", ".", "/a", "l"])
NAMES = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
MEMBERS = st.builds(
    lambda name, kind, target: member(name, type=kind, linkname=target),
    NAMES,
    st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]),
    NAMES,
)


@settings(max_examples=150, deadline=None)
@given(members=st.lists(MEMBERS, min_size=1, max_size=6), start=st.sampled_from(["/d", "/l/d"]))
def test_no_archive_writes_outside_its_destination(
    tmp_path_factory: pytest.TempPathFactory,
    members: list[tuple[tarfile.TarInfo, bytes]],
    start: str,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    image = {"/l": link("/real"), "/real/d": directory(), "/d/l": link("../.."), "/a": file("safe")}
    before = FakeContainer(image).listing()
    try:
        made = add(folder, archive(*members), start, image)
    except BuildError:
        return
    inside = ("/d", "/real/d")
    changed = {path for path, text in made.listing().items() if before.get(path) != text}
    assert all(path.startswith(inside) for path in changed)
    assert made.nodes["/a"] == file("safe")


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r'the archive "file\.bin" is broken'):
        add(tmp_path, TREE[:1400])


class Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/none"):
            self.send_error(404)
            return
        data = TREE if self.path.endswith(".tar") else b"hello\n"
        if self.headers.get("If-None-Match") == '"the tag"':
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        if "tagged" in self.path:
            self.send_header("ETag", '"the tag"')
        self.send_header("Content-Length", str(len(data) + ("short" in self.path)))
        self.send_header("Last-Modified", "Sat, 01 Jan 2011 00:00:00 GMT")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def add_url(root: Path, url: str, to: str = "/d/", **more: Any) -> FakeContainer:
    container, request = FakeContainer(), CopyRequest((url,), to, is_add=True, **more)
    collect_from_context(request, BuildContext(root)).apply(container, request)
    return container


def test_a_url_gives_a_file_of_root_named_after_it(tmp_path: Path, address: str) -> None:
    node = add_url(tmp_path, f"{address}/dir/f.txt?x=1").nodes["/d/f.txt"]
    assert node == file("hello\n", 0o600)
    assert node.mtime == 1_293_840_000
    assert add_url(tmp_path, f"{address}/f.txt", "/new").nodes["/new"] == file("hello\n", 0o600)
    assert "/d/__unnamed__" in add_url(tmp_path, f"{address}/").nodes


def test_an_archive_from_a_url_is_unpacked_only_when_asked(tmp_path: Path, address: str) -> None:
    assert set(add_url(tmp_path, f"{address}/f.tar").texts("/d")) == {"f.tar"}
    assert "d/f" in add_url(tmp_path, f"{address}/f.tar", unpack=True).texts("/d")


def test_the_checksum_of_a_url_is_verified(tmp_path: Path, address: str) -> None:
    right = "sha256:" + hashlib.sha256(b"hello\n").hexdigest()
    assert add_url(tmp_path, f"{address}/f", checksum=right).texts("/d") == {"f": "hello\n"}
    with pytest.raises(BuildError, match="checksum") as caught:
        add_url(tmp_path, f"{address}/f", checksum="sha256:" + "0" * 64)
    assert right in (caught.value.rule or "")


@pytest.mark.parametrize("checksum", ["sha256:12", "md5:1", "abc"])
def test_a_malformed_checksum_is_refused(tmp_path: Path, checksum: str) -> None:
    with pytest.raises(DockerfileError, match="checksum"):
        add_url(tmp_path, "http://host/f", checksum=checksum)


def test_url_errors_name_the_url_and_the_status(tmp_path: Path, address: str) -> None:
    with pytest.raises(BuildError, match=r'none/x" cannot be fetched: status 404'):
        add_url(tmp_path, f"{address}/none/x")
    with pytest.raises(BuildError, match="cannot be fetched"):
        add_url(tmp_path, f"{address}/short")
    with pytest.raises(BuildError, match="refused"):
        add_url(tmp_path, "http://127.0.0.1:9/x")


def test_progress_of_a_download_is_told(tmp_path: Path, address: str) -> None:
    seen: list[Progress] = []
    request = CopyRequest((f"{address}/f",), "/d/", is_add=True)
    source = collect_from_context(request, BuildContext(tmp_path), seen.append)
    assert seen[-1].current == seen[-1].total == 6
    assert set(source.content) == {f"{address}/f"}


def test_a_file_is_downloaded_again_only_if_the_server_says_that_it_changed(
    tmp_path: Path, address: str
) -> None:
    seen: list[Progress] = []
    downloads = Downloads(tmp_path / "known")
    request = CopyRequest((f"{address}/tagged",), "/d/", is_add=True)

    def collect() -> CopySource:
        context = BuildContext(tmp_path)
        return collect_from_context(request, context, seen.append, Fetching(downloads))

    first = collect()
    assert len(seen) == 1
    again = collect()
    assert again.content == first.content
    assert len(seen) == 1  # it was not sent again
    container = FakeContainer()
    again.apply(container, request)
    assert container.texts("/d") == {"tagged": "hello\n"}
    (fact,) = (tmp_path / "known").iterdir()
    fact.write_text(fact.read_text().replace("the tag", "an old tag"))
    assert collect().content == first.content
    assert "the tag" in fact.read_text()
    fact.write_text("broken")
    assert collect().content == first.content


def test_with_a_checksum_nothing_is_asked_before_the_file_is_needed(tmp_path: Path) -> None:
    request = CopyRequest(("http://127.0.0.1:9/f",), "/d/", is_add=True, checksum=f"sha256:{0:064}")
    source = collect_from_context(request, BuildContext(tmp_path))
    assert source.content == {"http://127.0.0.1:9/f": f"file 600 {0:064}"}
    with pytest.raises(BuildError, match="refused"):
        source.apply(FakeContainer(), request)
