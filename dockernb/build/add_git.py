"""ADD of a git repository: its files at a commit, fetched by the machine's own git.

Source of the rules: BuildKit's `source/git/source.go` and `util/gitutil/git_ref.go`. The reader's
git configuration has no effect, as in a builder: line ends, filters and hooks would change files.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dockernb.dockerfile.dockerignore import DockerIgnore
from dockernb.errors import BuildError, BuildInterruptedError

from .context_tree import ContextTree
from .copy_items import CopyItem, collect_path

__all__ = ["GitSource", "parse_git"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")
_SECONDS = 0.2
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ALLOW_PROTOCOL": "git:http:https:ssh",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
    "LC_ALL": "C",
}
_OF_THE_READER = ("PATH", "HOME", "SSH_AUTH_SOCK", "http_proxy", "https_proxy", "no_proxy")


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
    commit: str = ""

    @property
    def shown(self) -> str:
        """`source` without a password."""
        return _CREDENTIALS.sub("", self.source)

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
        """Its files for the length of the block.

        Raises:
            BuildError: It cannot be fetched, or has no such folder.
        """
        with TemporaryDirectory(prefix="dockernb-git-") as place:
            tree = Path(place, "tree")
            tree.mkdir()
            self._check_out(tree, cancel)
            if self.folder or not self.keep_git_dir:
                shutil.rmtree(tree / ".git")

            def missing() -> BuildError:
                return BuildError(f'"{self.shown}": the repository has no folder "{self.folder}"')

            item = collect_path(ContextTree(tree, DockerIgnore()), f"/{self.folder}", missing)
            if item.entry.type != "dir":
                raise missing()
            entry = item.entry._replace(mode=0o755)  # of the temporary folder it is 0700
            yield replace(item, entry=entry, shown=self.shown, is_itself_copied=True)

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
        self._git(["remote", "set-url", "origin", _CREDENTIALS.sub("", self.remote)], tree, cancel)
        (tree / ".git/FETCH_HEAD").unlink(missing_ok=True)

    def _git(
        self, words: Sequence[str], folder: Path | None, cancel: threading.Event | None
    ) -> str:
        """What git printed."""
        program = shutil.which("git")
        if program is None:
            raise BuildError(
                f'"{self.shown}" cannot be fetched: git is not installed here',
                hint="Install it: apt-get install git",
            )
        environment = {name: os.environ[name] for name in _OF_THE_READER if name in os.environ}
        process = subprocess.Popen(
            [program, *words],
            cwd=folder,
            env={**environment, **_QUIET},
            umask=0o022,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
        )
        with process:
            printed, said = _ended(process, cancel, self.shown)
        if process.returncode != 0:
            raise BuildError(
                f'"{self.shown}" cannot be fetched: git {words[0]} failed',
                rule=_CREDENTIALS.sub("", said.strip()),
                hint="Look whether the address is right and this machine reaches it.",
            )
        return printed


def parse_git(source: str, *, keep_git_dir: bool) -> GitSource:
    """`REMOTE[#REF[:FOLDER]]`.

    Raises:
        BuildError: The ref would be an option of git.
    """
    remote, _, fragment = source.partition("#")
    ref, _, folder = fragment.partition(":")
    if ref.startswith("-") or remote.startswith("-"):
        raise BuildError(f'"{source}" names no ref', hint="ADD REPOSITORY#BRANCH:FOLDER /TARGET")
    return GitSource(source, remote, ref, folder.strip("/"), keep_git_dir)


def _parts(line: str) -> tuple[str, str, str]:
    return line.partition("\t")


def _ended(
    process: subprocess.Popen[str], cancel: threading.Event | None, shown: str
) -> tuple[str, str]:
    while True:
        try:
            return process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            if cancel is not None and cancel.is_set():
                process.kill()
                process.communicate()
                raise BuildInterruptedError(f'fetching "{shown}" was interrupted') from None
