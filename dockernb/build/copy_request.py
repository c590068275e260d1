"""What a COPY or ADD asks for, with all variables expanded."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CopyRequest", "InlineFile"]


@dataclass(frozen=True)
class InlineFile:
    """`COPY <<EOF`: a file whose bytes stand in the Dockerfile; `name` is the heredoc's word."""

    name: str
    data: bytes


@dataclass(frozen=True)
class CopyRequest:
    """One COPY or ADD.

    Args:
        sources: As written; paths, wildcards, or (ADD) URLs.
        destination: As written: a trailing slash and a trailing "/." have a meaning.
        working_dir: The WORKDIR that a relative destination joins.
        heredocs: Come after all `sources`.
        chown: "", "user", "user:group", ids or names.
        chmod: "", an octal number, or letters (see `copy_mode`).
        link: Without effect on the tree, as in BuildKit on Docker's overlay2 image store.
        parents: Keep the directories of each source (from a "/./" on).
        excludes: Patterns as in .dockerignore, relative to each source.
        unpack: None: ADD unpacks local archives, but not downloaded ones.
        checksum: `sha256:...` that a downloaded file must have.
    """

    sources: tuple[str, ...] = ()
    destination: str = "/"
    working_dir: str = "/"
    heredocs: tuple[InlineFile, ...] = ()
    chown: str = ""
    chmod: str = ""
    link: bool = False
    parents: bool = False
    excludes: tuple[str, ...] = ()
    is_add: bool = False
    unpack: bool | None = None
    checksum: str = ""
    keep_git_dir: bool = False

    @property
    def name(self) -> str:
        """COPY or ADD."""
        return "ADD" if self.is_add else "COPY"

    @property
    def unpacks_local(self) -> bool:
        """Whether an archive from the context or an image is unpacked."""
        return self.is_add if self.unpack is None else self.unpack
