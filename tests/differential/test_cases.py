"""Every case gives the same image from the notebook as from `docker buildx build`.

Tree (path, type, mode, owner, link target, content, attributes; times apart), config and history.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dockernb.build.compare import Difference, compare_images
from dockernb.build.image_tree import Node, image_tree
from dockernb.engines.base import Engine
from dockernb.engines.docker.engine import connect
from dockernb.oci.config import ImageConfig
from tests.conftest import named
from tests.testbed.images import BASE_IMAGES
from tests.testbed.reference import ReferenceBuildFailed, buildx_build, docker_cli
from tests.testbed.stored import saved_by_daemon

from . import kernel_build
from .case import Case, lay_out, names
from .kernel_build import KernelBuild
from .layers_on_disk import layer_tree
from .server import Server, serving
from .sides import SIDES, Side, opened_side

# What an engine cannot give, and why. A case that becomes equal has to leave the list.
LIMITS = {
    ("embedded_without_mounts", "run-process-is-the-first-one"): "no process namespace without a "
    "/proc of its own",
    ("embedded_without_mounts", "run-network-none"): "/sys is the host's and shows its devices",
    ("embedded_without_mounts", "run-mount-tmpfs-size"): "a tmpfs is a folder",
    ("embedded_without_mounts", "flags-of-shm-size"): "/dev/shm is a folder",
    ("embedded_without_mounts", "run-mount-read-only-refuses-writers"): "what is read-only is a "
    "copy, and what is written there is thrown away",
}

REFERENCE_TAG = f"dockernb-differential:{os.getpid()}"  # two runs may share a daemon


@dataclass(frozen=True)
class Built:
    """An image as it is compared; None stands for a refusal, whose words are `error`."""

    image_id: str = ""
    tree: dict[str, Node] | None = None
    config: ImageConfig | None = None
    error: str = ""


@pytest.fixture(scope="module")
def docker_engine(docker_host: str) -> Iterator[Engine]:
    engine = connect(docker_host)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def references(docker_root: Path) -> Iterator[dict[str, Built]]:
    """What the reference builder made of each case: it is the same for all engines."""
    built: dict[str, Built] = {}
    yield built
    images = {each.image_id for each in built.values()} - {""}
    docker_cli("image", "rm", "--force", *images)


@pytest.fixture(scope="module")
def base_images(docker_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The base images in one archive, for the engines that do not share the daemon's."""
    return saved_by_daemon([image.name for image in BASE_IMAGES], tmp_path_factory.mktemp("bases"))


@pytest.fixture(scope="module", params=list(SIDES))
def side(
    request: pytest.FixtureRequest,
    docker_host: str,
    base_images: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Side]:
    home = tmp_path_factory.mktemp("home")
    with opened_side(request.param, docker_host, home, base_images) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served")) as servers:
        yield servers


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    found = lay_out(request.param, tmp_path)
    if found.server:
        servers: Server = request.getfixturevalue("server")
        addresses = {"SERVER": servers.files, "GIT": servers.git}
        flags = [
            flag.replace("//SERVER", f"//{servers.files}").replace("//GIT", f"//{servers.git}")
            for flag in found.flags
        ]
        found = replace(found, build_args={**found.build_args, **addresses}, flags=flags)
    if found.newer:
        named("docker28", "DOCKERNB_TEST_DOCKER28_HOST")
    return found


@pytest.mark.parametrize("case", names(), indirect=True)
def test_notebook_gives_the_image_of_docker_build(
    case: Case,
    side: Side,
    references: dict[str, Built],
    docker_engine: Engine,
    docker_root: Path,
) -> None:
    with ThreadPoolExecutor(1) as beside:  # the two builds do not wait for each other
        if case.name not in references:
            wanted = beside.submit(_reference, docker_engine, case)
        built = kernel_build.build(side.kernel, case)
    if case.name not in references:
        references[case.name] = wanted.result()
    reference = references[case.name]
    if reference.tree is None:
        assert case.fails, reference.error
        assert built.error is not None, "the notebook built what docker build refuses"
        return
    assert not case.fails, "docker build builds it"
    wrong = _differences(side, built, reference, case)
    if (side.name, case.name) in LIMITS:
        assert wrong, "it is equal now: take it off the list of limits"
    else:
        assert not wrong, wrong


def _differences(side: Side, built: KernelBuild, reference: Built, case: Case) -> str:
    """What is not the same, a line each."""
    if built.error is not None:
        return built.error
    image = side.engine.find_image(built.image_id)
    assert image is not None
    assert reference.tree is not None
    assert reference.config is not None
    is_docker = side.name == "docker"
    tree = layer_tree(image.id) if is_docker else image_tree(side.engine, image.id)
    ours = tree, image.config
    return "\n".join(
        _line(difference)
        for difference in compare_images(ours, (reference.tree, reference.config))
        if not (difference.what == "content" and difference.name in case.ignore_content)
        and not (difference.section == "history" and case.ignore_history)
    )


def _reference(engine: Engine, case: Case) -> Built:
    try:
        build = buildx_build(
            case.context,
            case.dockerfile,
            tag=REFERENCE_TAG,
            build_args=case.build_args,
            target=case.target,
            secrets=case.secrets,
            flags=case.flags,
            newer=case.newer or bool(os.environ.get("DOCKERNB_TEST_NEWER")),
        )
    except ReferenceBuildFailed as failure:
        return Built(error=str(failure))
    image = engine.find_image(build.image_id)
    assert image is not None
    return Built(image.id, layer_tree(image.id), image.config)


def _line(difference: Difference) -> str:
    return (
        f"{difference.section} {difference.name}: {difference.what}: "
        f"notebook {difference.left} | docker build {difference.right}"
    )
