"""`secret`: a text that must be nowhere in the image, not even in a layer below the last."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

from dockernb.engines.base import FileView

from .archive import members
from .subject import Finding, Step, Subject
from .table import Table

__all__ = ["SecretRule"]

# A step that wrote more files than this is read as a whole: that is one request to the engine.
_SINGLY = 20


@dataclass(frozen=True)
class SecretRule:
    """The text is searched in the config, in the history and in every file that a step wrote."""

    text: str

    @classmethod
    def read(cls, table: Table) -> SecretRule:
        """The rule that a table says."""
        return cls(table.raw_text("text"))

    def examine(self, subject: Subject) -> Finding:
        """Searches; says where the text is."""
        needle = self.text.encode()
        config = subject.image.config
        for entry in config.history[subject.base_history :]:
            if self.text in entry.created_by:
                name = entry.created_by.partition(" ")[0]
                return Finding(False, f"it stands in the history, in the line of a {name}")
        if needle in config.to_bytes():
            return Finding(False, "it stands in the image config")
        for step in subject.steps:
            subject.check_interrupt()
            path = _find(subject, step, needle)
            if path is not None:
                return Finding(False, f"it stands in {path}, in a layer of the image")
        return Finding(True)


def _find(subject: Subject, step: Step, needle: bytes) -> str | None:
    """The path of a file that the step wrote and that holds the text."""
    written = [e.path for e in step.diff.entries if e.change != "D" and e.type == "file"]
    if not written:
        return None
    with (
        subject.engine.open_image(step.image_id) as view,
        closing(_contents(view, written)) as contents,
    ):
        for path, content in contents:
            subject.check_interrupt()
            if _holds(content, needle):
                return path
    return None


def _contents(view: FileView, paths: list[str]) -> Generator[tuple[str, Iterator[bytes]]]:
    if len(paths) <= _SINGLY:
        for path in paths:
            with suppress(FileNotFoundError), closing(members(view.read(path))) as found:
                for _, content in found:
                    yield path, content
        return
    wanted = set(paths)
    with closing(members(view.read("/"))) as found:
        for member, content in found:
            path = "/" + member.name.removeprefix("./").lstrip("/")
            if path in wanted:
                yield path, content


def _holds(content: Iterator[bytes], needle: bytes) -> bool:
    tail = b""
    for piece in content:
        tail += piece
        if needle in tail:
            return True
        tail = tail[-len(needle) :]
    return False
