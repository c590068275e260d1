"""What completion asks for; who answers knows the session, its engine and the disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .wanted import Kind

__all__ = ["Found", "Knowledge"]


@dataclass(frozen=True)
class Found:
    """An entry of a folder."""

    name: str
    is_folder: bool = False
    runs: bool = True


class Knowledge(Protocol):
    """Answers quickly or with what there is: what takes long is got ready in the background.

    Names are those in force where the cursor is. Nothing asked here changes a notebook.
    """

    def stages(self) -> Sequence[str]:
        """Names (or numbers) of the stages above."""

    def images(self, typed: str) -> Sequence[str]:
        """Images on the engine; tags of the repository that `typed` names, from its registry."""

    def variables(self) -> Mapping[str, str]:
        """ENV and ARG with their values."""

    def global_arguments(self) -> Mapping[str, str]:
        """ARGs above the first FROM."""

    def build_args(self) -> Collection[str]:
        """Names that `%arg` has set."""

    def working_dir(self) -> str:
        """What relative paths are below."""

    def users(self) -> Sequence[str]:
        """Names in the snapshot's /etc/passwd."""

    def groups(self) -> Sequence[str]:
        """Names in the snapshot's /etc/group."""

    def commands(self) -> Collection[str]:
        """Programs on the snapshot's PATH."""

    def folder(self, path: str, of: str) -> Sequence[Found]:
        """What is in a folder (an absolute path) of the snapshot, or of a stage or image `of`."""

    def context(self, path: str) -> Sequence[Found]:
        """What is in a folder of the build context and not ignored; "" is its root."""

    def disk(self, path: str) -> Sequence[Found]:
        """What is in a folder of this machine, below the notebook's folder if relative."""

    def listed(self, kind: Kind) -> Sequence[str]:
        """Names of snapshots, steps, runs, secrets, variables of the environment or exercises."""
