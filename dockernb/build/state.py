"""What a build knows between two instructions. Immutable: every step makes a new state.

A `BuildState` is all that the next instruction depends on, so two cells with equal states before
them and equal text make the same step. Modelled on BuildKit's `dispatchState`
(dockerfile2llb/convert.go).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..dockerfile.instructions import Arg
from ..errors import CellsNotRunError, MissingCell, StageNotFoundError
from ..oci.config import ImageConfig

__all__ = ["BuildState", "Stage"]

Environment = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Stage:
    """One stage, as it is after its newest instruction.

    Args:
        name: From `AS name`, in lower case; "" when it has none.
        image_id: The current snapshot.
        config: Config of the current snapshot, or, right after a FROM with triggers, without them.
        environment: What an instruction sees: ENV and ARG merged in the order of the lines, the
            later line winning, as BuildKit does it (SEMANTICS line 4).
        args: The ARGs declared so far, with their values; for history and the cache key.
        cmd_set: CMD stands in this stage, so that ENTRYPOINT does not reset it.
        triggers: ONBUILD instructions of the base that still have to run; only right after FROM.
        missing: Not empty: these cells must run before the stage can be used; then there is no
            snapshot, and `image_id` is "".
    """

    name: str
    index: int
    image_id: str
    config: ImageConfig
    environment: Environment = ()
    args: tuple[Arg, ...] = ()
    cmd_set: bool = False
    triggers: tuple[str, ...] = ()
    missing: tuple[MissingCell, ...] = ()

    @property
    def label(self) -> str:
        """Name for the reader: the stage's name, or its number."""
        return self.name or str(self.index)

    @cached_property
    def variables(self) -> dict[str, str]:
        """`environment` as a dict."""
        return dict(self.environment)

    @cached_property
    def arg_values(self) -> dict[str, str]:
        """The variables that come from ARG lines, also of a parent stage: those not in Env."""
        env = self.config.runtime.environment
        return {key: value for key, value in self.environment if env.get(key) != value}

    def with_variable(self, key: str, value: str) -> Stage:
        """A copy in which `key` has `value`; its place in the order stays if it was there."""
        merged = dict(self.environment)
        merged[key] = value
        return replace(self, environment=tuple(merged.items()))

    def with_runtime(self, **changes: Any) -> Stage:
        """A copy with fields of the image's runtime config replaced."""
        return replace(self, config=self.config.with_runtime(**changes))


@dataclass(frozen=True)
class BuildState:
    """The state of a whole build.

    Args:
        global_args: ARGs before the first FROM, with their values.
        stages: Finished stages and, last, the current one.
        step: Number of instructions done.
        escape: Escape character of the Dockerfile (`# escape=` of its first lines).
        begun: There is text above, if only a comment: parser directives do not count any more.
        missing: Cells before the first FROM whose result is not there.
    """

    global_args: tuple[Arg, ...] = ()
    stages: tuple[Stage, ...] = ()
    step: int = 0
    escape: str = "\\"
    begun: bool = False
    missing: tuple[MissingCell, ...] = ()

    @property
    def stage(self) -> Stage | None:
        """The current stage; None before the first FROM."""
        return self.stages[-1] if self.stages else None

    def with_stage(self, stage: Stage) -> BuildState:
        """A copy in which the current stage is `stage`."""
        return replace(self, stages=(*self.stages[:-1], stage))

    def find_stage(self, name: str) -> Stage | None:
        """The finished or current stage with this name (any case) or number.

        Raises:
            CellsNotRunError: the stage is there, but cells of it must run first.
        """
        lowered = name.lower()
        named = [stage for stage in self.stages if stage.name and stage.name == lowered]
        if not named and name.isdecimal():
            named = list(self.stages[int(name) : int(name) + 1])
        if named and named[-1].missing:
            raise CellsNotRunError(named[-1].missing)
        return named[-1] if named else None

    def need_stage(self, name: str) -> Stage:
        """Like `find_stage`, but raises `StageNotFoundError` that lists the stages."""
        stage = self.find_stage(name)
        if stage is None:
            known = ", ".join(f'"{stage.label}"' for stage in self.stages) or "none"
            raise StageNotFoundError(
                f'there is no stage "{name}"', rule=f"stages of this notebook: {known}"
            )
        return stage

    @cached_property
    def token(self) -> str:
        """Digest of everything in the state: equal tokens mean equal results below."""
        values = {
            "global_args": [[arg.key, arg.value] for arg in self.global_args],
            "escape": self.escape,
            "stages": [
                {
                    "name": stage.name,
                    "image": stage.image_id,
                    "onbuild": stage.config.runtime.onbuild,
                    "environment": stage.environment,
                    "args": [[arg.key, arg.value] for arg in stage.args],
                    "cmd_set": stage.cmd_set,
                }
                for stage in self.stages
            ],
        }
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
