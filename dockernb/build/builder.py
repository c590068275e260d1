"""Builds one instruction: expand, probe the cache, create the container, run, diff, commit, remove.

`Builder.build` is the only way a snapshot is made. It holds nothing of the notebook: a state goes
in, a state comes out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..dockerfile.instructions import ArgInstruction, FromInstruction, Instruction
from ..dockerfile.parse import parse
from ..engines.base import ContainerSpec, Engine, OnProgress, Progress
from ..errors import DockernbError, NoStageError
from ..oci.config import ImageConfig
from ..oci.diff import FilesystemDiff
from ..oci.digest import short_id
from .base_image import Base, find_base, start_stage
from .cache import BuildCache, CachedStep
from .cache_key import CacheKey, normal_form
from .context import BuildContext
from .context_read import ContextRead, context_read
from .downloads import Downloads
from .evaluate import evaluate
from .events import BuildEvent, Listener, PullProgressed
from .outcome import BuildOptions, Outcome
from .perform import perform, with_step
from .remote_context import Fetching
from .result import CacheVerdict, StepResult
from .sources import WHOLE, OnPull, Sources, collect_sources
from .state import BuildState, Stage
from .step import Made, Step
from .variables import declared_args, platform_args, resolve_global_arg, source_date_epoch
from .verdict import hit_verdict, miss_verdict

__all__ = ["Builder"]


@dataclass(frozen=True)
class Builder:
    """Builds instructions on one engine, with one cache and one build context.

    Args:
        cells: The notebook's cells as far as they are known: a miss is explained by their steps.
    """

    engine: Engine
    cache: BuildCache
    context: BuildContext
    options: BuildOptions
    cells: tuple[str, ...] = ()

    def build(
        self,
        instruction: Instruction,
        source: str,
        state: BuildState,
        *,
        cell_id: str | None,
        listener: Listener,
        cancel: threading.Event,
        warnings: tuple[str, ...] = (),
    ) -> tuple[BuildState, list[StepResult]]:
        """Builds one instruction after `state`.

        Args:
            source: The instruction's text as the reader wrote it.
            warnings: What is odd about the text.

        Returns:
            The state afterwards, and a result a step: one, or for FROM one more a trigger.

        Raises:
            DockernbError: the step failed; its `StepFinished` was sent; `state` still stands.
        """
        step = Step(instruction, source, state, self.options.engine_name, cell_id, listener)
        step.warnings += self.cache.take_warnings()
        step.warnings += (*warnings, *_ignored(instruction))
        with step.guarded(cancel):
            after = self._advance(step, cancel, _announced(step))
        assert after is not None  # noqa: S101  (what the cache does not hold was built)
        assert step.result is not None  # noqa: S101
        results = [step.result]
        after, triggers = _take_triggers(after)
        for trigger in triggers:
            after, more = self.build(
                trigger,
                f"ONBUILD {trigger.original}",
                after,
                cell_id=cell_id,
                listener=listener,
                cancel=cancel,
            )
            results += more
        return after, results

    def replay(
        self,
        instruction: Instruction,
        state: BuildState,
        *,
        cell_id: str | None,
        cancel: threading.Event,
        note: Callable[[Step], None],
    ) -> BuildState | None:
        """The state after `instruction` if the cache holds its step, else None. Builds nothing.

        Args:
            note: Gets each step that was looked for: its verdict and what it read are known then.
        """
        step = Step(instruction, "", state, "", cell_id, _nobody)
        after = self._advance(step, cancel, None)
        note(step)
        if after is None:
            return None
        after, triggers = _take_triggers(after)
        for trigger in triggers:
            next_state = self.replay(trigger, after, cell_id=cell_id, cancel=cancel, note=note)
            if next_state is None:
                return None
            after = next_state
        return after

    def lives(self, state: BuildState) -> bool:
        """Whether the engine still has the snapshots that instructions after `state` may need."""
        ids = {stage.image_id for stage in state.stages if not stage.missing}
        return all(self.engine.image(image_id) is not None for image_id in ids)

    def _advance(
        self, step: Step, cancel: threading.Event, on_pull: OnPull | None
    ) -> BuildState | None:
        """One step. `on_pull` None: only from the cache, else None is returned."""
        instruction, state = step.instruction, step.state
        if isinstance(instruction, FromInstruction):
            stages = self._from(instruction, step, cancel, on_pull)
        elif state.stage is not None:
            stage = self._in_stage(state.stage, step, cancel, on_pull)
            stages = None if stage is None else (*state.stages[:-1], stage)
        elif isinstance(instruction, ArgInstruction):
            return replace(self._global_arg(instruction, step), step=step.number)
        else:
            raise NoStageError(
                f"{instruction.name} before any FROM",
                rule="A build begins with FROM; only ARG may stand before it.",
                hint="Put a cell like `FROM debian:bookworm-slim` first.",
            )
        return None if stages is None else replace(state, stages=stages, step=step.number)

    # --- an instruction in a stage ---------------------------------------------------------------
    def _in_stage(
        self,
        stage: Stage,
        step: Step,
        cancel: threading.Event,
        on_pull: OnPull | None,
    ) -> Stage | None:
        outcome = evaluate(step.instruction, step.state, self.options)
        step.warnings += outcome.warnings
        sources = collect_sources(
            outcome.action,
            self.engine,
            self.context,
            step.state,
            on_pull,
            self._fetching(step, cancel),
        )
        if sources is None:
            step.verdict = _to_fetch("an image")
            return None
        step.read = context_read(outcome.action, sources.content, self.context.root)
        key = self._key(step, stage, outcome, sources)
        cached = self._probe(key, step)
        if cached is not None:
            step.succeed_from_cache(cached)
            return _with_image(outcome.stage, cached.image_id, cached.image_config)
        if on_pull is None:
            return None
        made = perform(
            self.engine, stage, outcome, sources, step, cancel,
            caches=self.cache.folder / "locks", epoch=self._epoch, keep=self.options.keep_failed,
        )  # fmt: skip
        return self._keep(key, made, outcome.stage, step)

    @property
    def _epoch(self) -> int | None:
        return source_date_epoch(self.options.build_args)

    def _fetching(self, step: Step, cancel: threading.Event) -> Fetching:
        known = Downloads(self.cache.folder / "downloads")
        return Fetching(known, self.options.git_access, cancel, step.watch(cancel))

    def _key(self, step: Step, stage: Stage, outcome: Outcome, sources: Sources) -> CacheKey:
        return CacheKey(
            parent=stage.image_id,
            instruction=normal_form(step.instruction),
            args=outcome.used_args,
            content=sources.content,
            platform=str(stage.config.platform),
            settings={**outcome.settings, **self._settings()},
        )

    def _settings(self) -> dict[str, str]:
        """What stands in the config of every image that is made."""
        return {} if self._epoch is None else {"SOURCE_DATE_EPOCH": str(self._epoch)}

    # --- the cache -------------------------------------------------------------------------------
    def _probe(self, key: CacheKey, step: Step) -> CachedStep | None:
        """The cached step if its snapshot still exists; sets the step's verdict either way."""
        if not self.options.use_cache:
            step.verdict = CacheVerdict("off", "the cache is switched off")
            return None
        cached = self.cache.get(key)
        if cached is not None and self.engine.image(cached.image_id) is None:
            self.cache.forget(key, cached.image_id)
            lost = f"snapshot {short_id(cached.image_id)} was removed from the engine"
            step.verdict = CacheVerdict("miss", lost, (lost,))
            return None
        if cached is not None:
            step.verdict = hit_verdict(key)
            return cached
        step.verdict = miss_verdict(
            key, self.cache.nearest(key, step.cell_id, self.cells), self.context.explain
        )
        return None

    def _keep(self, key: CacheKey, made: Made, stage: Stage, step: Step) -> Stage:
        """Ends a built step: first the cache, then the reader is told.

        A cache that cannot be written costs a later rebuild, not this snapshot.
        """
        result = step.completed(made)
        try:
            self.cache.put(key, _cached_step(made, result), step.cell_id)
        except DockernbError as error:
            warning = f"this step is not in the cache: {error.message}"
            result = replace(result, warnings=(*result.warnings, warning))
        step.announce(result)
        return _with_image(stage, made.image_id, made.config)

    # --- FROM ------------------------------------------------------------------------------------
    def _from(
        self,
        instruction: FromInstruction,
        step: Step,
        cancel: threading.Event,
        on_pull: OnPull | None,
    ) -> tuple[Stage, ...] | None:
        base = find_base(
            instruction,
            step.state,
            self.options,
            self.engine,
            on_pull,
            self._fetching(step, cancel),
        )
        if base is None:
            step.verdict = _to_fetch(instruction.image)
            return None
        stage = start_stage(instruction, base, step.state)
        content = base.files.content if base.files else {base.reference: base.image_id}
        key = CacheKey(
            "",
            normal_form(replace(instruction, stage_name="")),
            content=content,
            platform=str(stage.config.platform),
            settings=self._settings() if base.files else {},
        )
        if base.files is not None and base.folder is not None:
            step.read = ContextRead(WHOLE, content, base.folder)
        cached = None if base.pulled else self._probe(key, step)
        if base.pulled:
            step.verdict = CacheVerdict("miss", f"{base.reference} was pulled", ("pulled",))
        if cached is not None:
            step.succeed_from_cache(cached)
            stage = _with_image(stage, cached.image_id, cached.image_config)
        elif on_pull is None:
            return None
        else:
            step.enter("image", base.reference)
            stage = self._keep(key, self._base_snapshot(base, stage), stage, step)
        return (*step.state.stages, stage)

    def _base_snapshot(self, base: Base, stage: Stage) -> Made:
        """The base itself, or, where a stage starts with another config, an image with that one."""
        if base.image is None:
            image, diff = self.engine.scratch(stage.config), FilesystemDiff()
            if base.files is not None:
                config = with_step(stage.config, base.made_by, self._epoch)
                with self.engine.create(image.id, ContainerSpec()) as container:
                    base.files.apply(container, WHOLE)
                    diff = container.diff()
                    image = container.commit(config, layer=True)
            return Made(image.id, image.config, image.size, diff)
        image = base.image
        if image.config != stage.config:
            with self.engine.create(image.id, ContainerSpec()) as container:
                image = container.commit(stage.config, layer=False)
        return Made(image.id, image.config, image.size)

    # --- before the first FROM -------------------------------------------------------------------
    def _global_arg(self, instruction: ArgInstruction, step: Step) -> BuildState:
        state = step.state
        predefined = platform_args(self.options.platform, self.options.platform)
        for declared in instruction.args:
            arg = resolve_global_arg(declared, state, self.options.build_args, predefined)
            state = replace(state, global_args=(*state.global_args, arg))
        step.verdict = CacheVerdict("off", "an ARG before FROM makes no snapshot")
        values = declared_args(state.global_args[len(step.state.global_args) :])
        step.facts += [f"{name}={value}" for name, value in values.items()]
        step.succeed_without_snapshot()
        return state


def _ignored(instruction: Instruction) -> tuple[str, ...]:
    if not instruction.ignored:
        return ()
    warning = (
        f'"{instruction.ignored}" after the "]" has no effect, as in Docker 26.1. Newer builders '
        "take the whole line for the shell form: remove it"
    )
    return (warning,)


def _to_fetch(name: str) -> CacheVerdict:
    reason = f"{name} is not on the engine: it would be fetched first"
    return CacheVerdict("miss", reason, (reason,))


def _announced(step: Step) -> OnPull:
    """Tells the listener of `step` what is fetched and how far it is."""

    def begin(name: str) -> OnProgress:
        step.enter("pull", name)

        def tell(progress: Progress) -> None:
            step.listener(PullProgressed(progress))

        return tell

    return begin


def _cached_step(made: Made, result: StepResult) -> CachedStep:
    return CachedStep(
        image_id=made.image_id,
        image_config=made.config,
        size=made.size,
        exit_code=result.container.exit_code if result.container else None,
        log=result.log,
        diff=made.diff,
        config=result.config,
        seconds=result.seconds["total"],
        built_at=time.time(),
    )


def _take_triggers(state: BuildState) -> tuple[BuildState, tuple[Instruction, ...]]:
    """The ONBUILD instructions that follow FROM, and the state in which they are done."""
    stage = state.stage
    if stage is None or not stage.triggers:
        return state, ()
    triggers = tuple(trigger for text in stage.triggers for trigger in parse(text))
    return state.with_stage(replace(stage, triggers=())), triggers


def _with_image(stage: Stage, image_id: str, config: ImageConfig) -> Stage:
    return replace(stage, image_id=image_id, config=config)


def _nobody(event: BuildEvent) -> None:
    """The listener of a replay."""
