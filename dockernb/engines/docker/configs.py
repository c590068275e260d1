"""Image configs as the daemon tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dockernb.oci.config import HistoryEntry, ImageConfig, Platform

__all__ = ["from_inspect"]


def from_inspect(inspected: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> ImageConfig:
    """The config from GET /images/{id}/json and /images/{id}/history.

    All of it is exact but two things, which the API does not tell: the fractions of seconds in the
    history's times, and which of its entries made an empty layer (a guess by their sizes).
    """
    layers = tuple((inspected.get("RootFS") or {}).get("Layers") or ())
    config = ImageConfig(
        platform=Platform(
            inspected.get("Os") or "linux",
            inspected.get("Architecture") or "amd64",
            inspected.get("Variant") or "",
        ),
        author=inspected.get("Author") or "",
        created=inspected.get("Created") or "",
        diff_ids=layers,
        history=_history(history, len(layers)),
    )
    runtime = ImageConfig.from_json({"config": inspected.get("Config")}).runtime
    return replace(config, runtime=runtime)


def _history(newest_first: Sequence[Mapping[str, Any]], layers: int) -> tuple[HistoryEntry, ...]:
    entries = list(reversed(newest_first))
    # As many entries as layers have made one: those with a size first, then the latest of the rest.
    order = sorted(range(len(entries)), key=lambda at: (not entries[at].get("Size"), -at))
    with_layer = set(order[:layers])
    return tuple(
        HistoryEntry(
            created=_time(entry.get("Created") or 0),
            created_by=entry.get("CreatedBy") or "",
            comment=entry.get("Comment") or "",
            empty_layer=at not in with_layer,
        )
        for at, entry in enumerate(entries)
    )


def _time(seconds: int) -> str:
    if seconds <= 0:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
