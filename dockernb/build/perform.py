"""Does a step that the cache does not hold: container, command or files, diff, commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..engines.base import ContainerSpec, Engine, KeptFiles, Mount, WorkingContainer
from ..errors import (
    BuildInterruptedError,
    DockernbError,
    InstructionFailedError,
    InternalError,
)
from ..oci.config import ImageConfig
from ..oci.diff import FilesystemDiff
from ..oci.digest import short_id
from . import history
from .bind_mounts import opened_mounts
from .cache_mounts import held_caches
from .copy_content import files_in
from .copying import make_directory
from .masking import masked
from .outcome import Action, CopyFiles, MakeDirectory, Outcome, RunCommand
from .result import ContainerRecord
from .sources import Sources
from .state import Stage
from .step import Made, Step

__all__ = ["perform", "timestamp", "with_step"]

_MUCH = 50_000_000  # bytes; a smaller layer is committed before anybody wonders


@dataclass(frozen=True)
class _Work:
    """One step in its container."""

    step: Step
    outcome: Outcome
    sources: Sources
    cancel: threading.Event


def perform(  # noqa: PLR0913 - what a step takes and where it goes
    engine: Engine,
    stage: Stage,
    outcome: Outcome,
    sources: Sources,
    step: Step,
    cancel: threading.Event,
    *,
    caches: Path,
    epoch: int | None,
    keep: Callable[[str, KeptFiles], None] | None = None,
) -> Made:
    """Builds the step on top of `stage` and commits it.

    The temporary container exists for every kind of step; only RUN starts it.

    Args:
        caches: Folder for the locks of cache mounts.
        epoch: SOURCE_DATE_EPOCH: what the image says of the time of its making.
        keep: Gets the text of a RUN that failed, and what it left.

    Raises:
        InstructionFailedError: the command's exit code was not 0. Nothing was committed.
        BuildInterruptedError: `cancel` was set.
    """
    work = _Work(step, outcome, sources, cancel)
    step.enter("image", short_id(stage.image_id))
    with (
        opened_mounts(sources.mounts, sources.remotes, engine) as mounts,
        held_caches(_spec(outcome.action, stage, mounts), caches, cancel) as held,
        engine.create(stage.image_id, held) as container,
    ):
        step.container = ContainerRecord(container.id)
        step.enter("container", short_id(container.id))
        try:
            _act(work, container)
        except InstructionFailedError as error:
            if keep is not None:
                _keep_failed(work, container, error, keep)
            raise
        if cancel.is_set():
            raise BuildInterruptedError("the step was interrupted before its snapshot was taken")
        step.enter("snapshot")
        diff = container.diff() if outcome.layer else FilesystemDiff()
        if diff.bytes >= _MUCH:
            step.watch(cancel).say("snapshot", f"committing {diff.bytes / 1e6:,.0f} MB")
        config = with_step(outcome.stage.config, outcome.created_by, epoch, layer=outcome.layer)
        image = container.commit(config, layer=outcome.layer)
        step.enter("removed", short_id(container.id))
    return Made(image.id, image.config, image.size, diff)


def _spec(action: Action, stage: Stage, mounts: tuple[Mount, ...]) -> ContainerSpec:
    if isinstance(action, RunCommand):
        return replace(action.spec, mounts=mounts)
    return ContainerSpec(platform=stage.config.platform)


def _act(work: _Work, container: WorkingContainer) -> None:
    action, step = work.outcome.action, work.step
    if isinstance(action, RunCommand):
        step.enter("run")
        with masked(step.output, action.spec) as on_output:
            code = container.run(on_output, work.cancel)
        step.warnings += container.warnings
        step.container = replace(step.container or ContainerRecord(container.id), exit_code=code)
        if code != 0:
            raise _failed(step, action.spec, code, container.warnings)
    elif isinstance(action, CopyFiles):
        if work.sources.files is None:
            raise InternalError("COPY without collected sources")
        is_image = action.source.image is not None
        step.enter("run", "" if is_image else files_in(work.sources.files.content))
        watch = step.watch(work.cancel)
        step.warnings += work.sources.files.apply(container, action.request, watch)
    elif isinstance(action, MakeDirectory):
        step.enter("run", action.path)
        step.warnings += make_directory(container, action.path, action.owner)


def _keep_failed(
    work: _Work,
    container: WorkingContainer,
    error: InstructionFailedError,
    keep: Callable[[str, KeptFiles], None],
) -> None:
    """Keeps the files for a reader. What goes wrong here never hides why the step failed."""
    step = work.step
    note = f"{work.outcome.created_by} # failed with exit code {error.command_exit_code}"
    try:
        stage, layer = work.outcome.stage, work.outcome.layer
        files = container.keep(with_step(stage.config, note, None, layer=layer))
    except DockernbError as fault:
        step.warnings.append(f"what the step left could not be kept: {fault.message}")
        return
    keep(step.source, files)
    step.container = replace(step.container or ContainerRecord(container.id), removed=False)
    looked = "To look into what it left: `%terminal --failed` or `%%shell --failed`"
    error.hint = f"{error.hint}\n{looked}" if error.hint else looked


def _failed(
    step: Step, spec: ContainerSpec, code: int, warnings: Sequence[str]
) -> InstructionFailedError:
    hints = {
        126: "The command was found but may not be executed: look at its mode with `ls -l`.",
        127: "The command was not found in this snapshot: install it in a cell above, "
        "or correct its name.",
        137: "The command was killed (signal 9), perhaps because memory ran out.",
    }
    # What the command was not given may be why it failed.
    told = [text[:1].upper() + text[1:] for text in warnings]
    hint = "\n".join([*told, hints.get(code, "Correct the cell and run it again.")])
    return InstructionFailedError(
        f"{step.instruction.name} ended with exit code {code}",
        exit_code=code,
        output_tail=step.log.tail_text(),
        hint=hint,
        rule=f"started from snapshot {short_id(step.parent_id or '')} as {spec.user or 'root'}"
        f" in {spec.working_dir}",
    )


def with_step(
    config: ImageConfig, created_by: str | None, epoch: int | None, *, layer: bool = True
) -> ImageConfig:
    """The config to commit, with a step in its history.

    Args:
        created_by: See `Outcome`.
        epoch: SOURCE_DATE_EPOCH; None: the time is now.
    """
    now, entries = timestamp(epoch), config.history
    if created_by is not None:
        new = history.entry(created_by, created=now, empty_layer=not layer)
        entries = (*entries, new)
    return replace(config, created=now, history=entries)


def timestamp(epoch: int | None = None) -> str:
    """Now, as RFC 3339 in UTC, as builders write it: with nanoseconds, or `epoch` in seconds."""
    if epoch is not None:
        return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%S}Z"
    nanoseconds = time.time_ns()
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 1_000_000_000:09d}Z"
