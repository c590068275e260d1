"""A git repository as a source of files: ADD of it, or a named context.

Source of the rules: BuildKit's `source/git/source.go` and `util/gitutil/git_ref.go`.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dockernb.dockerfile.dockerignore import DockerIgnore
from dockernb.errors import BuildError

from .context_tree import ContextTree
from .copy_items import CopyItem, collect_path
from .git_program import NO_ACCESS, GitAccess, run_git
from .remote_source import without_credentials

__all__ = ["GitSource", "parse_git"]

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class GitSource:
    """A repository at a ref.

    Args:
        source: As written.
        ref: Branch, tag or commit; "" is what the repository's HEAD names.
        folder: Whose contents are taken, relative to the repository.
        commit: The commit that the ref names now; "" until `resolved`.
    """

    source: str
    remote: str
    ref: str = ""
    folder: str = ""
    keep_git_dir: bool = False
    access: GitAccess = field(default=NO_ACCESS, repr=False)
    commit: str = ""

    @property
    def shown(self) -> str:
        """`source` without a password."""
        return without_credentials(self.source)

    def resolved(self, cancel: threading.Event | None = None) -> GitSource:
        """With its commit; the repository is asked.

        Raises:
            BuildError: It does not answer, or has no such ref.
        """
        if _COMMIT.fullmatch(self.ref):
            return replace(self, commit=self.ref)
        wanted = self.ref or "HEAD"
        answer = self._git(["ls-remote", "--", self.remote, wanted, f"{wanted}^{{}}"], None, cancel)
        refs = {name: commit for commit, _, name in map(_parts, answer.splitlines())}
        for name in (wanted, f"refs/tags/{wanted}", f"refs/heads/{wanted}"):
            commit = refs.get(f"{name}^{{}}") or refs.get(name)
            if commit:
                return replace(self, commit=commit)
        raise BuildError(
            f'"{self.shown}" cannot be fetched: the repository has no "{wanted}"',
            hint="Name a branch, a tag or a whole commit behind the #.",
        )

    @contextmanager
    def opened(self, cancel: threading.Event | None = None) -> Iterator[CopyItem]:
        """Its files as a source of ADD, for the length of the block.

        Raises:
            BuildError: It cannot be fetched, or has no such folder.
        """
        with self.tree(cancel) as tree:
            item = collect_path(tree, "/", self._no_folder)
            entry = item.entry._replace(mode=0o755)  # of the temporary folder it is 0700
            yield replace(item, entry=entry, shown=self.shown, is_itself_copied=True)

    @contextmanager
    def tree(self, cancel: threading.Event | None = None) -> Iterator[ContextTree]:
        """Its files for the length of the block.

        Raises:
            BuildError: It cannot be fetched, or has no such folder.
        """
        with TemporaryDirectory(prefix="dockernb-git-") as place:
            top = Path(place, "tree")
            top.mkdir()
            self._check_out(top, cancel)
            if self.folder or not self.keep_git_dir:
                shutil.rmtree(top / ".git")
            found = collect_path(
                ContextTree(top, DockerIgnore()), f"/{self.folder}", self._no_folder
            )
            if found.entry.type != "dir":
                raise self._no_folder()
            yield ContextTree(top / found.shown, DockerIgnore())

    def _no_folder(self) -> BuildError:
        return BuildError(f'"{self.shown}": the repository has no folder "{self.folder}"')

    def _check_out(self, tree: Path, cancel: threading.Event | None) -> None:
        fetch = ["fetch", "--quiet", "--no-tags", "--depth=1", "origin"]
        self._git(["init", "--quiet", "--initial-branch=master"], tree, cancel)
        self._git(["remote", "add", "origin", self.remote], tree, cancel)
        try:
            self._git([*fetch, self.commit], tree, cancel)
        except BuildError:  # a server that gives commits only by the names of refs
            if _COMMIT.fullmatch(self.ref):
                raise
            self._git([*fetch, self.ref or "HEAD"], tree, cancel)
        self._git(["checkout", "--quiet", "--detach", self.commit], tree, cancel)
        if (tree / ".gitmodules").exists():
            update = ["submodule", "update", "--init", "--recursive", "--depth=1", "--quiet"]
            self._git(update, tree, cancel)
        public = without_credentials(self.remote)
        self._git(["remote", "set-url", "origin", public], tree, cancel)
        (tree / ".git/FETCH_HEAD").unlink(missing_ok=True)

    def _git(
        self, words: Sequence[str], folder: Path | None, cancel: threading.Event | None
    ) -> str:
        return run_git(words, folder, self.remote, self.access, cancel)


def parse_git(source: str, *, keep_git_dir: bool, access: GitAccess = NO_ACCESS) -> GitSource:
    """`REMOTE[#REF[:FOLDER]]`.

    Raises:
        BuildError: The ref would be an option of git.
    """
    remote, _, fragment = source.partition("#")
    ref, _, folder = fragment.partition(":")
    if ref.startswith("-") or remote.startswith("-"):
        raise BuildError(f'"{source}" names no ref', hint="ADD REPOSITORY#BRANCH:FOLDER /TARGET")
    return GitSource(source, remote, ref, folder.strip("/"), keep_git_dir, access)


def _parts(line: str) -> tuple[str, str, str]:
    return line.partition("\t")
