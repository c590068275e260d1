"""The build context: what is in it, what is not and why."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dockernb.build.bind_mounts import of_context
from dockernb.build.context import BuildContext
from dockernb.build.copy_request import CopyRequest
from dockernb.build.copying import collect_from_context
from dockernb.engines.base import Mount
from dockernb.errors import ContextError, NotInBuildContextError

from .fake_container import FakeContainer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "course"
    (root / "app").mkdir(parents=True)
    (root / "app" / "main.py").write_text("print()\n")
    (root / "app" / "util.py").write_text("pass\n")
    (root / "README.md").write_text("# hello\n")
    return root


def content(root: Path, *sources: str, dockerfile: str = "Dockerfile") -> dict[str, str]:
    request = CopyRequest(sources=sources, destination="/x/")
    return dict(collect_from_context(request, BuildContext(root, dockerfile)).content)


def refusal(root: Path, source: str) -> NotInBuildContextError:
    with pytest.raises(NotInBuildContextError) as caught:
        content(root, source)
    return caught.value


def test_content_names_every_file_and_directory_of_the_source(root: Path) -> None:
    assert set(content(root, "app", "README.md")) == {
        "app/", "app/main.py", "app/util.py", "README.md",
    }  # fmt: skip


def test_content_of_the_whole_context_is_named_from_its_root(root: Path) -> None:
    assert set(content(root, ".")) == {"./", "app", "app/main.py", "app/util.py", "README.md"}


def test_digest_changes_with_bytes_and_mode_but_not_with_times(root: Path) -> None:
    before = content(root, "app")
    os.utime(root / "app" / "main.py", (1, 1))
    assert content(root, "app") == before
    (root / "app" / "main.py").chmod(0o755)
    with_mode = content(root, "app")
    assert with_mode["app/main.py"] != before["app/main.py"]
    (root / "app" / "main.py").write_text("other()\n")
    assert content(root, "app")["app/main.py"] != with_mode["app/main.py"]


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (lambda root: (root / "app/main.py").write_text("other\n"), True),
        (lambda root: (root / "app/main.py").chmod(0o600), True),
        (lambda root: (root / "app/new").touch(), True),
        (lambda root: (root / "app/util.py").unlink(), True),
        (lambda root: (root / "app/util.py").rename(root / "app/utils.py"), True),
        (lambda root: (root / "app/link").symlink_to("util.py"), True),
        (lambda root: (root / "app/empty").mkdir(), True),
        (lambda root: (root / "app/sub").chmod(0o700), True),
        (lambda root: _relink(root / "app/there", "util.py"), True),
        (lambda root: (root / ".dockerignore").write_text("**/util.py\n"), True),
        (lambda root: (root / ".dockerignore").write_text("README.md\n"), False),
        (lambda root: os.utime(root / "app/main.py", (1, 1)), False),
        (lambda root: (root / "app/main.py").write_text("print()\n"), False),
        (lambda root: _relink(root / "app/there", "main.py"), False),
        (lambda root: (root / "README.md").write_text("other\n"), False),
        (lambda root: os.chown(root / "app/main.py", os.getuid(), os.getgid()), False),
    ],
)
def test_content_that_counts(root: Path, change: Callable[[Path], object], counts: bool) -> None:
    """Of what COPY (and a bind mount) reads: bytes, names, modes, link targets; nothing else."""
    (root / "app/there").symlink_to("main.py")
    (root / "app/sub").mkdir()
    before = content(root, "app"), shown(root, "app")
    change(root)
    assert (content(root, "app") != before[0]) == counts
    assert (shown(root, "app") != before[1]) == counts


def test_mode_of_a_directory_counts_where_it_is_seen(root: Path) -> None:
    before = content(root, "app"), shown(root, "app")
    (root / "app").chmod(0o700)
    assert content(root, "app") == before[0]  # COPY takes its contents only
    assert shown(root, "app") != before[1]


def shown(root: Path, source: str) -> dict[str, str]:
    """What a key holds of `RUN --mount=source=...`."""
    return dict(of_context(Mount("bind", "/m", source=f"/{source}"), BuildContext(root))[1])


def _relink(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def test_a_rewrite_of_the_same_size_within_a_clock_tick_is_seen(root: Path) -> None:
    seen = set()
    for text in ("aaaa", "bbbb", "cccc", "dddd"):
        (root / "README.md").write_text(text)
        seen.add(content(root, "README.md")["README.md"])
    assert len(seen) == 4


def test_an_unchanged_file_is_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = root / "README.md"
    monkeypatch.setattr("dockernb.build.content_digest._TICK_NS", -(10**18))
    before = content(root, "README.md")
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("the file was read again"))
    assert content(root, "README.md") == before
    assert path.exists()


def test_the_context_is_read_anew_at_each_use(root: Path) -> None:
    assert "new.txt" not in content(root, ".")
    (root / "new.txt").write_text("new")
    (root / ".dockerignore").write_text("app\n")
    assert set(content(root, ".")) == {"./", ".dockerignore", "README.md", "new.txt"}


def test_the_ignore_file_of_the_dockerfile_goes_first(root: Path) -> None:
    (root / ".dockerignore").write_text("*\n")
    (root / "web.Dockerfile.dockerignore").write_text("app\n*.dockerignore\n.dockerignore\n")
    assert set(content(root, ".", dockerfile="web.Dockerfile")) == {"./", "README.md"}


def test_an_ignored_directory_with_a_file_taken_in_again_is_there(root: Path) -> None:
    (root / ".dockerignore").write_text("*\n!app/main.py\n")
    assert set(content(root, ".")) == {"./", "app", "app/main.py"}


def test_an_ignored_directory_with_nothing_taken_in_again_is_not(root: Path) -> None:
    (root / ".dockerignore").write_text("*\n!app/nothing\n!README.md\n")
    assert set(content(root, ".")) == {"./", "README.md"}


def test_error_names_the_context_and_counts_its_files(root: Path) -> None:
    error = refusal(root, "missing.txt")
    assert error.message == 'COPY source "missing.txt" is not in the build context'
    assert error.rule == f"build context: {root} (3 files)."


def test_error_names_the_line_that_hides_the_source(root: Path) -> None:
    (root / ".dockerignore").write_text("# rules\n\napp/*\n")
    error = refusal(root, "app/main.py")
    assert error.rule is not None
    assert 'The file exists but .dockerignore line 3 ("app/*") excludes it.' in error.rule


def test_error_suggests_a_near_name(root: Path) -> None:
    assert "app/main.py" in (refusal(root, "app/mian.py").hint or "")
    assert refusal(root, "main.py").hint == "Did you mean app/main.py?"


def test_error_says_that_a_link_leads_out(root: Path) -> None:
    (root / "gone").symlink_to("nowhere")
    error = refusal(root, "gone")
    assert error.rule is not None
    assert 'It is a symbolic link to "nowhere"' in error.rule


def test_sources_never_leave_the_root(root: Path) -> None:
    (root.parent / "secret").write_text("secret")
    (root / "out").symlink_to("../secret")
    (root / "absolute").symlink_to(root.parent / "secret")
    for source in ("../secret", "app/../../secret", "out", "absolute", "/../secret"):
        refusal(root, source)


def test_a_link_out_of_the_root_is_found_inside_it(root: Path) -> None:
    (root / "out").symlink_to("../../README.md")
    assert set(content(root, "out")) == {"README.md"}


def test_a_missing_context_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContextError, match="is no folder"):
        content(tmp_path / "none", ".")


def test_a_file_that_changes_after_it_was_collected_is_refused(root: Path) -> None:
    request = CopyRequest(sources=("README.md",), destination="/x")
    source = collect_from_context(request, BuildContext(root))
    (root / "README.md").write_text("changed meanwhile")
    with pytest.raises(ContextError, match="changed while it was being read"):
        source.apply(FakeContainer(), request)


def test_a_file_that_vanishes_after_it_was_collected_is_refused(root: Path) -> None:
    request = CopyRequest(sources=("README.md",), destination="/x")
    source = collect_from_context(request, BuildContext(root))
    (root / "README.md").unlink()
    with pytest.raises(ContextError, match="vanished"):
        source.apply(FakeContainer(), request)


def test_a_link_put_in_place_of_a_file_is_not_followed(root: Path, tmp_path: Path) -> None:
    request = CopyRequest(sources=("README.md",), destination="/x")
    source = collect_from_context(request, BuildContext(root))
    (root / "README.md").unlink()
    (root / "README.md").symlink_to("/etc/passwd")
    with pytest.raises(ContextError):
        source.apply(FakeContainer(), request)


def test_names_that_are_not_utf_8_are_kept(root: Path) -> None:
    (root / "app" / os.fsdecode(b"caf\xe9")).write_text("x")
    assert os.fsdecode(b"app/caf\xe9") in content(root, "app")
