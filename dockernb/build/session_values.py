"""What a session is given and gives: its settings, a cell's text, what names mean after a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .build_flags import NO_FLAGS, BuildFlags
from .state import BuildState

__all__ = ["CellText", "Scope", "SessionOptions", "scope_of"]


@dataclass(frozen=True)
class CellText:
    """A code cell of the notebook as it is known: its ID and text (magics included)."""

    id: str
    source: str


@dataclass(frozen=True)
class SessionOptions:
    """Settings of a session.

    Args:
        engine: "docker" or "embedded"; None: the first that answers.
        context: Root of the build context.
        build_args: Values for ARG, as `--build-arg`.
        secrets: Secret ID -> content.
        flags: Other flags of `docker build`.
        use_cache: False: every step is built.
        pull: True: FROM asks the registry even if the image is there.
        prepare: True: a reader types between the cells, and the engine may use that time to make
            the next RUN ready.
        keep_failed: True: the files that a failed RUN left are kept until its cell runs again.
    """

    engine: str | None = None
    context: Path = Path()
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    flags: BuildFlags = NO_FLAGS
    use_cache: bool = True
    pull: bool = False
    prepare: bool = False
    keep_failed: bool = False


@dataclass(frozen=True)
class Scope:
    """What names mean after a cell: for completion, help and the status line.

    Args:
        stages: Names (or numbers as text) of the stages, in order; the last is the current one.
        variables: ENV and ARG values that an instruction would see.
        snapshot: Image ID of the current snapshot; None before any FROM.
    """

    stages: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    snapshot: str | None = None
    user: str = ""
    working_dir: str = ""


def scope_of(state: BuildState) -> Scope:
    """What names mean in a state."""
    stage = state.stage
    if stage is None:
        return Scope(variables={arg.key: arg.value or "" for arg in state.global_args})
    runtime = stage.config.runtime
    return Scope(
        stages=tuple(each.label for each in state.stages),
        variables=stage.variables,
        snapshot=stage.image_id,
        user=runtime.user,
        working_dir=runtime.working_dir or "/",
    )
