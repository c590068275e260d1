"""The shape of an entry of the instruction reference."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FlagReference", "InstructionReference"]


@dataclass(frozen=True)
class FlagReference:
    """One flag.

    Args:
        name: With its dashes.
        value: What stands behind "=": a word in angle brackets; "" for a switch.
        text: What it does.
        values: All allowed values, when they can be listed.
    """

    name: str
    value: str
    text: str
    values: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """As it is typed."""
        return f"{self.name}={self.value}" if self.value else self.name


@dataclass(frozen=True)
class InstructionReference:
    """One instruction.

    Args:
        syntax: One line per form.
        effect: What it does to the snapshot and to the image config.
        example: A cell that can be run as it is, or nearly so.
    """

    name: str
    syntax: tuple[str, ...]
    effect: str
    example: str
    flags: tuple[FlagReference, ...] = ()

    def as_text(self) -> str:
        """The whole entry as plain text."""
        parts = ["\n".join(self.syntax), self.effect]
        if self.flags:
            width = max(len(flag.usage) for flag in self.flags)
            parts.append("\n".join(f"{flag.usage:<{width}}  {flag.text}" for flag in self.flags))
        example = "\n".join(f"    {line}" for line in self.example.splitlines())
        return "\n\n".join([*parts, f"Example:\n{example}"])

    def as_markdown(self) -> str:
        """The whole entry as Markdown."""
        syntax = "\n".join(self.syntax)
        parts = [f"```dockerfile\n{syntax}\n```", self.effect]
        if self.flags:
            parts.append("\n".join(f"- `{flag.usage}`: {flag.text}" for flag in self.flags))
        return "\n\n".join([*parts, f"Example:\n\n```dockerfile\n{self.example}\n```"])
