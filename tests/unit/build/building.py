"""Evaluates instructions one after the other without an engine, for the unit tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dockernb.build.build_flags import NO_FLAGS, BuildFlags
from dockernb.build.cache_key import CacheKey, normal_form
from dockernb.build.evaluate import evaluate
from dockernb.build.outcome import BuildOptions, Outcome
from dockernb.build.state import BuildState, Stage
from dockernb.dockerfile.instructions import Arg, Instruction
from dockernb.dockerfile.parse import parse
from dockernb.oci.config import ImageConfig, RuntimeConfig

PATH = "PATH=/bin"
IMAGE = "sha256:" + "0" * 64


def stage(name: str = "", image_id: str = IMAGE, **runtime: Any) -> Stage:
    """A stage right after FROM."""
    config = ImageConfig(runtime=RuntimeConfig(env=(PATH,), **runtime))
    return Stage(name, 0, image_id, config, tuple(config.runtime.environment.items()))


def one(text: str) -> Instruction:
    """The only instruction of `text`."""
    (instruction,) = parse(text)
    return instruction


def outcomes(
    text: str,
    *,
    start: Stage | None = None,
    others: tuple[Stage, ...] = (),
    global_args: tuple[Arg, ...] = (),
    escape: str | None = None,
    secrets: Mapping[str, bytes] | None = None,
    flags: BuildFlags = NO_FLAGS,
    **build_args: str,
) -> list[Outcome]:
    """The outcomes of the instructions of `text`, each on the state after the one before.

    Args:
        start: The stage at the beginning.
        others: Finished stages.
    """
    options = BuildOptions(build_args=build_args, secrets=secrets or {}, flags=flags)
    first = replace(start or stage(), index=len(others))
    state = BuildState(global_args, (*others, first), escape=escape or "\\")
    made = []
    for instruction in parse(text, escape=escape):
        made.append(evaluate(instruction, state, options))
        state = state.with_stage(made[-1].stage)
    return made


def last(text: str, **more: Any) -> Outcome:
    """The outcome of the last instruction of `text`."""
    return outcomes(text, **more)[-1]


def runtime(text: str, **more: Any) -> RuntimeConfig:
    """The image's runtime config after `text`."""
    return last(text, **more).stage.config.runtime


def key(
    text: str, *, parent: str = IMAGE, content: Mapping[str, str] | None = None, **more: Any
) -> CacheKey:
    """The cache key of the last instruction of `text`."""
    platform = more.pop("platform", "linux/amd64")
    outcome = last(text, **more)
    form, used = normal_form(parse(text)[-1]), outcome.used_args
    return CacheKey(parent, form, used, content or {}, platform, outcome.settings)
