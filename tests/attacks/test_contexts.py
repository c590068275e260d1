"""Build contexts that try to lead out, to hang, or to use up time."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.build.context import BuildContext
from dockernb.build.copy_request import CopyRequest
from dockernb.build.copying import collect_from_context
from dockernb.build.wildcards import matches
from dockernb.dockerfile.dockerignore import DockerIgnore
from dockernb.errors import BuildError, ContextError, NotInBuildContextError
from tests.unit.build.fake_container import FakeContainer

# What used to take days takes milliseconds; a machine under load may need some hundred times that.
PATIENCE = 20


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    return folder


def copied(context: Path, source: str = ".") -> dict[str, str]:
    request = CopyRequest((source,), "/d/")
    container = FakeContainer()
    collect_from_context(request, BuildContext(context)).apply(container, request)
    return container.listing()


def test_links_out_of_the_context_are_copied_as_links(context: Path) -> None:
    (context / "file").symlink_to("../secret")
    (context / "folder").symlink_to("..")
    (context / "absolute").symlink_to("/etc/passwd")
    (context / "loop").symlink_to("loop")
    (context / "around").symlink_to(".")
    assert copied(context) == {
        "/d": "dir 755 0:0",
        "/d/file": "symlink 777 0:0 ../secret",
        "/d/folder": "symlink 777 0:0 ..",
        "/d/absolute": "symlink 777 0:0 /etc/passwd",
        "/d/loop": "symlink 777 0:0 loop",
        "/d/around": "symlink 777 0:0 .",
    }


@pytest.mark.parametrize("source", ["file", "folder/secret", "absolute", "loop", "l/l/l/file", "n"])
def test_a_link_is_followed_inside_the_context_only(context: Path, source: str) -> None:
    (context / "file").symlink_to("../secret")
    (context / "folder").symlink_to("..")
    (context / "absolute").symlink_to("/etc/passwd")
    (context / "loop").symlink_to("loop")
    (context / "l").symlink_to(".")
    (context / "n").symlink_to("/proc/self/environ")
    with pytest.raises(BuildError) as caught:
        copied(context, source)
    assert "secret\n" not in str(caught.value)


def test_pipes_and_sockets_are_never_opened(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hang whoever reads them; builders copy the pipe, and an empty file for the socket."""
    os.mkfifo(context / "pipe", 0o640)
    monkeypatch.chdir(context)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        (context / "socket").chmod(0o600)
        listing = copied(context)
    assert listing["/d/pipe"] == "fifo 640 0:0"
    assert listing["/d/socket"] == "file 600 0:0"


def test_a_pipe_named_dockerignore_is_no_ignore_file(context: Path) -> None:
    os.mkfifo(context / ".dockerignore")
    (context / "f").write_text("")
    assert "/d/f" in copied(context)


def test_a_dockerignore_of_gigabytes_is_refused(context: Path) -> None:
    with (context / ".dockerignore").open("wb") as file:
        file.truncate(4 << 30)
    with pytest.raises(ContextError, match="too large"):
        copied(context)


@pytest.fixture
def deep_context(context: Path) -> Iterator[Path]:
    """With folders as deep as a path can be, which Python's own `rmtree` cannot remove."""
    deep = os.open(context, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d", dir_fd=deep)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=deep)
        os.close(deep)
        deep = below
    os.close(deep)
    yield context
    subprocess.run(["rm", "-rf", context / "d"], check=True)


def test_folders_without_end_are_refused(deep_context: Path) -> None:
    """Left out, they are no matter."""
    context = deep_context
    with pytest.raises(BuildError, match="nested more than 256 deep") as caught:
        copied(context)
    assert ".dockerignore" in (caught.value.hint or "")
    (context / "f").write_text("")
    (context / ".dockerignore").write_text("d\n")
    assert "/d/f" in copied(context)
    error = BuildContext(context).missing("COPY", "nothing")
    assert isinstance(error, NotInBuildContextError)
    path = "d/" * 600 + "f"
    begun = time.monotonic()
    assert DockerIgnore.parse("x\n!d/d/d/*\n*/*/*/f\n" * 3).excludes(path) is False
    assert time.monotonic() - begun < PATIENCE


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*" + "a*" * 60 + "b", "a" * 255),
        ("a/**/" * 30 + "x", "/".join("a" * 200)),
        ("**/" * 300 + "x", "/".join("a" * 100)),
        ("**/*" * 20 + "b", "/".join("a" * 60)),
        ("[^b]*" * 50 + "b", "a" * 255),
    ],
)
def test_no_pattern_of_dockerignore_takes_for_ever(pattern: str, path: str) -> None:
    begun = time.monotonic()
    assert not DockerIgnore.parse(pattern).excludes(path)
    assert DockerIgnore.parse(pattern + "\n**").excludes(path)
    assert time.monotonic() - begun < PATIENCE


def test_no_wildcard_of_copy_takes_for_ever() -> None:
    begun = time.monotonic()
    assert not matches("*" + "a*" * 100 + "b", "a" * 255)
    assert matches("*" + "a*" * 100, "a" * 255)
    assert time.monotonic() - begun < PATIENCE


def test_the_line_that_decides_is_found_among_thousands(context: Path) -> None:
    lines = [f"other{number}*" for number in range(2_000)]
    (context / ".dockerignore").write_text("\n".join([*lines, "secret", *lines]))
    (context / "secret").write_text("")
    begun = time.monotonic()
    assert BuildContext(context).excluding_line("secret") == ".dockerignore line 2001: secret"
    assert time.monotonic() - begun < PATIENCE
