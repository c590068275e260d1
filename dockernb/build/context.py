"""The build context: the folder whose files COPY and ADD may take."""

from __future__ import annotations

import difflib
import itertools
import posixpath
from dataclasses import replace
from pathlib import Path

from dockernb.dockerfile.dockerignore import DockerIgnore
from dockernb.errors import ContextError, DockernbError, NotInBuildContextError

from .cause import Cause
from .context_tree import ContextTree
from .link_paths import clean, parents

__all__ = ["BuildContext", "named_folder"]

_COUNT_LIMIT = 100_000
_LARGEST_IGNORE_FILE = 1 << 20
_OTHER_CONTEXT = "Put it there, or choose another build context: `%context FOLDER`."


class BuildContext:
    """A folder, read anew at each use.

    Args:
        root: The folder; symbolic links in its own path are followed once, now.
        dockerfile_name: `<name>.dockerignore` goes before `.dockerignore`.
    """

    def __init__(self, root: Path, dockerfile_name: str = "Dockerfile") -> None:
        self.root = Path(root).resolve()
        self.dockerfile_name = dockerfile_name

    @property
    def ignore_file(self) -> Path | None:
        """The .dockerignore file in force; None: there is none."""
        for name in (f"{self.dockerfile_name}.dockerignore", ".dockerignore"):
            if (self.root / name).is_file():
                return self.root / name
        return None

    def ignore(self) -> DockerIgnore:
        """The patterns in force now.

        Raises:
            DockerfileSyntaxError: A pattern is malformed.
            ContextError: The file cannot be read.
        """
        path = self.ignore_file
        if path is None:
            return DockerIgnore()
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST_IGNORE_FILE + 1)
        except OSError as err:
            raise ContextError(f'"{path}" cannot be read: {err.strerror}') from err
        if len(data) > _LARGEST_IGNORE_FILE:
            raise ContextError(
                f'"{path}" is too large', rule=f"It may have {_LARGEST_IGNORE_FILE:,} bytes."
            )
        return DockerIgnore.parse(data.decode("utf-8", "surrogateescape"), label=path.name)

    def tree(self) -> ContextTree:
        """The files of the context as .dockerignore leaves them now.

        Raises:
            ContextError: The folder does not exist.
        """
        if not self.root.is_dir():
            raise ContextError(
                f'the build context "{self.root}" is no folder',
                hint="Choose another one: `%context FOLDER`.",
            )
        return ContextTree(self.root, self.ignore())

    def explain(self, cause: Cause) -> Cause:
        """The cause with the .dockerignore line that took its file out, if one did."""
        if cause.kind != "file" or cause.change != "removed":
            return cause
        try:
            line = self.excluding_line(cause.name)
        except DockernbError:
            return cause
        return cause if line is None else replace(cause, ignored_by=line)

    def excluding_line(self, path: str) -> str | None:
        """Which line keeps a file that is on disk out: `.dockerignore line 2: *.log`; None: none.

        Args:
            path: Relative to the context.
        """
        ignore, file = self.ignore(), self.ignore_file
        if file is None or not (self.root / path).exists():
            return None
        for place in parents(clean(path)):
            decider = ignore.deciding_line(place.lstrip("/"))
            if decider is not None and not decider[1].startswith("!"):
                return f"{file.name} line {decider[0]}: {decider[1]}"
        return None

    def missing(self, instruction: str, source: str) -> NotInBuildContextError:
        """The error for a source that is not in the context: why, and what may be meant.

        Args:
            instruction: "COPY" or "ADD".
            source: As written.
        """
        tree = self.tree()
        names = list(itertools.islice(tree.files(), _COUNT_LIMIT + 1))
        count = f"more than {_COUNT_LIMIT}" if len(names) > _COUNT_LIMIT else str(len(names))
        facts = [f"build context: {self.root} ({count} file{'' if len(names) == 1 else 's'})."]
        reason, hint = _leaves(source) or self._ignored(tree, source) or ("", _OTHER_CONTEXT)
        if reason:
            facts.append(reason)
        elif near := _near(clean(source).lstrip("/"), names):
            hint = f"Did you mean {' or '.join(near)}?"
        return NotInBuildContextError(
            f'{instruction} source "{source}" is not in the build context',
            rule=" ".join(facts),
            hint=hint,
        )

    def _ignored(self, tree: ContextTree, source: str) -> tuple[str, str] | None:
        """Why a source that exists on disk is not there, and a hint: mostly .dockerignore."""
        path = clean(source)
        found = tree.entry_on_disk(path)
        if found is None:
            return None
        if found.type == "symlink" and tree.entry(path) is not None:
            target = f'It is a symbolic link to "{found.link_target}"'
            return f"{target}, and that is not in the build context.", _OTHER_CONTEXT
        for place in parents(path):
            decider = self.ignore().deciding_line(place.lstrip("/"))
            if decider is not None and tree.entry(place) is None:
                line, pattern = decider
                file = self.ignore_file
                name = file.name if file else ".dockerignore"
                kind = "folder" if found.type == "dir" else "file"
                reason = f'The {kind} exists but {name} line {line} ("{pattern}") excludes it.'
                return reason, f"Remove that line, or add `!{path.lstrip('/')}` below it."
        return None


def named_folder(root: Path) -> BuildContext:
    """The folder of a named context; it has a .dockerignore of its own, and no Dockerfile."""
    return BuildContext(root, "")


def _leaves(source: str) -> tuple[str, str] | None:
    """What ".." means that leads out of the context, and a hint."""
    if not posixpath.normpath(source).startswith(".."):
        return None
    inside = clean(source).lstrip("/")
    reason = f'".." does not lead out of the build context: "{inside}" was looked for in it.'
    return reason, _OTHER_CONTEXT


def _near(wanted: str, names: list[str]) -> list[str]:
    """Up to two names much like the wanted one, or with the same base name elsewhere."""
    folders = {name.rpartition("/")[0] for name in names} - {""}
    close = difflib.get_close_matches(wanted, [*names[:5000], *sorted(folders)[:2000]], 2, 0.7)
    base = wanted.rpartition("/")[2]
    same = [name for name in names if name.rpartition("/")[2] == base][:2]
    return list(dict.fromkeys([*same, *close]))[:2]
