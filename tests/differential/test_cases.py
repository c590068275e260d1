"""Every case gives the same image from the notebook as from `docker buildx build`.

Tree (path, type, mode, owner, link target, content, attributes; times apart), config and history.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking import BlockingKernelClient

from dockernb.build.compare import Difference, compare_images
from dockernb.build.image_tree import image_tree
from dockernb.engines.base import Engine
from dockernb.engines.docker.engine import connect
from tests.testbed.reference import ReferenceBuildFailed, buildx_build, docker_cli

from . import kernel_build
from .case import Case, lay_out, names

REFERENCE_TAG = "dockernb-differential:reference"


@pytest.fixture(scope="module")
def engine(docker_host: str) -> Iterator[Engine]:
    engine = connect(docker_host)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def kernel(
    docker_host: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BlockingKernelClient]:
    home = str(tmp_path_factory.mktemp("home"))
    with kernel_build.running_kernel(docker_host, home) as client:
        yield client


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return lay_out(request.param, tmp_path)


@pytest.mark.parametrize("case", names(), indirect=True)
def test_notebook_gives_the_image_of_docker_build(
    case: Case, kernel: BlockingKernelClient, engine: Engine, docker_root: Path
) -> None:
    built = kernel_build.build(kernel, case)
    try:
        reference = _reference(case)
    except ReferenceBuildFailed as failure:
        if not case.fails:
            pytest.fail(str(failure))
        assert built.error is not None, "the notebook built what docker build refuses"
        return
    assert not case.fails, "docker build builds it"
    assert built.error is None, built.error
    differences = _compare(engine, built.image_id, reference, case)
    assert not differences, "\n".join(_line(difference) for difference in differences)


def _reference(case: Case) -> str:
    build = buildx_build(
        case.context,
        case.dockerfile,
        tag=REFERENCE_TAG,
        build_args=case.build_args,
        target=case.target,
    )
    return build.image_id


def _compare(engine: Engine, image_id: str, reference: str, case: Case) -> list[Difference]:
    sides = []
    for side in (image_id, reference):
        image = engine.find_image(side)
        assert image is not None
        sides.append((image_tree(engine, side), image.config))
    docker_cli("image", "rm", "--force", REFERENCE_TAG)
    return [
        difference
        for difference in compare_images(*sides)
        if not (difference.what == "content" and difference.name in case.ignore_content)
    ]


def _line(difference: Difference) -> str:
    return (
        f"{difference.section} {difference.name}: {difference.what}: "
        f"notebook {difference.left} | docker build {difference.right}"
    )
