"""What a step took from the build context, and whether that is still the same."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from ..errors import DockernbError
from .cache_key import changed_content
from .context import BuildContext, named_folder
from .copy_request import CopyRequest
from .copying import collect_from_context
from .outcome import Action, CopyFiles
from .remote_source import is_git, is_url

__all__ = ["ContextRead", "context_read", "folders_read"]


@dataclass(frozen=True)
class ContextRead:
    """The files of a folder that one COPY or ADD took.

    Args:
        request: Without URLs and heredocs, so that reading it again touches the disk only.
        content: Name -> digest, as in the cache key.
        named: The folder of a named context, where it was that one and not the build context.
        root: The folder of the build context at that time, where it is known.
    """

    request: CopyRequest
    content: Mapping[str, str]
    named: Path | None = None
    root: Path | None = None

    def changes(self, context: BuildContext) -> tuple[str, ...]:
        """What a step would find changed now, in words: "app/main.py changed"; () if nothing.

        Files whose size and times are those of before are not read again. Of another folder than
        that of before only its name is told: the files here have not changed.
        """
        if self.named is not None:
            context = named_folder(self.named)
        try:
            now = collect_from_context(self.request, context).content
        except DockernbError as error:
            found: tuple[str, ...] = (error.message,)
        else:
            causes = changed_content(self.content, now)
            found = tuple(str(context.explain(each)) for each in causes)
        if found and self.named is None and self.root not in {None, context.root}:
            return (f"the build context is now {_shown(context.root)}",)
        return found

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders, relative to the root ("" is it), that hold what was read."""
        return frozenset(
            name.rstrip("/") if name.endswith("/") and name != "./" else posixpath.dirname(name)
            for name in self.content
        )


class ReadsContext(Protocol):
    """A record of a cell."""

    @property
    def reads(self) -> tuple[ContextRead, ...]: ...


def folders_read(context: BuildContext, records: Iterable[ReadsContext]) -> frozenset[Path]:
    """The folders that hold what was read, and the roots of the contexts that they are in."""
    reads = [read for record in records for read in record.reads]
    found = set[Path]()
    for read in reads:
        root = context.root if read.named is None else read.named
        found |= {root, *(root / folder for folder in read.folders)} if read.folders else set()
    return frozenset(found)


def _shown(folder: Path) -> str:
    """As `%context` takes it: from the folder of the notebook, if it is below that one."""
    folder, here = folder.absolute(), Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


def context_read(action: Action, content: Mapping[str, str], root: Path) -> ContextRead | None:
    """What `action` took from the build context, which is the folder `root`; None: nothing."""
    if not isinstance(action, CopyFiles):
        return None
    source = action.source
    if source.folder is None and not source.is_build_context:
        return None
    request = action.request
    remote = {source for source in request.sources if is_git(source) or is_url(source)}
    local = tuple(source for source in request.sources if source not in remote)
    if not local:
        return None
    others = remote | {f"<<{heredoc.name}" for heredoc in request.heredocs}
    if others:
        content = {
            name: digest
            for name, digest in content.items()
            if name not in others and not digest.startswith("commit ")
        }
    request = replace(request, sources=local, heredocs=(), checksum="")
    return ContextRead(request, content, source.folder, root)
