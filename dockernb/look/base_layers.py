"""The layers of a base image as steps of their own, before those of the notebook."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from ..build.result import CacheVerdict, StepResult
from ..engines.base import OnProgress
from ..oci.diff import FilesystemDiff
from .snapshot_files import SnapshotFiles

__all__ = ["LayerStep", "number_of", "with_base_layers"]


@dataclass(frozen=True)
class LayerStep(StepResult):
    """A layer of the base image. Its `step` is 0 or less, so that it differs from all others.

    Args:
        layer: From 1, the lowest first.
        base_step: Number of the FROM that brought it.
    """

    layer: int = 0
    base_step: int = 1


def number_of(step: StepResult) -> int:
    """The number of the step; of a layer of the base image, that of FROM."""
    return step.base_step if isinstance(step, LayerStep) else step.step


def with_base_layers(
    files: SnapshotFiles,
    steps: Sequence[StepResult],
    on_progress: OnProgress,
    cancel: threading.Event,
) -> list[StepResult]:
    """The steps, with the base image's layers in the place of FROM if it has several.

    Reading them means that the engine sends the whole base image, once.

    Raises:
        LookError: its archive is not understood.
        BuildInterruptedError: `cancel` was set.
    """
    base = steps[0]
    image = files.image(base.snapshot.id) if base.snapshot is not None else None
    if image is None or len(image.config.diff_ids) < 2:
        return list(steps)
    layers = files.layers(image.id, on_progress, cancel)
    created = [entry.created_by for entry in image.config.history if not entry.empty_layer]
    texts = created if len(created) == len(layers) else [""] * len(layers)
    made = [
        LayerStep(
            instruction="FROM",
            source=text,
            stage=base.stage,
            step=number - len(layers),
            status=base.status,
            cache=CacheVerdict("off", ""),
            engine=base.engine,
            diff=FilesystemDiff(changes),
            layer=number,
            base_step=base.step,
        )
        for number, (changes, text) in enumerate(zip(layers, texts, strict=True), 1)
    ]
    return [*made, *steps[1:]]
