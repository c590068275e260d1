"""What the tests run against. Nothing is brought up here: `make test` does that.

A part that is missing skips the tests that need it, with the reason; a part that DOCKERNB_REQUIRE
names fails them instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.testbed import Layout, api, browser, skopeo
from tests.testbed import registry as testbed_registry

#: A test that asks for one of these fixtures gets the marker, whether or not it says so.
MARKERS = {
    "docker_host": "docker",
    "docker_root": "docker",
    "registry": "registry",
    "registry_with_password": "registry",
    "chromium": "browser",
    "skopeo_program": "skopeo",
}
# How long an example takes says how busy the machine is: under load one that needs less than a
# millisecond met the deadline of 200.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
USER, PASSWORD = "testbed", "not a secret"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARKERS:
                item.add_marker(MARKERS[fixture])


def missing(part: str, reason: str) -> None:
    """Skip for want of a part, or fail if it is required."""
    if part in os.environ.get("DOCKERNB_REQUIRE", "").split(","):
        pytest.fail(f"{part} is required: {reason}", pytrace=False)
    pytest.skip(reason)


def named(part: str, variable: str) -> str:
    """What the testbed's variable says."""
    value = os.environ.get(variable, "")
    if not value:
        missing(
            part, f"{variable} is not set: run `make test`, or eval `python -m tests.testbed env`"
        )
    return value


def need_rung(engine: EmbeddedEngine, rung: int) -> None:
    """Ends the test where the embedded engine cannot run commands this way."""
    way = engine.ladder()[rung - 1]
    if not way.works:
        engine.close()
        missing("embedded", f"{way.name}: {way.reason}")


@pytest.fixture(scope="session")
def docker_host() -> str:
    """The address of a Docker engine with the base images, e.g. unix:///run/docker.sock."""
    host = named("docker", "DOCKERNB_TEST_DOCKER_HOST")
    address = urlsplit(host)
    if address.scheme == "unix" and not api.answers(address.path):
        missing("docker", f"no engine answers at {host}: run `python -m tests.testbed up`")
    return host


@pytest.fixture(scope="session")
def tls_environment() -> dict[str, str]:
    """The variables by which Docker's command line finds the testbed's Docker over TLS."""
    return {
        "DOCKER_HOST": named("tls", "DOCKERNB_TEST_TLS_HOST"),
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": named("tls", "DOCKERNB_TEST_TLS_FOLDER"),
    }


@pytest.fixture(scope="session")
def ssh_environment() -> dict[str, str]:
    """The same over ssh; the `ssh` that is found first knows the keys."""
    folder = named("ssh", "DOCKERNB_TEST_SSH_FOLDER")
    return {
        "DOCKER_HOST": named("ssh", "DOCKERNB_TEST_SSH_HOST"),
        "PATH": f"{folder}:{os.environ['PATH']}",
    }


@pytest.fixture(scope="session")
def docker_root(docker_host: str) -> Path:
    """The root in which the reference builder runs; see tests/testbed/reference.py."""
    return Path(named("docker", "DOCKERNB_TEST_DOCKER_ROOT"))


@pytest.fixture(scope="session")
def registry() -> str:
    """HOST:PORT of a plain HTTP registry that holds the base images."""
    host = named("registry", "DOCKERNB_TEST_REGISTRY")
    if not testbed_registry.answers(host):
        missing("registry", f"no registry answers at {host}: run `python -m tests.testbed up`")
    return host


@pytest.fixture
def registry_with_password(docker_root: Path) -> Iterator[tuple[str, str, str]]:
    """HOST:PORT, user and password of a new, empty registry that asks for them."""
    if os.geteuid() != 0:
        missing("registry", "starting a registry in the testbed's root needs root")
    with testbed_registry.with_password(Layout.from_environment(), USER, PASSWORD) as host:
        yield host, USER, PASSWORD


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the machine's Chromium."""
    found = os.environ.get("DOCKERNB_TEST_CHROMIUM") or browser.find()
    if found is None:
        missing("browser", "Chromium is not installed: run `python -m tests.testbed up browser`")
    return str(found)


@pytest.fixture(scope="session")
def skopeo_program() -> str:
    """The path of the machine's skopeo."""
    found = skopeo.find()
    if found is None:
        missing("skopeo", "skopeo is not installed: run `python -m tests.testbed up skopeo`")
    return str(found)
