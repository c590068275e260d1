"""`image`: the size of the snapshot and the number of its layers."""

from __future__ import annotations

from dataclasses import dataclass

from .subject import Finding, Subject
from .table import Table

__all__ = ["ImageRule"]


@dataclass(frozen=True)
class ImageRule:
    """Limits; None: no limit.

    Args:
        below: Bytes of all layers together, the base image's included.
        layers: Layers that the steps since FROM may have made.
    """

    below: int | None = None
    layers: int | None = None

    @classmethod
    def read(cls, table: Table) -> ImageRule:
        """The rule that a table says."""
        below = table.bytes("size_below")
        layers = table.number("layers_at_most", 0) if table.has("layers_at_most") else None
        if below is None and layers is None:
            raise table.error("", "a limit is missing: size_below, layers_at_most")
        return cls(below, layers)

    def examine(self, subject: Subject) -> Finding:
        """Compares with the limits."""
        size = f"the image has {subject.image.size / 1e6:.1f} MB"
        if self.below is not None and subject.image.size >= self.below:
            return Finding(False, size)
        own = subject.image.config.history[subject.base_history :]
        layers = sum(not entry.empty_layer for entry in own)
        if self.layers is not None and layers > self.layers:
            return Finding(False, f"the steps made {layers} layers")
        return Finding(True, size)
