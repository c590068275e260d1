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
from .context import BuildContext
from .copy_request import CopyRequest
from .copying import collect_from_context
from .outcome import Action, CopyFiles
from .remote_source import is_git, is_url

__all__ = ["ContextRead", "context_read", "folders_read"]


@dataclass(frozen=True)
class ContextRead:
    """The files that one COPY or ADD took.

    Args:
        request: Without URLs and heredocs, so that reading it again touches the disk only.
        content: Name -> digest, as in the cache key.
    """

    request: CopyRequest
    content: Mapping[str, str]

    def changes(self, context: BuildContext) -> tuple[str, ...]:
        """What a step would find changed now, in words: "app/main.py changed"; () if nothing.

        Files whose size and times are those of before are not read again.
        """
        try:
            now = collect_from_context(self.request, context).content
        except DockernbError as error:
            return (error.message,)
        return tuple(str(context.explain(each)) for each in changed_content(self.content, now))

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders, relative to the context ("" is its root), that hold what was read."""
        return frozenset(
            name.rstrip("/") if name.endswith("/") and name != "./" else posixpath.dirname(name)
            for name in self.content
        )


class ReadsContext(Protocol):
    """A record of a cell."""

    @property
    def reads(self) -> tuple[ContextRead, ...]: ...


def folders_read(context: BuildContext, records: Iterable[ReadsContext]) -> frozenset[Path]:
    """The folders that hold what was read, and the context's root if anything was."""
    root = context.root
    reads = [read for record in records for read in record.reads]
    folders = {root / folder for read in reads for folder in read.folders}
    return frozenset(folders | {root} if folders else ())


def context_read(action: Action, content: Mapping[str, str]) -> ContextRead | None:
    """What `action` took from the build context; None: nothing."""
    if not isinstance(action, CopyFiles) or action.from_image is not None:
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
    return ContextRead(replace(request, sources=local, heredocs=(), checksum=""), content)
