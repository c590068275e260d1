"""Every engine keeps the promises of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from dockernb.engines.base import Engine, Image
from dockernb.engines.docker import DockerEngine, connect
from dockernb.engines.embedded.engine import EmbeddedEngine
from dockernb.errors import UnsupportedByEngineError
from tests.conformance.busybox import busybox_base
from tests.conformance.engine_suite import CHECKS, CHECKS_OF_THE_WAY, LAUNCHES, Bench
from tests.conftest import need_rung
from tests.integration.docker.always_prepared import AlwaysPrepared
from tests.integration.docker.cleaning import Cleaner
from tests.integration.docker.proxy import CutProxy

RUNGS = {
    1: "overlay_root",
    2: "overlay_user",
    3: "bind",
    4: "chroot",
    5: "plain_chroot",
    6: "proot",
}

#: Engines and ways to Docker; those that are elsewhere are in conftest.py.
WAYS = ("docker", "far_docker", "standby", "tls", "docker20", "docker28", "podman")
#: Where these will do: over ssh, where each connection is a login, and for a context, which only
#: names another way. Podman is all the same behind a proxy, but for its diff.
SOME_CHECKS = {
    "ssh": CHECKS_OF_THE_WAY,
    "context": CHECKS_OF_THE_WAY,
    "far_podman": [check for check in CHECKS if "_diff_" in check.__name__],
}
FAR = ("far_docker", "tls", "ssh", "context")
#: Where nothing but the API is within reach.
FAR_LIMITS = {
    "check_hostile_names": "JSON of the API cannot hold names that are no UTF-8",
    "check_mount_points_are_not_kept": "the API cannot delete a file",
    "check_a_layer_holds_no_more_than_it_says": "Docker's own /dev and /etc show",
}
PODMAN_LIMITS = {
    "check_hostile_names": FAR_LIMITS["check_hostile_names"],
    "check_environment_is_the_given_one": "HOSTNAME is always there",
    "check_cache_mount_has_its_owner": "a volume belongs to root",
    "check_file_mount": "what a volume begins with is in the container's layer, too",
    "check_image_size_is_that_of_the_files": "headers count",
    "check_stat": "the last link of a path is followed",
    "check_bind_mounts_and_what_caches_begin_with": "no secret can be a variable",
}
NO_SUBPATH = "parts of a volume can be mounted since API 1.45"
KNOWN_LIMITS = {
    **{(way, check): FAR_LIMITS[check] for way in FAR for check in FAR_LIMITS},
    ("docker20", "check_one_file_is_mounted"): NO_SUBPATH,
    ("docker28", "check_image_size_is_that_of_the_files"): "blocks of the disk count",
    ("podman", "check_one_file_is_mounted"): NO_SUBPATH,
    **{("podman", check): why for check, why in PODMAN_LIMITS.items()},
    ("chroot", "check_tmpfs_is_in_memory"): "without mounts it is a folder",
    ("plain_chroot", "check_tmpfs_is_in_memory"): "without mounts it is a folder",
    ("plain_chroot", "check_network_none"): "without mounts there is no /proc",
    ("plain_chroot", "check_surroundings_are_a_builds"): "without namespaces no host name",
    ("proot", "check_tmpfs_is_in_memory"): "without mounts it is a folder",
    ("proot", "check_surroundings_are_a_builds"): "without namespaces no host name",
}


@pytest.fixture(scope="module")
def docker_engine(docker_host: str) -> Iterator[DockerEngine]:
    engine = connect(docker_host)
    yield engine
    engine.close()


@pytest.fixture
def docker_bench(docker_host: str, docker_engine: DockerEngine) -> Iterator[Bench]:
    base = docker_engine.find_image("busybox:noconfig")
    assert base is not None
    with Cleaner(docker_host) as cleaner:
        bench = Bench(docker_engine, base)
        yield bench
        cleaner.images += [image.id for image in bench.made]


@pytest.fixture
def far_docker_bench(docker_host: str, tmp_path: Path) -> Iterator[Bench]:
    """Docker behind a proxy: nothing but the API is within reach, as with a remote daemon."""
    with Cleaner(docker_host) as cleaner, CutProxy(docker_host, tmp_path) as proxy:
        engine = connect(proxy.address)
        base = engine.find_image("busybox:noconfig")
        assert base is not None
        bench = Bench(engine, base)
        yield bench
        engine.close()
        cleaner.images += [image.id for image in bench.made]


@pytest.fixture
def standby_bench(docker_host: str, docker_bench: Bench) -> Iterator[Bench]:
    """Docker with a container that stands by for every step that could use one."""
    engine = connect(docker_host)
    yield replace(docker_bench, engine=cast("Engine", AlwaysPrepared(engine)))
    engine.close()


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Bench:
    found: Bench = request.getfixturevalue(f"{request.param}_bench")
    return found


@pytest.fixture(scope="module", params=list(RUNGS), ids=lambda rung: RUNGS[rung])
def embedded_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[EmbeddedEngine, Image]]:
    """The embedded engine on one rung of its ladder, with a base of busybox."""
    engine = EmbeddedEngine(tmp_path_factory.mktemp("store"), rung=request.param)
    need_rung(engine, request.param)
    yield engine, busybox_base(engine)
    engine.close()


def name_of(check: Callable[[Bench], None]) -> str:
    return check.__name__.removeprefix("check_")


@pytest.mark.embedded
@pytest.mark.parametrize(
    "check", CHECKS + LAUNCHES, ids=lambda check: check.__name__.removeprefix("check_")
)
def test_embedded_engine(
    request: pytest.FixtureRequest,
    embedded_engine: tuple[EmbeddedEngine, Image],
    check: Callable[[Bench], None],
) -> None:
    name = RUNGS[request.node.callspec.params["embedded_engine"]]
    check_within_limits(name, check, Bench(*embedded_engine))


@pytest.mark.docker
@pytest.mark.parametrize(
    ("bench", "check"),
    [(way, check) for way in (*WAYS, *SOME_CHECKS) for check in SOME_CHECKS.get(way, CHECKS)],
    indirect=["bench"],
    ids=lambda value: value if isinstance(value, str) else name_of(value),
)
def test_engine(
    request: pytest.FixtureRequest, bench: Bench, check: Callable[[Bench], None]
) -> None:
    check_within_limits(request.node.callspec.params["bench"], check, bench)


@pytest.mark.parametrize("check", LAUNCHES, ids=name_of)
def test_launch_on_docker(docker_bench: Bench, check: Callable[[Bench], None]) -> None:
    check(docker_bench)


def check_within_limits(name: str, check: Callable[[Bench], None], bench: Bench) -> None:
    if (name, check.__name__) in KNOWN_LIMITS:
        with pytest.raises(
            (AssertionError, KeyError, UnsupportedByEngineError)
        ):  # a limit that is gone leaves the list
            check(bench)
    else:
        check(bench)
