"""ADD of a git repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dockernb.build.add_git import parse_git
from dockernb.build.context import BuildContext
from dockernb.build.copy_request import CopyRequest
from dockernb.build.copying import CopySource, collect_from_context
from dockernb.build.remote_source import is_git, is_url
from dockernb.errors import BuildError
from tests.differential.server import git_daemon, make_repository

from .fake_container import FakeContainer


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("git")
    make_repository(folder / "work", folder / "repo.git")
    with git_daemon(folder) as address:
        yield f"git://{address}/repo.git"


def collect(root: Path, source: str, **more: Any) -> tuple[CopySource, CopyRequest]:
    request = CopyRequest((source,), "/d", is_add=True, **more)
    return collect_from_context(request, BuildContext(root)), request


def added(root: Path, source: str, **more: Any) -> FakeContainer:
    container = FakeContainer()
    found, request = collect(root, source, **more)
    found.apply(container, request)
    return container


def test_files_of_a_commit_without_its_git_folder(tmp_path: Path, repository: str) -> None:
    made = added(tmp_path, repository)
    assert made.texts("/d")["README"] == "second\n"
    assert made.nodes["/d/run"].mode == 0o755
    assert made.nodes["/d/docs/page"].mode == 0o644
    assert "/d/.git" not in made.nodes
    assert "/d/.git/HEAD" in added(tmp_path, repository, keep_git_dir=True).nodes


@pytest.mark.parametrize(
    ("fragment", "files"),
    [
        ("#v1", {"README": "first\n"}),
        ("#other", {"README": "second\n"}),
        ("#refs/tags/v1", {"README": "first\n"}),
        ("#other:docs", {"page": "page\n"}),
        ("#:docs/", {"page": "page\n"}),
    ],
)
def test_fragment_names_ref_and_folder(
    tmp_path: Path, repository: str, fragment: str, files: dict[str, str]
) -> None:
    found = added(tmp_path, repository + fragment).texts("/d")
    assert {name: found.get(name) for name in files} == files
    assert ("docs/page" in found) == ("docs" not in fragment)


def test_key_holds_the_commit_that_the_ref_names(tmp_path: Path, repository: str) -> None:
    content = [
        dict(collect(tmp_path, repository + fragment)[0].content)
        for fragment in ("", "#other", "#v1")
    ]
    values = [next(iter(each.values())) for each in content]
    assert values[0] == values[1] != values[2]
    commit = values[2].removeprefix("commit ")
    assert added(tmp_path, f"{repository}#{commit}").texts("/d")["README"] == "first\n"


@pytest.mark.parametrize(
    ("fragment", "words"),
    [("#nothing", 'no "nothing"'), ("#:nothing", 'no folder "nothing"'), ("#--help", "no ref")],
)
def test_what_is_not_there_is_named(
    tmp_path: Path, repository: str, fragment: str, words: str
) -> None:
    with pytest.raises(BuildError, match=words):
        added(tmp_path, repository + fragment)


def test_a_repository_out_of_reach_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot be fetched") as caught:
        added(tmp_path, "http://me:hunter2@127.0.0.1:9/repo.git")
    assert "hunter2" not in caught.value.format_message()
    assert "127.0.0.1:9/repo.git" in caught.value.format_message()


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("https://host/repo.git", "git"),
        ("https://host/repo.git#main:docs", "git"),
        ("git@host:repo", "git"),
        ("ssh://host/repo", "git"),
        ("https://host/file.tar.gz", "url"),
        ("https://host/a.git/file", "url"),
        ("a.git", "path"),
    ],
)
def test_kinds_of_sources(source: str, kind: str) -> None:
    assert (is_git(source), is_url(source)) == (kind == "git", kind == "url")


def test_parts_of_a_source() -> None:
    found = parse_git("git@host:a/b.git#v1:docs/", keep_git_dir=False)
    assert (found.remote, found.ref, found.folder) == ("git@host:a/b.git", "v1", "docs")
