"""Which fields of the image config a step changed."""

from __future__ import annotations

from typing import Any

from ..oci.config import ImageConfig
from .result import ConfigChange

__all__ = ["config_changes"]

# Fields that are maps: each of their keys is shown on a line of its own.
_MAPS = ("Labels", "ExposedPorts", "Volumes")


def config_changes(before: ImageConfig | None, after: ImageConfig) -> tuple[ConfigChange, ...]:
    """The changed fields, sorted by name; all fields that are set when `before` is None."""
    old, new = (_flat(config) for config in (before, after))
    return tuple(
        ConfigChange(name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _flat(config: ImageConfig | None) -> dict[str, Any]:
    if config is None:
        return {}
    data = config.runtime.to_json()
    flat: dict[str, Any] = {"Author": config.author} if config.author else {}
    for key, value in config.runtime.environment.items():
        flat[f"Env.{key}"] = value
    for name in _MAPS:
        for key, value in data.pop(name, {}).items():
            flat[f"{name}.{key}"] = value if name == "Labels" else True
    data.pop("Env", None)
    data.pop("ArgsEscaped", None)  # always set by CMD; tells the reader nothing
    return {**flat, **data}
