"""Images as archives: written, read back, and refused when they are hostile."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockernb.errors import OciError
from dockernb.oci.archives import (
    SavedImage,
    read_archive,
    write_docker_archive,
    write_oci_archive,
)
from dockernb.oci.config import ImageConfig
from dockernb.oci.digest import sha256_digest
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import OCI_LAYER, OCI_LAYER_GZIP, Descriptor
from dockernb.oci.reference import Reference

PLAIN = bytes(10240)
OTHER = bytes(20480)
WRITERS = {"docker": write_docker_archive, "oci": write_oci_archive}


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "oci")


@pytest.fixture
def image(layout: ImageLayout) -> SavedImage:
    """Two layers, one of them compressed, and the plain one once more."""
    squeezed = gzip.compress(OTHER, mtime=0)
    plain = Descriptor(OCI_LAYER, layout.put_bytes(PLAIN), len(PLAIN))
    packed = Descriptor(OCI_LAYER_GZIP, layout.put_bytes(squeezed), len(squeezed))
    diff_ids = (sha256_digest(PLAIN), sha256_digest(OTHER), sha256_digest(PLAIN))
    config = ImageConfig(diff_ids=diff_ids).to_bytes()
    blobs = (plain, packed, plain)
    layers = tuple(
        (blob, diff_id, layout.blob_path(blob.digest))
        for blob, diff_id in zip(blobs, diff_ids, strict=True)
    )
    return SavedImage(("app:1", "app:latest"), config, layers)


def written(form: str, *images: SavedImage) -> bytes:
    out = io.BytesIO()
    WRITERS[form](images, out)
    return out.getvalue()


def contents(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = {}
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            assert member.name not in found, "each name stands once"
            found[member.name] = file.read()
        return found


def test_a_docker_archive_holds_plain_layers_once(image: SavedImage) -> None:
    found = contents(written("docker", image))
    (entry,) = json.loads(found["manifest.json"])
    assert entry["RepoTags"] == ["app:1", "app:latest"]
    assert sha256_digest(found[entry["Config"]]) == sha256_digest(image.config)
    assert [found[layer] for layer in entry["Layers"]] == [PLAIN, OTHER, PLAIN]
    assert len(found) == 4


def test_an_oci_archive_holds_blobs_as_they_are(image: SavedImage) -> None:
    found = contents(written("oci", image))
    blobs = {name: data for name, data in found.items() if name.startswith("blobs/")}
    assert all(sha256_digest(data)[7:] == name[13:] for name, data in blobs.items())
    assert len(blobs) == 4  # config, manifest, two layers
    names = {
        entry["annotations"]["io.containerd.image.name"]
        for entry in json.loads(found["index.json"])["manifests"]
    }
    assert names == {"docker.io/library/app:1", "docker.io/library/app:latest"}


@pytest.mark.parametrize("form", WRITERS)
def test_equal_images_make_equal_archives(image: SavedImage, form: str) -> None:
    assert written(form, image) == written(form, image)


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", WRITERS)
def test_what_was_written_is_read_back(
    image: SavedImage, form: str, compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    file = tmp_path / "image.tar"
    file.write_bytes(compress(written(form, image)))
    into = ImageLayout(tmp_path / "other")
    found = read_archive(file, into)
    names = {Reference.parse(name).familiar for each in found for name in each.names}
    assert names == {"app:1", "app:latest"}
    assert all(each.config == image.config for each in found)
    for layer in found[0].layers:
        assert len(into.read_blob(layer.digest, limit=1 << 20)) == layer.size


def test_a_layer_that_is_a_link_to_another_is_followed(
    image: SavedImage, layout: ImageLayout, tmp_path: Path
) -> None:
    """Older daemons write a layer that comes twice so."""
    file = tmp_path / "image.tar"
    with tarfile.open(file, "w") as tar:
        _add(tar, "config.json", ImageConfig(diff_ids=(sha256_digest(PLAIN),) * 2).to_bytes())
        _add(tar, "one/layer.tar", PLAIN)
        link = tarfile.TarInfo("two/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../one/layer.tar"
        tar.addfile(link)
        entry = {"Config": "config.json", "Layers": ["one/layer.tar", "two/layer.tar"]}
        _add(tar, "manifest.json", json.dumps([entry]).encode())
    (found,) = read_archive(file, layout)
    assert [layer.digest for layer in found.layers] == [sha256_digest(PLAIN)] * 2


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def _docker(**changes: Any) -> dict[str, bytes]:
    config = ImageConfig(diff_ids=(sha256_digest(PLAIN),)).to_bytes()
    entry = {"Config": "config.json", "RepoTags": ["a:1"], "Layers": ["layer.tar"], **changes}
    manifest = json.dumps([entry]).encode()
    return {"config.json": config, "layer.tar": PLAIN, "manifest.json": manifest}


HOSTILE: dict[str, dict[str, bytes]] = {
    "nothing": {},
    "no image": {"a": b"b"},
    "manifest is no json": {**_docker(), "manifest.json": b"{"},
    "manifest is deep json": {**_docker(), "manifest.json": b"[" * 100_000},
    "manifest of numbers": {**_docker(), "manifest.json": b"[1]"},
    "config missing": _docker(Config="other.json"),
    "config is no string": _docker(Config=7),
    "config out of the archive": _docker(Config="../../../etc/passwd"),
    "config absolute": _docker(Config="/etc/passwd"),
    "config is no config": {**_docker(), "config.json": b"[]"},
    "config with another digest": {
        **_docker(Config="0" * 64 + ".json"),
        "0" * 64 + ".json": ImageConfig(diff_ids=(sha256_digest(PLAIN),)).to_bytes(),
    },
    "layer missing": _docker(Layers=["gone.tar"]),
    "layer out of the archive": _docker(Layers=["../../../etc/passwd"]),
    "too many layers": _docker(Layers=["layer.tar", "layer.tar"]),
    "index is no index": {"index.json": b"{}"},
    "index of a missing manifest": {
        "index.json": json.dumps(
            {"manifests": [Descriptor("", sha256_digest(b"x"), 1).to_json()]}
        ).encode()
    },
    "manifest with another digest": {
        "index.json": json.dumps(
            {"manifests": [Descriptor("", sha256_digest(b"x"), 1).to_json()]}
        ).encode(),
        "blobs/sha256/" + sha256_digest(b"x")[7:]: b"y",
    },
    "index without a digest that can be checked": {
        "index.json": b'{"manifests": [{"digest": "md5:00", "size": 1}]}'
    },
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_broken_or_hostile_archive_is_refused(
    layout: ImageLayout, tmp_path: Path, case: str
) -> None:
    file = tmp_path / "image.tar"
    with tarfile.open(file, "w") as tar:
        for name, data in HOSTILE[case].items():
            _add(tar, name, data)
    with pytest.raises(OciError):
        read_archive(file, layout)
    assert not layout.names()


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "layer.tar"])
def test_links_lead_nowhere_but_into_the_archive(
    layout: ImageLayout, tmp_path: Path, target: str
) -> None:
    file = tmp_path / "image.tar"
    with tarfile.open(file, "w") as tar:
        for name, data in _docker().items():
            if name != "layer.tar":
                _add(tar, name, data)
        link = tarfile.TarInfo("layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, target
        tar.addfile(link)
    with pytest.raises(OciError):
        read_archive(file, layout)


@pytest.mark.parametrize("data", [b"", b"no tar at all", b"\x1f\x8bbroken", bytes(1024)])
def test_what_is_no_archive_is_refused(layout: ImageLayout, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "image.tar"
    file.write_bytes(data)
    with pytest.raises(OciError):
        read_archive(file, layout)
