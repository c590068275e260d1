"""The rows of the two semantics vectors, ready to be built.

A row's Dockerfile, base, build args and target stand in the file of the classic builder; what is
right for us stands in the file of BuildKit. The build context of the rows is in neither: it is the
one that their outputs show (`copy_dot` lists all of it but `ig.log`, which `copy_ignored` finds
ignored).

`python -m tests.differential.semantics [NAME...]` builds the rows with the reference (BuildKit
0.13, `docker buildx build`) and prints where it does not give what the row says. What is printed is
BuildKit's own change since 20.10, or a wrong context: of the 100 rows it prints five, and they are
among those of tests/data/semantics/disagreements.toml.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.testbed.reference import ReferenceBuildFailed, buildx_build, docker_cli

VECTORS = Path(__file__).parents[1] / "data/vectors"

#: The images that the rows name, as they were: without a CMD, and their BusyBox had no ash, no
#: groups and no user but root.
BASES = {
    "busybox": "FROM busybox:noconfig\n"
    "RUN rm /bin/ash /etc/group && echo root:x:0:0:root:/root:/bin/sh > /etc/passwd\n",
    "debian": "FROM busybox:noconfig\n"
    "COPY --from=debian:bookworm-slim /etc/passwd /etc/group /etc/\n",
}
_NAMES = re.compile(r"\b(BASE|busybox|debian:bookworm-slim)\b")

CONTEXT = {
    ".dockerignore": "*.log\n",
    "a.txt": "a\n",
    "b.txt": "b\n",
    "dir/x": "x\n",
    "dir/sub/y": "y\n",
    "ig.log": "ignored\n",
}

_OUTPUT = re.compile(r"#\d+ \d+\.\d+ (.*)")

#: runc names itself before the reason; on its way through the daemon's API it does not.
_RUNC = "runc run failed: unable to start container process: "


@dataclass(frozen=True)
class Expected:
    """What a build gives: exit code, printed lines, the fields set in the config, the author."""

    rc: int
    output: list[str]
    config: dict[str, Any] | None
    author: str = ""


@dataclass(frozen=True)
class Row:
    """A row: what to build, and what BuildKit in 20.10 made of it."""

    name: str
    dockerfile: str
    base: str | None
    expected: Expected
    build_args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None


def rows() -> dict[str, Row]:
    inputs = json.loads((VECTORS / "classic_20.10_semantics.json").read_text("utf-8"))
    answers = json.loads((VECTORS / "buildkit_in_20.10_semantics.json").read_text("utf-8"))
    return {name: _row(name, inputs[name], answer) for name, answer in answers.items()}


def _row(name: str, given: Mapping[str, Any], answer: Mapping[str, Any]) -> Row:
    options = dict(zip(given["extra"][::2], given["extra"][1::2], strict=True))
    # BuildKit's file has no author; the classic builder's is the same wherever both build.
    author = given.get("author", "") if answer["rc"] == 0 else ""
    printed = [line.removeprefix(_RUNC) for line in answer["output"]]
    expected = Expected(answer["rc"], printed, answer["config"], author)
    return Row(
        name,
        _with_our_names(given["dockerfile"], name),
        None if given["base"] is None else _with_our_names(given["base"], name),
        expected,
        given["build_args"],
        options.get("--target"),
    )


def tag(name: str) -> str:
    """The name on the engine of a base."""
    return f"dockernb-semantics-{name.replace('_', '-').lower()}"


def _with_our_names(dockerfile: str, row: str) -> str:
    def ours(match: re.Match[str]) -> str:
        return tag(row if match[0] == "BASE" else match[0].partition(":")[0])

    return _NAMES.sub(ours, dockerfile)


def lay_out(dockerfile: str, folder: Path) -> None:
    """Makes the build context of a row."""
    for name, text in {**CONTEXT, "Dockerfile": dockerfile}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    with tarfile.open(folder / "t.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("in/t.txt")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"t\n"))


def set_fields(inspected: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The fields of an image's config that are set, and its author, as the rows have them."""
    config = {name: value for name, value in inspected["Config"].items() if value}
    return config, inspected.get("Author") or ""


# --- the rows themselves, checked with the reference ---------------------------------------------
def main(names: list[str]) -> None:
    wanted = rows()
    with _reference_bases(), tempfile.TemporaryDirectory() as folder:
        for name in names or wanted:
            found = _reference(wanted[name], Path(folder, name))
            if found != wanted[name].expected:
                print(f"{name}\n  row       {wanted[name].expected}\n  reference {found}")


@contextmanager
def _reference_bases() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        for name, dockerfile in BASES.items():
            _buildx(dockerfile, Path(folder, name), tag(name))
    try:
        yield
    finally:
        docker_cli("image", "rm", "--force", *map(tag, BASES))


def _reference(row: Row, folder: Path) -> Expected:
    result = "dockernb-semantics:reference"
    made = [tag(row.name)] if row.base else []
    try:
        if row.base:
            _buildx(row.base, folder / "base", tag(row.name))
        log = _buildx(row.dockerfile, folder / "row", result, row)
        config, author = set_fields(json.loads(docker_cli("image", "inspect", result))[0])
        made.append(result)
        return Expected(0, _printed(log), config, author)
    except ReferenceBuildFailed as failure:
        return Expected(1, _printed(failure.output), None)
    finally:
        if made:
            docker_cli("image", "rm", "--force", *made)


def _buildx(dockerfile: str, folder: Path, name: str, row: Row | None = None) -> str:
    lay_out(dockerfile, folder)
    build: Callable[..., Any] = buildx_build
    options = {"build_args": row.build_args, "target": row.target} if row else {}
    done = build(folder, folder / "Dockerfile", tag=name, no_cache=True, **options)
    return str(done.output)


def _printed(log: str) -> list[str]:
    found = (_OUTPUT.fullmatch(line) for line in log.splitlines())
    return [match[1].removeprefix(_RUNC) for match in found if match]


if __name__ == "__main__":
    main(sys.argv[1:])
