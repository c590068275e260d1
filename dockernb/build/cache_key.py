"""What a step's result depends on, and how two such sets of facts differ, in words.

The key is the SHA-256 of canonical JSON with named fields, so no two different steps can collide by
how their texts are joined.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from ..dockerfile.instructions import ArgInstruction, Instruction
from .cause import Cause

__all__ = ["CacheKey", "changed_content", "normal_form"]

# How many changed files or arguments a reason names before it only counts.
_NAMED = 5

# Contexts above this number of files are kept in the key by one digest of all of them.
_MAX_CONTENT_NAMES = 5000
_MANY_FILES = "a file of the build context"

# Two instructions are nearly the same when so much of their texts is, looking at the beginning.
_ALIKE = 0.6
_COMPARED = 1000  # characters of a field


def normal_form(instruction: Instruction) -> dict[str, Any]:
    """The instruction's typed fields; spelling, blanks, comments and line numbers do not count."""
    fields = dataclasses.asdict(instruction)
    for unwanted in ("original", "lines", "comments", "ignored"):
        fields.pop(unwanted)
    if isinstance(instruction, ArgInstruction):
        fields["args"] = [[arg.key, arg.value] for arg in instruction.args]
    inner = getattr(instruction, "inner", None)
    if inner is not None:
        fields["inner"] = normal_form(inner)
    return {"name": instruction.name, **fields}


@dataclass(frozen=True)
class CacheKey:
    """The facts that decide a step's result.

    Args:
        parent: Image ID of the snapshot before; "" for FROM.
        args: Build args in use, with their values. The values of secrets never get here.
        content: Name -> digest of everything that COPY, ADD or a bind mount reads; for FROM the
            reference -> the image ID it names now.
        settings: Options of the build that the step can see, such as "--add-host db".
    """

    parent: str
    instruction: Mapping[str, Any]
    args: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The named fields, small enough to be stored."""
        rarely = {"settings": dict(self.settings)} if self.settings else {}
        return {
            "version": 1,
            "parent": self.parent,
            "instruction": dict(self.instruction),
            "args": dict(self.args),
            "content": self._bounded_content(),
            "platform": self.platform,
            **rarely,
        }

    def _bounded_content(self) -> dict[str, str]:
        if len(self.content) <= _MAX_CONTENT_NAMES:
            return dict(self.content)
        content = self.content  # names alone are sorted three times as fast as pairs
        return {_MANY_FILES: _digest([(name, content[name]) for name in sorted(content)])}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, 64 hex digits."""
        return _digest(self.to_json())

    @cached_property
    def instruction_digest(self) -> str:
        """SHA-256 of the instruction alone, to find earlier runs of the same text."""
        return _digest(dict(self.instruction))

    def is_like(self, earlier: Mapping[str, Any]) -> bool:
        """Whether `earlier` (a stored `to_json`) is nearly the same instruction."""
        before, now = _text(earlier["instruction"]), _text(self.to_json()["instruction"])
        return SequenceMatcher(None, before, now, autojunk=False).ratio() >= _ALIKE

    def changes_since(self, earlier: Mapping[str, Any]) -> tuple[Cause, ...]:
        """What differs from `earlier` (a stored `to_json`)."""
        current = self.to_json()
        changes: list[Cause] = []
        # Compared as JSON, because a stored tuple comes back as a list.
        if _digest(earlier["instruction"]) != _digest(current["instruction"]):
            # Another text reads other args and files; that they differ says nothing more.
            changes.append(Cause("instruction"))
        else:
            changes += _changed_args(earlier["args"], current["args"])
            changes += changed_content(earlier["content"], current["content"])
        before = earlier.get("settings", {})
        names = sorted({*before, *self.settings})
        changes += [
            Cause("other", f"{name} changed")
            for name in names
            if before.get(name) != self.settings.get(name)
        ]
        for kind in ("platform", "parent"):
            if earlier[kind] != current[kind]:
                changes.append(Cause(kind, before=earlier[kind], after=current[kind]))
        return tuple(changes)


def _text(value: object) -> str:
    """All that an instruction's fields hold, as one text to compare."""
    if isinstance(value, Mapping):
        return " ".join(_text(value[key]) for key in sorted(value) if key != "name")
    if isinstance(value, (list, tuple)):
        return " ".join(_text(item) for item in value)
    return value[:_COMPARED] if isinstance(value, str) else ""


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _changed_args(before: Mapping[str, str], after: Mapping[str, str]) -> list[Cause]:
    changes = [
        Cause("argument", name, before=before.get(name), after=after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]
    return _at_most(changes, "build args")


def changed_content(before: Mapping[str, str], after: Mapping[str, str]) -> list[Cause]:
    """What differs between two `content`s; a few by name, the others by number."""
    changes = []
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if _is_image(old) and _is_image(new):
            changes.append(Cause("image", name, before=old, after=new))
        else:
            change = "added" if old is None else "removed" if new is None else "changed"
            changes.append(Cause("file", name, change))
    return _at_most(changes, "files")


def _is_image(digest: str | None) -> bool:
    return digest is not None and digest.startswith("sha256:")


def _at_most(changes: list[Cause], noun: str) -> list[Cause]:
    if len(changes) <= _NAMED:
        return changes
    return [*changes[:_NAMED], Cause("other", f"and {len(changes) - _NAMED} {noun} more")]
