"""Notebooks build real images where there is no Docker, no root and no privilege."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dockernb.oci.digest import short_id
from tests.course.notebooks import COURSE, code_cells, is_meant_to_fail, read
from tests.testbed import docker

from .place import (
    DOCKERS_DEFAULT,
    EXCHANGE,
    MOUNTS_DENIED,
    UNCONFINED,
    Cell,
    Confinement,
    Place,
    Places,
)

pytestmark = [pytest.mark.docker, pytest.mark.embedded, pytest.mark.slow]

NOTEBOOK = "notebooks/01-build-an-image.ipynb"
REDIS = "dockernb-test-binder:redis"
MEGABYTE = 1_000_000
#: Which of two depends on the disk that Docker keeps containers on.
WITH_MOUNTS = {
    "way 2: overlay mounts in a user namespace",
    "way 3: bind mounts in a user namespace",
}
WITHOUT_MOUNTS = {"way 4: no mounts, in a user namespace"}
PROOT = {"way 6: PRoot, without namespaces"}
#: It is there, but cannot be executed.
WITHOUT_PROOT = "--volume=/dev/null:/usr/bin/proot"
NOTHING = "way 7: no command can be run"
REFUSAL = """\
none of the embedded engine's ways works; the simplest fails at making a user namespace: \
unshare: Operation not permitted
No snapshot was committed; snapshot {base} still stands.
What would help: as root: `apt-get install proot`
What would help: a container needs a seccomp profile that allows user namespaces \
(Kubernetes' default, or `--security-opt seccomp=unconfined`)
See all ways: dockernb doctor"""


def load_base(place: Place) -> None:
    place.run("dockernb", "load", "--input", f"{EXCHANGE}/base.tar")


@contextmanager
def saved(places: Places, place: Place, tag: str) -> Iterator[dict[str, Any]]:
    """Takes an image from the place into the real Docker; gives its config, as Docker sees it."""
    place.run("dockernb", "save", tag, "--output", f"{EXCHANGE}/image.tar")
    docker.cli(places.layout, "load", "--input", places.inside("image.tar"))
    try:
        yield json.loads(docker.cli(places.layout, "image", "inspect", tag))[0]["Config"]
    finally:
        docker.cli(places.layout, "rmi", "--force", tag)


def in_docker(places: Places, image: str, script: str) -> list[str]:
    """The lines that a script prints in a container of the real Docker."""
    return docker.cli(places.layout, "run", "--rm", image, "sh", "-c", script).splitlines()


def statuses(cells: list[Cell]) -> list[str]:
    return [cell.status for cell in cells]


def times(cells: list[Cell]) -> str:
    """The seconds of the first cell, of the longest one, and of all."""
    ends = [cell.after for cell in cells]
    took = [end - start for end, start in zip(ends, [0.0, *ends], strict=False)]
    longest = max(range(len(cells)), key=lambda number: took[number])
    instruction = cells[longest].code.splitlines()[-1]
    first, all_of_them = ends[0], ends[-1]
    return f"first {first:.1f} s, {instruction}: {took[longest]:.1f} s, all {all_of_them:.1f} s"


def check_redis(places: Places, place: Place) -> None:
    """The image of the first notebook is one that the real Docker runs."""
    with saved(places, place, REDIS) as config:
        assert config["Cmd"] == ["redis-server", "/etc/redis/redis.conf"]
        assert "REDIS_PORT=6379" in config["Env"]
        files = "/etc/redis/redis.conf /var/lib/redis /var/log/redis /etc/shadow /usr/bin/su"
        said = in_docker(
            places,
            REDIS,
            f"redis-server --version; stat -c '%U:%G %a %n' {files}; cat /etc/redis/redis.conf",
        )
    assert said[0].startswith("Redis server v=")
    assert said[1:6] == [
        "root:root 644 /etc/redis/redis.conf",
        "redis:redis 750 /var/lib/redis",
        "redis:adm 2750 /var/log/redis",
        "root:shadow 640 /etc/shadow",
        "root:root 4755 /usr/bin/su",
    ]
    assert "port 6379" in said[6:]


@pytest.mark.parametrize(
    ("confinement", "ways"),
    [(UNCONFINED, WITH_MOUNTS), (DOCKERS_DEFAULT, PROOT)],
    ids=["unconfined", "dockers-default"],
)
def test_the_first_notebook_gives_an_image_that_docker_runs(
    places: Places, confinement: Confinement, ways: set[str]
) -> None:
    with places.start(confinement) as place:
        assert place.way() in ways
        cells = place.run_cells(NOTEBOOK, f"%tag {REDIS}")
        assert statuses(cells) == ["ok"] * 9, cells
        check_redis(places, place)


def test_the_whole_course_runs_in_a_pod_of_binder_with_one_gigabyte(places: Places) -> None:
    with places.start(MOUNTS_DENIED, "--memory=1g", "--memory-swap=1g") as place:
        assert place.way() in WITHOUT_MOUNTS
        for path in COURSE:
            notebook = f"notebooks/{path.name}"
            tagging = [f"%tag {REDIS}"] if notebook == NOTEBOOK else []
            cells = place.run_cells(notebook, *tagging)
            wanted = [
                "error" if is_meant_to_fail(cell) else "ok" for cell in code_cells(read(path))
            ]
            assert statuses(cells) == [*wanted, *(["ok"] * len(tagging))], cells
            print(f"{path.name}: {times(cells)}")
        check_redis(places, place)
        disk, memory = place.bytes_of_disk(), place.bytes_of_memory()
    print(f"disk {disk / MEGABYTE:.0f} MB, memory {memory / MEGABYTE:.0f} MB")
    assert disk < 2000 * MEGABYTE


def test_under_dockers_own_profile_without_proot_run_says_what_would_help_and_the_rest_works(
    places: Places,
) -> None:
    tag = "dockernb-test-binder:files"
    more = ["WORKDIR /new/folder", "COPY --chown=12:34 redis.conf ./", f"%tag {tag}"]
    with places.start(DOCKERS_DEFAULT, WITHOUT_PROOT) as place:
        assert place.way() == NOTHING
        cells = place.run_cells(NOTEBOOK, *more)
        assert cells.pop(7).code.startswith("%check")  # it needs what runs commands
        assert statuses(cells) == ["ok", "error", *["ok"] * 8], cells
        assert "UnsupportedByEngineError: no command can be run here" in cells[1].text
        base = docker.image_id(places.layout, "debian:bookworm-slim") or ""
        assert REFUSAL.format(base=short_id(base)) in cells[1].text
        with saved(places, place, tag) as config:
            assert config["Cmd"] == ["redis-server", "/etc/redis/redis.conf"]
            assert config["WorkingDir"] == "/new/folder"
            files = "/etc/redis/redis.conf /new/folder /new/folder/redis.conf /etc/shadow"
            said = in_docker(places, tag, f"stat -c '%u:%g %a %n' {files}")
    assert said == [
        "0:0 644 /etc/redis/redis.conf",
        "0:0 755 /new/folder",
        "12:34 644 /new/folder/redis.conf",
        "0:42 640 /etc/shadow",
    ]


def test_a_user_without_name_or_home_is_told_to_say_where_the_store_is(places: Places) -> None:
    with places.start(UNCONFINED, "--", "sleep", "infinity", user="4321:4321") as place:
        (engine,) = [check for check in place.doctor() if check["name"] == "engine embedded"]
    assert not engine["ok"]
    assert engine["detail"].endswith("cannot be written: Permission denied")
    assert engine["todo"] == "Set DOCKERNB_HOME to a folder that you may write to."


def test_a_user_without_name_or_home_or_shared_memory_builds_in_dockernb_home(
    places: Places,
) -> None:
    options = ["--env=DOCKERNB_HOME=/tmp/dockernb", "--ipc=none", "--", "sleep", "infinity"]
    script = (
        "cd /tmp && printf 'FROM debian:bookworm-slim\\nRUN id && touch /root/made\\n' >Dockerfile"
        " && dockernb import Dockerfile --output made.ipynb && dockernb run made.ipynb"
    )
    with places.start(UNCONFINED, *options, user="4321:4321") as place:
        load_base(place)
        printed = place.run("sh", "-c", script)
    assert "uid=0(root) gid=0(root) groups=0(root)" in printed
