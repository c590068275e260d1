"""FROM: finds the base of a stage on the engine, in the registry, or among the stages.

Source: the first half of `toDispatchState` in BuildKit's `dockerfile2llb/convert.go`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..dockerfile.instructions import FromInstruction
from ..engines.base import Engine, Image
from ..errors import DockerfileError, UnsupportedByEngineError
from ..oci.config import ImageConfig, Platform, RuntimeConfig
from .copying import CopySource
from .named_contexts import NamedContext, find_context
from .outcome import BuildOptions
from .remote_context import Fetching
from .sources import OnPull, collect_whole
from .stage_or_image import stage_or_image
from .state import BuildState, Stage
from .variables import DEFAULT_PATH, Expander, global_variables, platform_args

__all__ = ["Base", "find_base", "parse_platform", "start_stage"]


@dataclass(frozen=True)
class Base:
    """What FROM names.

    Args:
        reference: The image name, stage name or "scratch", variables expanded.
        image: The image; None for scratch.
        stage: The earlier stage, when it is one.
        files: The files of a named context that stands for the image.
        folder: Where they are, if they are on this machine.
        made_by: What the history says of them.
        pulled: True: it was fetched for this step.
    """

    reference: str
    image: Image | None
    stage: Stage | None = None
    files: CopySource | None = None
    folder: Path | None = None
    made_by: str = ""
    pulled: bool = False

    @property
    def image_id(self) -> str:
        """For the cache key."""
        return self.image.id if self.image is not None else "scratch"


def find_base(
    instruction: FromInstruction,
    state: BuildState,
    options: BuildOptions,
    engine: Engine,
    on_pull: OnPull | None,
    fetching: Fetching,
) -> Base | None:
    """Resolves the name in FROM; pulls the image where it is not on the engine.

    Args:
        on_pull: None: nothing is fetched; the answer is None if that would be needed.

    Raises:
        DockerfileError: the name is empty after expansion.
        StageNotFoundError, ImageNotFoundError, RegistryError: it cannot be had.
    """
    predefined = platform_args(options.platform, options.platform)
    expander = Expander(global_variables(state, predefined), state.escape)
    reference = expander.word(instruction.image)
    if not reference:
        raise DockerfileError(
            f"base name ({instruction.image}) should not be blank",
            rule="FROM sees only ARGs that stand before the first FROM; ENV is not visible there.",
            hint="ARG NAME=debian:bookworm-slim above FROM, or FROM ${NAME:-debian:bookworm-slim}",
        )
    if reference == "scratch":
        return Base(reference, None)
    stage = _stage_named(reference, state)
    if stage is not None:
        image = engine.image(stage.image_id)
        return Base(reference, image or Image(stage.image_id, stage.config), stage)
    context = _in_place_of(instruction, reference, options)
    if context.image is None:
        files = collect_whole(context, reference, on_pull, fetching)
        told = f"local source for {reference}"
        if context.remote is not None:
            told = f"[context {reference}] {context.remote.shown}"
        return Base(reference, None, files=files, folder=context.folder, made_by=told)
    reference = context.image
    platform_text = expander.word(instruction.platform)
    platform = parse_platform(platform_text) if platform_text else options.platform
    if not options.pull or on_pull is None:
        image = engine.find_image(reference, platform)
        if image is not None or on_pull is None:
            return Base(reference, image) if image else None
    explicit = platform if platform_text else None
    with stage_or_image(reference, state):
        image = engine.pull(reference, explicit, on_pull(reference), fetching.cancel)
    return Base(reference, image, pulled=True)


def _in_place_of(
    instruction: FromInstruction, reference: str, options: BuildOptions
) -> NamedContext:
    """What a named context puts in the place of the image `reference`, or that image.

    Raises:
        UnsupportedByEngineError: It would take the place of the whole stage.
    """
    if instruction.stage_name in options.flags.contexts:
        raise UnsupportedByEngineError(
            f'the build context "{instruction.stage_name}" would take the place of a whole stage',
            rule="A notebook runs the cells of the stage.",
            hint="Name the context after the stage's image instead.",
        )
    return find_context(reference, options.flags.contexts) or NamedContext(reference)


def _stage_named(reference: str, state: BuildState) -> Stage | None:
    """FROM takes a stage by name only; a number is an image name there.

    BuildKit keeps stage names in lower case and, in FROM, compares without changing the case.
    """
    if reference.isdecimal() or reference != reference.lower():
        return None
    return state.find_stage(reference)


def parse_platform(text: str) -> Platform:
    """`linux/arm64/v8` -> Platform, with the usual other names of architectures."""
    aliases = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386"}
    parts = text.lower().split("/")
    if len(parts) == 1:
        parts = ["linux", parts[0]] if parts[0] != "linux" else ["linux", Platform().architecture]
    if not 2 <= len(parts) <= 3 or not all(parts):
        raise DockerfileError(
            f'invalid platform: "{text}"', hint="FROM --platform=linux/amd64 debian:bookworm-slim"
        )
    architecture = aliases.get(parts[1], parts[1])
    return Platform(parts[0], architecture, parts[2] if len(parts) == 3 else "")


def start_stage(instruction: FromInstruction, base: Base, state: BuildState) -> Stage:
    """The new stage right after FROM, before the base's triggers.

    Its config is the base's, with a PATH in Env if there is none and without the triggers. A stage
    made from a stage inherits the ARG values too (SEMANTICS line 5).
    """
    name, index = instruction.stage_name.lower(), len(state.stages)
    if base.stage is not None:
        stage = replace(base.stage, name=name, index=index, args=(), cmd_set=False)
    else:
        config = _with_path(base.image.config if base.image is not None else _scratch_config())
        environment = tuple(config.runtime.environment.items())
        image_id = base.image.id if base.image is not None else ""
        stage = Stage(name, index, image_id, config, environment)
    triggers = stage.config.runtime.onbuild
    return replace(stage.with_runtime(onbuild=()), triggers=triggers)


def _scratch_config() -> ImageConfig:
    return ImageConfig(runtime=RuntimeConfig(working_dir="/"))


def _with_path(config: ImageConfig) -> ImageConfig:
    if "PATH" in config.runtime.environment:
        return config
    return config.with_runtime(env=(*config.runtime.env, f"PATH={DEFAULT_PATH}"))
