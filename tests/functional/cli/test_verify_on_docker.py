"""`dockernb verify` against the testbed's real `docker buildx build`."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import uuid
from pathlib import Path

import pytest

from .conftest import Command, Write

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("buildx")]

DOCKERFILE = """\
FROM busybox:latest AS tool
RUN mkdir -p /d/e && chmod 1777 /d && ln -s ../x /d/link && chown 5:6 /d/e

FROM busybox:latest
ENV A=1 PATH=/x:$PATH
LABEL l="a b"
WORKDIR /w
COPY --from=tool /d /d
COPY app /app
CMD ["sh"]
"""


def images_with(environment: dict[str, str], label: str) -> set[str]:
    """IDs of the images with a label; other tests use the engine at the same time."""
    done = subprocess.run(
        ["docker", "image", "ls", "-aq", "--no-trunc", "--filter", f"label={label}"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_notebook_equals_docker_build(dockernb: Command, notebook: Write) -> None:
    path = notebook(DOCKERFILE)
    (path.parent / "app").mkdir()
    (path.parent / "app" / "main").write_text("main")
    done = dockernb("verify", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("equal: ")


def test_content_that_changes_with_every_build_is_listed_and_not_counted(
    dockernb: Command, notebook: Write, environment: dict[str, str]
) -> None:
    label = f"dockernb.test={uuid.uuid4()}"
    random = "RUN date > /date; head -c 9 /dev/urandom > /random"
    path = notebook(f"FROM busybox:latest\n{random}\nLABEL {label}\n")
    done = dockernb("verify", "--json", path)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout)
    assert "/random" in [item["name"] for item in verdict["not_reproducible"]]
    # Three reference images were built; all are gone.
    assert images_with(environment, label) == {verdict["image"]}


def test_path_that_changes_with_every_build_counts(dockernb: Command, notebook: Write) -> None:
    path = notebook("FROM busybox:latest\nRUN touch /$(cat /proc/sys/kernel/random/uuid)\n")
    done = dockernb("verify", "--json", path)
    assert done.returncode == 1
    verdict = json.loads(done.stdout)
    assert not verdict["equal"]
    assert {item["what"] for item in verdict["differences"]} == {"missing"}


def test_wrong_snapshot_in_the_cache_is_found(
    dockernb: Command, notebook: Write, environment: dict[str, str]
) -> None:
    path = notebook("FROM busybox:latest\nARG V=1\nRUN echo $V > /v\n")
    assert dockernb("run", path).returncode == 0
    other = notebook("FROM busybox:latest\nARG V=1\nRUN echo other > /v; echo > /more\n")
    cards = [json.loads(line) for line in dockernb("run", "--json", other).stdout.splitlines()]
    poison = cards[-1]["snapshot"]["id"]
    assert dockernb("verify", other).returncode == 0
    path = notebook("FROM busybox:latest\nARG V=1\nRUN echo $V > /v\n")
    _swap_snapshots(Path(environment["DOCKERNB_HOME"]), poison)
    done = dockernb("verify", "--json", path)
    names = [item["name"] for item in json.loads(done.stdout)["differences"]]
    assert done.returncode == 1
    assert {"/v", "/more"} <= set(names)


def _swap_snapshots(home: Path, poison: str) -> None:
    """Makes every RUN of the cache answer with the snapshot `poison`."""
    (database,) = home.rglob("build-*.sqlite3")
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(
            "UPDATE steps SET image_id = ? WHERE instruction_name = 'RUN'", (poison,)
        )
    connection.close()
