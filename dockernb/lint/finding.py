"""One finding, and where its rule is explained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["LEVELS", "Finding", "Level", "link_of"]

Level = Literal["error", "warning", "info", "style"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info", "style")


@dataclass(frozen=True)
class Finding:
    """What a rule has to say of some lines.

    Args:
        rule: `dnb-...` (ours), a name of BuildKit's checks, or hadolint's number.
        line: First line in the exported file, from 1.
        bytes: What it costs in the image, where that is known.
    """

    rule: str
    level: Level
    line: int
    message: str
    bytes: int | None = None

    @property
    def link(self) -> str:
        return link_of(self.rule)

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "level": self.level,
            "line": self.line,
            "message": self.message,
            "bytes": self.bytes,
            "link": self.link,
        }


def link_of(rule: str) -> str:
    """The page that explains a rule: ours in docs/lint.md, the others at their makers."""
    if re.fullmatch(r"DL\d{4}", rule):
        return f"https://github.com/hadolint/hadolint/wiki/{rule}"
    if re.fullmatch(r"SC\d{4}", rule):
        return f"https://www.shellcheck.net/wiki/{rule}"
    if rule.startswith("dnb-"):
        return f"docs/lint.md#{rule}"
    kebab = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", rule).lower()
    return f"https://docs.docker.com/reference/build-checks/{kebab}/"
