"""The real Docker takes our archives, and we take its."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dockernb.oci.archives import StoredImage, load, save_docker, save_oci, stored_image
from dockernb.oci.layout import ImageLayout
from tests.testbed.reference import docker_cli
from tests.unit.oci.archive_files import COMPRESSIONS

from .conftest import Archives, Made

SAVES = [save_docker, save_oci]


def image_id(name: str) -> str:
    return docker_cli("image", "inspect", "--format", "{{.Id}}", name).strip()


def test_what_docker_saves_is_loaded(busybox: StoredImage) -> None:
    assert busybox.names == ("docker.io/library/busybox:latest",)
    assert busybox.image_id == image_id("busybox:latest")
    diff_ids = docker_cli(
        "image", "inspect", "--format", '{{join .RootFS.Layers " "}}', "busybox:latest"
    )
    assert [layer.diff_id for layer in busybox.layers] == diff_ids.split()


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("save", SAVES)
def test_docker_loads_and_runs_what_is_saved(
    archives: Archives,
    layout: ImageLayout,
    make: Callable[..., Made],
    save: Callable[..., None],
    compression: str,
) -> None:
    made = make(compression)
    with archives.path("image.tar").open("wb") as out:
        save(layout, [made.image], out)
    said = docker_cli("load", "--input", archives.inside("image.tar"))
    assert said == f"Loaded image: {made.name}\n"
    assert image_id(made.name) == made.image.image_id
    assert docker_cli("run", "--rm", made.name) == made.says


@pytest.mark.parametrize("save", SAVES)
def test_docker_loads_several_images_with_several_names(
    archives: Archives,
    layout: ImageLayout,
    make: Callable[..., Made],
    save: Callable[..., None],
) -> None:
    first, second = make(), make("gzip")
    with archives.path("images.tar").open("wb") as out:
        save(layout, [first.image, second.image], out)
    docker_cli("load", "--input", archives.inside("images.tar"))
    for made in (first, second):
        assert docker_cli("run", "--rm", made.name) == made.says


def test_images_come_back_from_docker_as_they_went(
    archives: Archives, layout: ImageLayout, make: Callable[..., Made], tmp_path: object
) -> None:
    first, second = make(), make("zstd")
    with archives.path("images.tar").open("wb") as out:
        save_docker(layout, [first.image, second.image], out)
    docker_cli("load", "--input", archives.inside("images.tar"))
    docker_cli("save", "--output", archives.inside("back.tar"), first.name, second.name)
    other = ImageLayout(layout.folder.with_name("other"))
    with archives.path("back.tar").open("rb") as archive:
        loaded = {
            image.names[0].removeprefix("docker.io/library/"): image
            for image in load(archive, other)
        }
    for made in (first, second):
        back = stored_image(other, loaded[made.name].manifest)
        assert back.config == made.image.config
        assert [layer.diff_id for layer in back.layers] == [
            layer.diff_id for layer in made.image.layers
        ]
