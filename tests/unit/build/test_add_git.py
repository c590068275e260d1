"""ADD of a git repository."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dockernb.build.add_git import parse_git
from dockernb.build.context import BuildContext
from dockernb.build.copy_request import CopyRequest
from dockernb.build.copying import CopySource, collect_from_context
from dockernb.build.git_program import GitAccess
from dockernb.build.remote_source import is_git, is_url
from dockernb.errors import BuildError
from tests.differential.git_over_http import TOKEN
from tests.differential.server import git_daemon, make_repository, serving

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


@pytest.fixture
def private(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "served") as servers:
        yield f"http://{servers.files}/private/repo.git"


def fetched(source: str, secrets: dict[str, bytes]) -> Iterator[str]:
    found = parse_git(source, keep_git_dir=True, access=GitAccess(secrets)).resolved()
    with found.tree() as tree:
        yield from tree.files()


def test_a_private_repository_is_fetched_with_a_token_or_a_header(private: str) -> None:
    host = private.split("/")[2]
    header = b"basic " + base64.b64encode(b"x-access-token:" + TOKEN.encode())
    for secrets in (
        {"GIT_AUTH_TOKEN": TOKEN.encode() + b"\n"},
        {f"GIT_AUTH_TOKEN.{host}": TOKEN.encode(), "GIT_AUTH_TOKEN": b"of another host"},
        {"GIT_AUTH_HEADER": header, "GIT_AUTH_TOKEN": b"less exact"},
    ):
        files = list(fetched(private, secrets))
        assert "README" in files
        assert ".git/config" in files
    with pytest.raises(BuildError, match="cannot be fetched") as caught:
        list(fetched(private, {"GIT_AUTH_TOKEN": b"wrong"}))
    assert "GIT_AUTH_TOKEN" in (caught.value.hint or "")
    assert "wrong" not in caught.value.format_message()


def test_no_token_is_in_the_repository_that_was_fetched(private: str, tmp_path: Path) -> None:
    access = GitAccess({"GIT_AUTH_TOKEN": TOKEN.encode()})
    with parse_git(private, keep_git_dir=True, access=access).resolved().tree() as tree:
        for name in tree.files():
            entry = tree.entry(f"/{name}")
            assert entry is not None
            with entry.content.open() as file:
                content = file.read()
            assert b"uthorization" not in content
            assert base64.b64encode(b"x-access-token:" + TOKEN.encode()) not in content


def test_credential_helpers_of_the_reader_count_and_nothing_else_of_the_configuration(
    private: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = f"!printf 'username=x-access-token\\npassword={TOKEN}\\n'; true"
    config = tmp_path / ".gitconfig"
    for name, value in (("credential.helper", helper), ("core.autocrlf", "true")):
        subprocess.run(["git", "config", "--file", str(config), name, value], check=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    with parse_git(private, keep_git_dir=False).resolved().tree() as tree:
        entry = tree.entry("/README")
        assert entry is not None
        with entry.content.open() as file:
            assert file.read() == b"second\n"


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
