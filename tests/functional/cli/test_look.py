"""The commands that look into a notebook's snapshots, on both engines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dockernb.cli.app import commands

Look = Callable[..., Result]

DOCKERFILE = """\
FROM {base}
RUN mkdir /srv && head -c 70000 /dev/urandom > /srv/big && printf 'a\\n' > /srv/text
RUN rm /srv/big
"""


@pytest.fixture
def look(environment: dict[str, str]) -> Look:
    """Runs a command in this process: `look("ls", path)`."""

    def call(*words: object) -> Result:
        return CliRunner().invoke(commands, [str(word) for word in words], env=environment)

    return call


@pytest.fixture
def path(tmp_path: Path, registry: str, look: Look) -> Path:
    """A notebook of the Dockerfile."""
    source, path = tmp_path / "Dockerfile", tmp_path / "lesson.ipynb"
    source.write_text(DOCKERFILE.format(base=f"{registry}/busybox:noconfig"), "utf-8")
    assert look("import", source, "-o", path).exit_code == 0
    return path


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("engine", ["docker", "embedded"])
def test_notebook_is_looked_into_from_the_command_line(
    engine: str, look: Look, path: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["DOCKERNB_ENGINE"] = engine
    listed = answer(look("ls", path, "/srv", "--at", "2", "--json"))
    assert [(e["path"], e["total"]) for e in listed["entries"]] == [
        ("/srv/big", 70_000),
        ("/srv/text", 2),
    ]
    out = tmp_path / "big"
    assert look("cat", path, "/srv/big", "--at", "2", "-o", out).exit_code == 0
    assert out.stat().st_size == 70_000
    assert look("cat", path, "/srv/text").stdout == "a\n"
    wasted = answer(look("wasted", path, "--json"))["wasted"]
    assert [(w["path"], w["added_in"], w["lost_in"]) for w in wasted] == [("/srv/big", 2, 3)]
    picture = tmp_path / "picture.html"
    told = answer(look("space", path, "--json", "--picture", picture))
    assert told["space"][1]["lost_bytes"] == 70_000
    assert "background-color" in picture.read_text("utf-8")


def test_tables_name_cells_and_say_what_is_missing(look: Look, path: Path) -> None:
    assert look("find", path, "big").exit_code == 1
    followed = look("follow", path, "/srv/big").stdout
    assert [line.split()[:2] for line in followed.splitlines()[1:]] == [
        ["[2]", "added"],
        ["[3]", "deleted"],
    ]
    missing = look("cat", path, "/srv/big")
    assert 'there is no "/srv/big" in the snapshot' in missing.stderr
    unknown = look("ls", "nobody/has:this")
    assert "neither a notebook nor an image" in unknown.stderr


def test_image_is_looked_into_by_its_name(look: Look) -> None:
    assert "/etc/passwd" in look("find", "busybox:latest", "passwd").stdout
    assert "Give a notebook" in look("follow", "busybox:latest", "/bin").stderr
