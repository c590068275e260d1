"""Archives that lie are refused with a reason, and nothing of them is kept."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dockernb.errors import OciError
from dockernb.oci.archives import Limits, load
from dockernb.oci.digest import sha256_digest
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import OCI_INDEX, Descriptor

from .archive_files import (
    LAYERS,
    Link,
    blob_members,
    compressed,
    config_of,
    descriptor_of,
    docker_manifest,
    docker_members,
    files_in,
    hex_of,
    index_of,
    oci_members,
    tar_of,
)

SMALL = Limits(archive=300_000, layer=100_000, document=20_000, members=50, images=3, layers=3)


def docker_with(**members: Any) -> bytes:
    return tar_of(docker_members() | members)


def docker_having(name: str, content: Any) -> bytes:
    return tar_of([*docker_members().items(), (name, content)])


def docker_entry(**changes: Any) -> bytes:
    members = docker_members()
    [entry] = json.loads(members["manifest.json"])  # type: ignore[arg-type]
    return tar_of(members | {"manifest.json": json.dumps([entry | changes]).encode()})


def docker_config(**changes: Any) -> bytes:
    config = json.loads(config_of(LAYERS)) | changes
    return tar_of(docker_members(config=json.dumps(config).encode()))


def oci_with(members: dict[str, Any]) -> bytes:
    return tar_of(oci_members() | members)


def oci_entry(**changes: Any) -> bytes:
    members = oci_members()
    index = json.loads(members["index.json"])  # type: ignore[arg-type]
    index["manifests"][0] |= changes
    return tar_of(members | {"index.json": json.dumps(index).encode()})


def oci_without(which: int) -> bytes:
    """Without the layers (0, 1), the config (2) or the manifest (3)."""
    members = oci_members()
    del members[[name for name in members if name.startswith("blobs/")][which]]
    return tar_of(members)


def special(kind: bytes, **fields: Any) -> tarfile.TarInfo:
    member = tarfile.TarInfo("special")
    member.type = kind
    for name, value in fields.items():
        setattr(member, name, value)
    return member


def deep_indexes() -> bytes:
    members = oci_members()
    inner = json.loads(members["index.json"])["manifests"][0]  # type: ignore[arg-type]
    entry = Descriptor.from_json(inner)
    for _ in range(10):
        index = index_of(entry)
        members |= blob_members(index)
        entry = descriptor_of(index, OCI_INDEX)
    return tar_of(members | {"index.json": index_of(entry)})


def header(kind: bytes, size: int, name: str = "x") -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def pax(records: bytes) -> bytes:
    padded = records + bytes(-len(records) % 512)
    return header(tarfile.XHDTYPE, len(records)) + padded + header(tarfile.REGTYPE, 0)


DEEP = b"[" * 19_000
OTHER = "sha256:" + "a" * 64

HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    # What is no archive at all.
    "nothing": (lambda: b"", "holds no images"),
    "no tar": (lambda: b"PK\3\4" + bytes(range(256)) * 4, "is no tar"),
    "an empty tar": (lambda: tar_of({}), "holds no images"),
    "a tar of files": (lambda: LAYERS[0], "holds no images"),
    "broken gzip": (lambda: gzip.compress(docker_with())[:-500], "cut off"),
    "broken zstd": (lambda: compressed(docker_with(), "zstd")[:-50], "cut off"),
    "cut off in a file": (lambda: docker_with()[:8000], "cut off"),
    "cut off in a header": (lambda: docker_with()[:700], "cut off"),
    "a damaged header": (lambda: docker_with()[:512] + b"\xff" * 512, "is damaged"),
    # Names and links that lead out.
    "a path up": (lambda: docker_having("../evil", b"x"), r'"\.\./evil".*leads out'),
    "a path up inside": (lambda: docker_having("a/../../evil", b"x"), "leads out"),
    "a folder up": (lambda: docker_having("../evil", None), "leads out"),
    "an absolute path": (lambda: docker_having("/etc/passwd", b"x"), "leads out"),
    "an absolute link": (lambda: docker_having("a", Link("/etc/passwd")), "outside of it"),
    "a link up": (lambda: docker_having("a/b", Link("../../evil")), "outside of it"),
    "a hard link up": (lambda: docker_having("a/b", Link("../b", False)), "outside of it"),
    "an absolute hard link": (lambda: docker_having("a", Link("/b", False)), "outside of it"),
    "a name beyond all measure": (lambda: docker_having("a/" * 3000 + "b", b"x"), "4096"),
    "a file without a name": (lambda: docker_having("./", b"x"), "no name"),
    "a name with an escape sequence": (lambda: docker_having("../\x1b[2J", b""), r"\\u001b\[2J"),
    "a config up": (lambda: docker_entry(Config="../../etc/passwd"), "leads out"),
    "an absolute layer": (lambda: docker_entry(Layers=["/etc/passwd"] * 2), "leads out"),
    "a layer that links to itself": (
        lambda: docker_with(**{"layer0/layer.tar": Link("layer.tar")}),
        "no file",
    ),
    "a layer that links to nothing": (
        lambda: docker_with(**{"layer0/layer.tar": Link("../missing")}),
        "no file",
    ),
    # Members that are no files.
    "a character device": (
        lambda: docker_having("x", special(tarfile.CHRTYPE, devmajor=1, devminor=3)),
        "a character device",
    ),
    "a block device": (lambda: docker_having("x", special(tarfile.BLKTYPE)), "a block device"),
    "a pipe": (lambda: docker_having("x", special(tarfile.FIFOTYPE)), "a named pipe"),
    "a sparse file": (lambda: header(tarfile.GNUTYPE_SPARSE, 0), "a sparse file"),
    "a sparse file by pax": (
        lambda: pax(b"22 GNU.sparse.major=1\n"),
        "sparse",
    ),
    "an unknown kind": (lambda: header(b"V", 0), "unknown"),
    # Too much of everything.
    "a size of exabytes": (lambda: header(tarfile.REGTYPE, 1 << 62), "says it has"),
    "a negative size": (lambda: header(tarfile.REGTYPE, -5), "says it has -5"),
    "a pax size of exabytes": (lambda: pax(b"25 size=9999999999999999\n"), "says it has"),
    "a pax size that is no number": (lambda: pax(b"11 size=-1\n"), "says it has"),
    "a long pax size": (lambda: pax(b"5009 size=" + b"9" * 4998 + b"\n"), "says it has"),
    "a pax header of gigabytes": (lambda: header(tarfile.XHDTYPE, 1 << 33), "a header of the"),
    "a long name of gigabytes": (
        lambda: header(tarfile.GNUTYPE_LONGNAME, 1 << 33),
        "a header of the",
    ),
    "broken pax records": (lambda: pax(b"99 path=x\n"), "wrong record"),
    "pax records of no length": (lambda: pax(b"0 path=x\n"), "wrong record"),
    "headers for no member": (lambda: header(tarfile.XHDTYPE, 0) + bytes(1024), "cut off"),
    "headers for headers": (lambda: header(tarfile.XHDTYPE, 0) * 60, "too many members"),
    "many members": (lambda: tar_of({str(n): b"" for n in range(60)}), "too many members"),
    "many folders": (lambda: tar_of([("a", None)] * 60), "too many members"),
    "a large archive": (lambda: docker_with(a=bytes(200_000), b=bytes(200_000)), "says it has"),
    "a compressed bomb": (
        lambda: gzip.compress(docker_with(a=bytes(200_000)) + bytes(10_000_000)),
        "too large",
    ),
    "a bomb of a layer": (
        lambda: docker_with(**{"layer0/layer.tar": gzip.compress(bytes(10_000_000))}),
        "too large",
    ),
    "a plain layer beyond the limit": (
        lambda: tar_of(docker_members([bytes(150_000)])),
        "too large",
    ),
    "a large config": (lambda: docker_config(author="x" * 30_000), "bytes"),
    "a large manifest": (lambda: docker_with(**{"manifest.json": b" " * 30_000}), "bytes"),
    "a large index": (lambda: oci_with({"index.json": b" " * 30_000}), "bytes"),
    "many images": (
        lambda: docker_with(**{"manifest.json": b"[{},{},{},{}]"}),
        "no list of images",
    ),
    "many layers": (lambda: tar_of(docker_members([LAYERS[0]] * 4)), "4 layers"),
    "many layers in OCI": (lambda: tar_of(oci_members([LAYERS[0]] * 4)), "4 layers"),
    # The same name twice: readers would differ in which one counts.
    "a config twice": (
        lambda: docker_having(hex_of(config_of(LAYERS)) + ".json", b"{}"),
        "the same name",
    ),
    "a file and a link": (lambda: docker_having("manifest.json", Link("a")), "the same name"),
    # Documents.
    "deep JSON as manifest": (lambda: docker_with(**{"manifest.json": DEEP}), "nested too deep"),
    "deep JSON as config": (lambda: tar_of(docker_members(config=DEEP)), "nested too deep"),
    "deep JSON as index": (lambda: oci_with({"index.json": DEEP}), "no JSON"),
    "deep JSON as marker": (lambda: oci_with({"oci-layout": DEEP}), "nested too deep"),
    "no JSON": (lambda: docker_with(**{"manifest.json": b"\xff\xfe"}), "no JSON"),
    "no list": (lambda: docker_with(**{"manifest.json": b"{}"}), "no list of images"),
    "an empty list": (lambda: docker_with(**{"manifest.json": b"[]"}), "holds no images"),
    "an empty index": (lambda: oci_with({"index.json": b'{"manifests": []}'}), "holds no images"),
    "an entry that is no object": (
        lambda: docker_with(**{"manifest.json": b"[[[[[1]]]]]"}),
        "wrong entry",
    ),
    "a config that is no name": (lambda: docker_entry(Config=5), "wrong entry"),
    "layers that are no names": (lambda: docker_entry(Layers=[{}, 1]), "wrong entry"),
    "layers that are no list": (lambda: docker_entry(Layers="ab"), "wrong entry"),
    "tags that are no list": (lambda: docker_entry(RepoTags="ab"), "wrong entry"),
    "a tag that is no text": (lambda: docker_entry(RepoTags=[5]), "image name"),
    "a tag that is no name": (lambda: docker_entry(RepoTags=["../../x"]), "image name"),
    "a tag that is a digest": (lambda: docker_entry(RepoTags=[f"a@{OTHER}"]), "image name"),
    "another version": (
        lambda: oci_with({"oci-layout": b'{"imageLayoutVersion": "9"}'}),
        "image layout version",
    ),
    "indexes without end": (deep_indexes, "an index in an index"),
    "a config of wrong types": (lambda: docker_config(config=[1]), "wrong type|no image config"),
    "a history of wrong types": (lambda: docker_config(history=[5]), "wrong type"),
    "a rootfs of wrong types": (lambda: docker_config(rootfs=[5]), "wrong type"),
    "diff IDs that are no digests": (
        lambda: docker_config(rootfs={"diff_ids": ["../../x"]}),
        "no digest",
    ),
    "diff IDs that are no texts": (
        lambda: docker_config(rootfs={"diff_ids": [OTHER, None]}),
        "wrong type",
    ),
    # Digests.
    "fewer layers than diff IDs": (
        lambda: docker_with(
            **{"manifest.json": docker_manifest(hex_of(config_of(LAYERS)) + ".json", 1)}
        ),
        "names 2 layers",
    ),
    "another layer": (
        lambda: docker_with(**{"layer0/layer.tar": LAYERS[1]}),
        f"{sha256_digest(LAYERS[0])}.*{sha256_digest(LAYERS[1])}",
    ),
    "another compressed layer": (
        lambda: docker_with(**{"layer0/layer.tar": gzip.compress(LAYERS[1])}),
        "its diff ID is",
    ),
    "layers in another order": (
        lambda: docker_entry(Layers=["layer1/layer.tar", "layer0/layer.tar"]),
        "its diff ID is",
    ),
    "another config": (
        lambda: docker_with(**{hex_of(config_of(LAYERS)) + ".json": b"{}"}),
        "is damaged: its digest is",
    ),
    "a layer that is missing": (lambda: docker_entry(Layers=["a", "b"]), 'no file "a"'),
    "another blob": (lambda: oci_with({f"blobs/sha256/{'a' * 64}": b"x"}), "its digest is"),
    "a blob that is a link to another": (
        lambda: oci_with(
            {f"blobs/sha256/{hex_of(LAYERS[0])}": Link(hex_of(LAYERS[1]))},
        ),
        f'"{sha256_digest(LAYERS[0])}".*"{sha256_digest(LAYERS[1])}"',
    ),
    "a manifest that is missing": (lambda: oci_without(3), "no file"),
    "an OCI config that is missing": (lambda: oci_without(2), "no file"),
    "an OCI layer that is missing": (lambda: oci_without(1), "no file"),
    "a descriptor of another size": (lambda: oci_entry(size=7), "of 7 bytes"),
    "a descriptor of no size": (lambda: oci_entry(size=-1), "no number of bytes"),
    "a digest that leads out": (lambda: oci_entry(digest="sha256:../../x"), "cannot be checked"),
    "a digest that nobody knows": (lambda: oci_entry(digest="md5:abc"), "cannot be checked"),
    "a containerd name that is none": (
        lambda: oci_entry(annotations={"io.containerd.image.name": "../x"}),
        "image name",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(tmp_path: Path, case: str) -> None:
    build, said = HOSTILE[case]
    layout = ImageLayout(tmp_path / "images")
    with pytest.raises(OciError, match=said) as failure:
        load(io.BytesIO(build()), layout, limits=SMALL)
    assert files_in(layout) == []
    assert list((layout.folder / "tmp").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images"]
    assert failure.value.state
    assert failure.value.format_message().isprintable() or "\n" in failure.value.format_message()


def test_the_archives_of_this_table_are_only_just_hostile(tmp_path: Path) -> None:
    for build in (docker_with, docker_entry, docker_config, lambda: oci_with({}), oci_entry):
        layout = ImageLayout(tmp_path / "images")
        assert len(load(io.BytesIO(build()), layout, limits=SMALL)) == 1


def test_an_archive_without_end_is_refused_at_the_limit(tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        """Gives one piece after the other, and never the end."""

        def __init__(self, pieces: Iterator[bytes]) -> None:
            self.pieces = pieces
            self.sent = 0

        def read(self, size: int = -1, /) -> bytes:
            piece = next(self.pieces)
            self.sent += len(piece)
            return piece

    layout = ImageLayout(tmp_path / "images")
    member = header(tarfile.DIRTYPE, 0)
    stream = Endless(iter(lambda: member, None))
    with pytest.raises(OciError, match="too many members"):
        load(stream, layout, limits=Limits(members=1000))
    assert stream.sent < 2_000 * 512

    first = [header(tarfile.REGTYPE, 200_000)]
    stream = Endless(iter(lambda: first.pop() if first else bytes(512), None))
    with pytest.raises(OciError, match="too large"):
        load(stream, layout, limits=SMALL)
    assert stream.sent < 2 * SMALL.archive
    assert files_in(layout) == []


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 1 << 30),
    form=st.sampled_from([docker_members, oci_members]),
    cut=st.booleans(),
)
def test_a_damaged_archive_is_refused_or_gives_the_same_image(
    tmp_path: Path, seed: int, form: Callable[[], Any], cut: bool
) -> None:
    chance = random.Random(seed)
    archive = bytearray(tar_of(form()))
    if cut:
        del archive[chance.randrange(len(archive)) :]
    for _ in range(0 if cut else chance.randrange(1, 6)):
        # Documents and headers, rather than the zeros that fill them.
        places = [place for place, value in enumerate(archive) if value]
        archive[chance.choice(places)] = chance.randrange(256)
    layout = ImageLayout(tmp_path / "images")
    try:
        images = load(io.BytesIO(bytes(archive)), layout, limits=SMALL)
    except OciError:
        assert list((layout.folder / "tmp").iterdir()) == []
        return
    assert [image.image_id for image in images] == [sha256_digest(config_of(LAYERS))]
