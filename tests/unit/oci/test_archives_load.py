"""Archives of every form that tools write are loaded with all their digests."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
from pathlib import Path

import pytest

from dockernb.errors import OciError
from dockernb.oci.archives import LoadedImage, load, save_docker, save_oci, stored_image
from dockernb.oci.config import Platform
from dockernb.oci.digest import sha256_digest
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Manifest

from .archive_files import (
    COMPRESSIONS,
    LAYERS,
    MARKER,
    Content,
    Link,
    blob_members,
    compressed,
    config_of,
    descriptor_of,
    docker_members,
    hex_of,
    index_of,
    oci_members,
    store,
    tar_of,
)

REF_NAME = "org.opencontainers.image.ref.name"
AMD64 = Platform("linux", "amd64")
CONTAINERD_NAME = "io.containerd.image.name"


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "images")


def loaded(layout: ImageLayout, archive: bytes, platform: Platform = AMD64) -> list[LoadedImage]:
    return load(io.BytesIO(archive), layout, platform=platform)


def only(layout: ImageLayout, members: dict[str, Content]) -> LoadedImage:
    [image] = loaded(layout, tar_of(members))
    return image


@pytest.mark.parametrize("save", [save_docker, save_oci])
@pytest.mark.parametrize("layers", COMPRESSIONS)
@pytest.mark.parametrize("archive", COMPRESSIONS)
def test_what_is_saved_is_loaded(
    layout: ImageLayout, tmp_path: Path, save: object, layers: str, archive: str
) -> None:
    source = ImageLayout(tmp_path / "source")
    image = store(source, names=("app:1", "app:2"), compression=layers, labels={"a": "b"})
    out = io.BytesIO()
    save(source, [image], out)  # type: ignore[operator]
    [found] = loaded(layout, compressed(out.getvalue(), archive))
    assert found.names == ("docker.io/library/app:1", "docker.io/library/app:2")
    assert found.image_id == image.image_id
    copy = stored_image(layout, found.manifest)
    assert copy.config == image.config
    assert [layer.diff_id for layer in copy.layers] == list(map(sha256_digest, LAYERS))
    if save is save_oci:
        assert found.manifest == image.descriptor
        assert copy.layers == image.layers


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_layers_of_a_docker_archive_may_be_compressed(
    layout: ImageLayout, compression: str
) -> None:
    members = docker_members()
    members["layer0/layer.tar"] = compressed(LAYERS[0], compression)
    image = stored_image(layout, only(layout, members).manifest)
    assert image.layers[0].diff_id == sha256_digest(LAYERS[0])
    end = "" if compression == "none" else f"+{compression}"
    assert image.layers[0].descriptor.media_type == OCI_LAYER + end


@pytest.mark.parametrize(
    "link",
    [
        Link("../layer0/layer.tar"),
        Link("../././layer0//layer.tar"),
        Link("layer0/layer.tar", symbolic=False),
        Link("../alias"),
    ],
)
def test_a_shared_layer_may_be_a_link_as_old_dockers_write_it(
    layout: ImageLayout, link: Link
) -> None:
    members = docker_members([LAYERS[0], LAYERS[0]])
    members["layer1/layer.tar"] = link
    members["alias"] = Link("layer0/layer.tar")
    image = stored_image(layout, only(layout, members).manifest)
    assert [layer.diff_id for layer in image.layers] == [sha256_digest(LAYERS[0])] * 2


def test_a_layer_may_be_in_the_archive_twice_under_two_names(layout: ImageLayout) -> None:
    image = only(layout, docker_members([LAYERS[0], LAYERS[0]]))
    assert len(stored_image(layout, image.manifest).layers) == 2


def test_members_may_come_in_any_order_and_with_dots(layout: ImageLayout) -> None:
    members = [(f"./{name}", content) for name, content in docker_members().items()]
    for order in (members, members[::-1]):
        [image] = loaded(layout, tar_of([("./", None), *order]))
        assert image.names == ("docker.io/library/first:1",)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read_in_both_ways_of_writing_them(layout: ImageLayout, form: int) -> None:
    members = docker_members([LAYERS[0], LAYERS[0]])
    long = f"{'a' * 99}/{'é' * 150}"
    members[f"{long}/layer.tar"] = members.pop("layer0/layer.tar")
    members["layer1/layer.tar"] = Link(f"../{long}/layer.tar")
    [entry] = json.loads(members["manifest.json"])  # type: ignore[arg-type]
    entry["Layers"][0] = f"{long}/layer.tar"
    members["manifest.json"] = json.dumps([entry]).encode()
    [image] = loaded(layout, tar_of(members, form=form))
    assert len(stored_image(layout, image.manifest).layers) == 2


@pytest.mark.parametrize("name", ["{}", "{}.json", "sha256:{}", "folder/{}.json"])
def test_a_config_that_is_named_by_its_digest_has_it(layout: ImageLayout, name: str) -> None:
    members = docker_members()
    [entry] = json.loads(members["manifest.json"])  # type: ignore[arg-type]
    config = members.pop(entry["Config"])
    for digest, right in [(hex_of(config_of(LAYERS)), True), ("a" * 64, False)]:
        entry["Config"] = name.format(digest)
        manifest = json.dumps([entry]).encode()
        archive = tar_of(members | {entry["Config"]: config, "manifest.json": manifest})
        if right:
            assert loaded(layout, archive)
        else:
            with pytest.raises(OciError, match="is damaged: its digest is"):
                loaded(layout, archive)


def test_several_images_share_layers(layout: ImageLayout) -> None:
    members = docker_members()
    other = config_of(LAYERS, user="app")
    members["other.json"] = other
    [entry] = json.loads(members["manifest.json"])  # type: ignore[arg-type]
    second = entry | {"Config": "other.json", "RepoTags": None}
    members["manifest.json"] = json.dumps([entry, second]).encode()
    first, last = loaded(layout, tar_of(members))
    assert last.image_id == sha256_digest(other)
    assert last.names == ()
    for image in (first, last):
        assert len(stored_image(layout, image.manifest).layers) == 2


def test_an_image_without_layers_is_loaded(layout: ImageLayout) -> None:
    assert stored_image(layout, only(layout, docker_members([])).manifest).layers == ()


@pytest.mark.parametrize(
    ("annotations", "names"),
    [
        ({}, ()),
        ({REF_NAME: "latest"}, ()),
        ({REF_NAME: "any text: as it pleases"}, ()),
        ({REF_NAME: "app:1"}, ("docker.io/library/app:1",)),
        ({REF_NAME: "localhost/app"}, ("localhost/app:latest",)),
        ({REF_NAME: "1", CONTAINERD_NAME: "ghcr.io/a/b:1"}, ("ghcr.io/a/b:1",)),
    ],
)
def test_names_of_an_oci_archive_are_full_names_only(
    layout: ImageLayout, annotations: dict[str, str], names: tuple[str, ...]
) -> None:
    assert only(layout, oci_members(annotations=annotations)).names == names


def test_an_image_with_several_entries_is_loaded_once_with_all_names(layout: ImageLayout) -> None:
    members = oci_members()
    [entry] = json.loads(members["index.json"])["manifests"]  # type: ignore[arg-type]
    entries = [entry | {"annotations": {CONTAINERD_NAME: name}} for name in ("a:1", "b:1", "a:1")]
    members["index.json"] = json.dumps({"manifests": entries}).encode()
    assert only(layout, members).names == ("docker.io/library/a:1", "docker.io/library/b:1")


def multi_platform() -> tuple[dict[str, Content], dict[str, bytes]]:
    """An archive as buildx makes it, with an attestation; and the configs by platform."""
    configs, members, entries = {}, {}, []
    for name in ("amd64", "arm64"):
        configs[name] = config_of(LAYERS[:1], user=name)
        layer = descriptor_of(LAYERS[0], OCI_LAYER)
        manifest = Manifest(descriptor_of(configs[name], OCI_CONFIG), (layer,)).to_bytes()
        platform = Platform("linux", name)
        entries.append(descriptor_of(manifest, OCI_MANIFEST, platform=platform))
        members |= blob_members(manifest, configs[name], LAYERS[0])
    attested = {"vnd.docker.reference.type": "attestation-manifest"}
    entries.append(
        descriptor_of(b"{}", OCI_MANIFEST, annotations=attested, platform=Platform("unknown"))
    )
    inner = index_of(*entries)
    members |= blob_members(inner)
    members["oci-layout"] = MARKER
    members["index.json"] = index_of(descriptor_of(inner, OCI_INDEX))
    return members, configs


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_of_several_platforms_the_one_asked_for_is_loaded(
    layout: ImageLayout, architecture: str
) -> None:
    members, configs = multi_platform()
    [image] = loaded(layout, tar_of(members), Platform("linux", architecture))
    assert image.image_id == sha256_digest(configs[architecture])


def test_a_platform_that_is_not_there_is_named_with_those_that_are(layout: ImageLayout) -> None:
    members, _ = multi_platform()
    with pytest.raises(OciError, match='no image for "linux/s390x"') as failure:
        loaded(layout, tar_of(members), Platform("linux", "s390x"))
    assert failure.value.rule == 'It has: "linux/amd64", "linux/arm64".'


def test_an_archive_is_read_from_a_pipe_to_its_end(layout: ImageLayout) -> None:
    archive = tar_of(docker_members()) + bytes(200_000)
    read, write = os.pipe()

    def feed() -> None:
        with os.fdopen(write, "wb") as pipe:
            pipe.write(archive)

    writer = threading.Thread(target=feed)
    writer.start()
    with os.fdopen(read, "rb") as pipe:
        assert len(load(pipe, layout)) == 1
    writer.join()


def test_loading_gives_no_names_and_leaves_no_temporary_files(layout: ImageLayout) -> None:
    image = only(layout, docker_members())
    assert layout.names() == {}
    assert list((layout.folder / "tmp").iterdir()) == []
    layout.set_name(image.names[0], image.manifest)
    assert stored_image(layout, layout.names()[image.names[0]]).image_id == image.image_id


def test_an_image_is_loaded_twice(layout: ImageLayout) -> None:
    archive = tar_of(docker_members())
    assert loaded(layout, archive) == loaded(layout, archive)


def test_a_config_is_stored_to_the_last_byte(layout: ImageLayout) -> None:
    config = json.dumps(json.loads(config_of(LAYERS)) | {"x-unknown": 1.50}, indent=3).encode()
    members = docker_members(config=config)
    image = only(layout, members)
    assert image.image_id == "sha256:" + hex_of(config)
    assert stored_image(layout, image.manifest).config == config
