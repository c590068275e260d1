"""What is in a saved archive, and what is not saved."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockernb.errors import OciError
from dockernb.oci.archives import StoredImage, save_docker, save_oci, stored_image
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import (
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    parse_document,
)

from .archive_files import (
    COMPRESSIONS,
    LAYERS,
    hex_of,
    index_of,
    members_of,
    store,
    with_docker_types,
)

Save = Callable[..., None]
SAVES = [save_docker, save_oci]


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "images")


def saved(save: Save, layout: ImageLayout, *images: StoredImage, **options: Any) -> bytes:
    out = io.BytesIO()
    save(layout, images, out, **options)
    return out.getvalue()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_docker_archive_holds_plain_layers_whatever_is_stored(
    layout: ImageLayout, compression: str
) -> None:
    image = store(layout, names=("app:1", "localhost:5000/team/app:2"), compression=compression)
    members = members_of(saved(save_docker, layout, image))
    [entry] = json.loads(members["manifest.json"])
    assert entry["RepoTags"] == ["app:1", "localhost:5000/team/app:2"]
    assert members[entry["Config"]] == image.config
    assert tuple(members[name] for name in entry["Layers"]) == LAYERS
    # skopeo and podman take the config's name for the image ID.
    assert entry["Config"] == f"{hex_of(image.config)}.json"


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_an_oci_archive_is_an_image_layout_with_the_blobs_as_stored(
    layout: ImageLayout, tmp_path: Path, compression: str
) -> None:
    image = store(layout, names=("app:1", "app:2"), compression=compression)
    unpacked = tmp_path / "unpacked"
    with tarfile.open(fileobj=io.BytesIO(saved(save_oci, layout, image))) as tar:
        tar.extractall(unpacked, filter="data")
    again = ImageLayout(unpacked)
    assert set(again.names()) == {"docker.io/library/app:1", "docker.io/library/app:2"}
    for found in again.names().values():
        assert (found.digest, found.size) == (image.descriptor.digest, image.descriptor.size)
        assert found.annotations["io.containerd.image.name"] in again.names()
        copy = stored_image(again, found)
        assert (copy.config, copy.manifest, copy.layers) == (
            image.config,
            image.manifest,
            image.layers,
        )


def test_an_oci_archive_has_oci_media_types_only(layout: ImageLayout) -> None:
    pulled = with_docker_types(layout, store(layout, names=("app:1",), compression="gzip"))
    archive = saved(save_oci, layout, pulled)
    assert b"vnd.docker" not in archive
    [entry] = json.loads(members_of(archive)["index.json"])["manifests"]
    manifest = parse_document(members_of(archive)[f"blobs/sha256/{entry['digest'][7:]}"])
    assert isinstance(manifest, Manifest)
    assert manifest.config.digest == pulled.image_id
    assert [layer.media_type for layer in manifest.layers] == [OCI_LAYER_GZIP] * 2


def test_an_oci_archive_has_a_manifest_for_docker_load(layout: ImageLayout) -> None:
    image = store(layout, names=("app:1",), compression="gzip")
    members = members_of(saved(save_oci, layout, image))
    [entry] = json.loads(members["manifest.json"])
    assert entry["RepoTags"] == ["app:1"]
    assert members[entry["Config"]] == image.config
    assert len(entry["Layers"]) == len(LAYERS)
    assert set(entry["Layers"]) <= set(members)


@pytest.mark.parametrize("save", SAVES)
def test_what_images_share_is_in_the_archive_once(layout: ImageLayout, save: Save) -> None:
    first = store(layout, [LAYERS[0], LAYERS[0], LAYERS[1]], ("a:1",))
    second = store(layout, [LAYERS[0]], ("b:1",))
    archive = saved(save, layout, first, second, first)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        names = tar.getnames()
    assert len(names) == len(set(names))
    first_entry, second_entry, _ = json.loads(members_of(archive)["manifest.json"])
    assert first_entry["Layers"][0] == first_entry["Layers"][1] == second_entry["Layers"][0]


@pytest.mark.parametrize("save", SAVES)
def test_the_same_image_gives_the_same_archive(layout: ImageLayout, save: Save) -> None:
    image = store(layout, names=("app:1",), compression="gzip")
    assert saved(save, layout, image) == saved(save, layout, image)


@pytest.mark.parametrize("save", SAVES)
def test_an_image_without_names_or_layers_is_saved(layout: ImageLayout, save: Save) -> None:
    [entry] = json.loads(members_of(saved(save, layout, store(layout, [])))["manifest.json"])
    assert (entry["RepoTags"], entry["Layers"]) == (None, [])


@pytest.mark.parametrize("save", SAVES)
def test_a_digest_is_no_name_to_save_under(layout: ImageLayout, save: Save) -> None:
    digest = "sha256:" + "a" * 64
    tagged = store(layout, names=(f"app:1@{digest}",))
    assert b'"app:1"' in saved(save, layout, tagged)
    with pytest.raises(OciError, match="cannot be saved under the name") as failure:
        saved(save, layout, store(layout, names=(f"app@{digest}",)))
    assert "app:latest" in str(failure.value.hint)


@pytest.mark.parametrize("save", SAVES)
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_damaged_layer_is_not_saved(layout: ImageLayout, save: Save, compression: str) -> None:
    image = store(layout, names=("app:1",), compression=compression)
    other = store(layout, [LAYERS[0], LAYERS[0]], compression=compression)
    digest = image.layers[1].descriptor.digest
    layout.blob_path(digest).write_bytes(
        layout.blob_path(other.layers[0].descriptor.digest).read_bytes()
    )
    out = io.BytesIO()
    with pytest.raises(OciError, match=rf'"{digest}".*digest is sha256:'):
        save(layout, [image], out)
    # No end of a tar was written: nobody takes it for a whole archive.
    assert not out.getvalue().endswith(bytes(1024)) or b"manifest.json" not in out.getvalue()


@pytest.mark.parametrize("save", SAVES)
def test_a_missing_layer_is_not_saved(layout: ImageLayout, save: Save) -> None:
    image = store(layout)
    layout.blob_path(image.layers[0].descriptor.digest).unlink()
    with pytest.raises(OciError, match="is not stored here"):
        saved(save, layout, image)


def test_a_layer_beyond_the_limit_is_not_unpacked(layout: ImageLayout) -> None:
    image = store(layout, compression="gzip")
    with pytest.raises(OciError, match="too large"):
        saved(save_docker, layout, image, layer_limit=len(LAYERS[0]) - 1)


def test_an_index_is_no_image(layout: ImageLayout) -> None:
    index = index_of(store(layout).descriptor)
    with pytest.raises(OciError, match="index of several images"):
        stored_image(layout, Descriptor("", layout.put_bytes(index), len(index)))


def test_documents_that_do_not_fit_are_no_image(layout: ImageLayout) -> None:
    image = store(layout)
    document = json.loads(image.manifest)
    for change, said in [
        ({"layers": document["layers"][:1]}, "names 2 layers, but the manifest has 1"),
        (
            {"config": document["config"] | {"mediaType": "application/vnd.cncf.helm.config"}},
            "no image's",
        ),
    ]:
        data = json.dumps(document | change).encode()
        with pytest.raises(OciError, match=said):
            stored_image(layout, Descriptor(OCI_MANIFEST, layout.put_bytes(data), len(data)))
