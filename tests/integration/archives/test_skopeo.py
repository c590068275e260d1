"""skopeo (and with it podman, which shares its code) takes our archives, and we take its."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dockernb.oci.archives import StoredImage, load, save_docker, save_oci, stored_image
from dockernb.oci.layout import ImageLayout
from tests.unit.oci.archive_files import COMPRESSIONS, store, with_docker_types

FORMS = {"docker-archive": save_docker, "oci-archive": save_oci}
NAME = "docker.io/library/app:1"


@pytest.fixture
def skopeo(skopeo_program: str) -> Callable[..., bytes]:
    """Runs skopeo; it needs no configuration of the machine."""

    def run(*arguments: str) -> bytes:
        command = [skopeo_program, "--insecure-policy", *arguments]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "images")


def saved(layout: ImageLayout, form: str, folder: Path, *images: StoredImage) -> str:
    """The archive in skopeo's words."""
    path = folder / f"{form}.tar"
    with path.open("wb") as out:
        FORMS[form](layout, images, out)
    return f"{form}:{path}"


def diff_ids(image: StoredImage) -> list[str]:
    return [layer.diff_id for layer in image.layers]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("form", FORMS)
def test_skopeo_copies_what_is_saved(
    skopeo: Callable[..., bytes], layout: ImageLayout, tmp_path: Path, form: str, compression: str
) -> None:
    image = store(layout, names=("app:1",), compression=compression, user="app")
    source = saved(layout, form, tmp_path, image)
    copy = tmp_path / "copy"
    skopeo("copy", source, f"oci:{copy}:any")
    found = ImageLayout(copy)
    assert diff_ids(stored_image(found, found.names()["any"])) == diff_ids(image)
    assert skopeo("inspect", "--config", "--raw", source) == image.config


@pytest.mark.parametrize("form", FORMS)
def test_skopeo_finds_an_image_by_its_name(
    skopeo: Callable[..., bytes], layout: ImageLayout, tmp_path: Path, form: str
) -> None:
    first = store(layout, names=("app:1", "app:latest"), user="first")
    second = store(layout, names=("localhost:5000/app:1",), user="second")
    source = saved(layout, form, tmp_path, first, second)
    assert skopeo("inspect", "--config", "--raw", f"{source}:{NAME}") == first.config
    by_host = f"{source}:localhost:5000/app:1"
    assert skopeo("inspect", "--config", "--raw", by_host) == second.config


@pytest.mark.parametrize("form", FORMS)
def test_skopeo_finds_what_was_pulled_from_docker_by_its_name(
    skopeo: Callable[..., bytes], layout: ImageLayout, tmp_path: Path, form: str
) -> None:
    image = with_docker_types(layout, store(layout, names=("app:1",), compression="gzip"))
    source = saved(layout, form, tmp_path, image)
    assert skopeo("inspect", "--config", "--raw", f"{source}:{NAME}") == image.config


@pytest.mark.parametrize("form", FORMS)
def test_what_skopeo_writes_is_loaded(
    skopeo: Callable[..., bytes], layout: ImageLayout, tmp_path: Path, form: str
) -> None:
    image = store(layout, names=("app:1",), compression="gzip", user="app")
    theirs = tmp_path / "theirs.tar"
    skopeo("copy", saved(layout, "docker-archive", tmp_path, image), f"{form}:{theirs}:{NAME}")
    other = ImageLayout(tmp_path / "other")
    with theirs.open("rb") as archive:
        [loaded] = load(archive, other)
    assert loaded.names == (NAME,)
    assert diff_ids(stored_image(other, loaded.manifest)) == diff_ids(image)
