"""Why a step was built and not taken from the cache, as a value; the words are its `str`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from ..oci.digest import short_id

__all__ = ["Cause"]

Kind = Literal["instruction", "argument", "file", "image", "parent", "platform", "other"]


_MAX_TEXT = 1000  # of a field that is kept in a notebook


@dataclass(frozen=True)
class Cause:
    """One thing that differs from the most similar earlier step.

    Args:
        name: The ARG, the file's path in the context, the name of an image.
        change: Of a file: "added", "removed" or "changed"; of a parent: "other" where the step
            before is another cell's.
        before, after: Of an argument its values, of an image or parent the image IDs; None: none.
        ignored_by: Of a file that was removed: the .dockerignore line that excludes it now.
    """

    kind: Kind
    name: str = ""
    change: str = ""
    before: str | None = None
    after: str | None = None
    ignored_by: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "instruction":
                return "the instruction was edited"
            case "argument":
                return f"ARG {self.name}: {_shown(self.before)} -> {_shown(self.after)}"
            case "image":
                before, after = short_id(self.before or ""), short_id(self.after or "")
                return f"{self.name}: image {before} -> {after}"
            case "file":
                line = f" ({self.ignored_by})" if self.ignored_by else ""
                return f"{self.name} {self.change}{line}"
            case "platform":
                return f"platform: {self.before} -> {self.after}"
            case "parent":
                if self.change == "other":
                    return "the snapshot above is another one"
                return "cell above was rebuilt"
        return self.name

    def to_json(self) -> dict[str, Any]:
        """Only the fields that say something."""
        values = {name: value for name, value in asdict(self).items() if value not in ("", None)}
        return {name: value[:_MAX_TEXT] for name, value in values.items()}

    @classmethod
    def from_json(cls, data: object) -> Cause | None:
        """A saved cause; None: it is none. A saved notebook is a stranger's."""
        if not isinstance(data, dict) or data.get("kind") not in get_args(Kind):
            return None
        names = [item.name for item in fields(cls) if isinstance(data.get(item.name), str)]
        return cls(**{name: data[name][:_MAX_TEXT] for name in names})


def _shown(value: str | None) -> str:
    if value is None:
        return "(none)"
    return value if len(value) <= 40 else value[:37] + "..."
