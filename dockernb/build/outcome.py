"""What an instruction wants done: the seam between evaluating it and doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..engines.base import ContainerSpec, KeptFiles
from ..errors import DockerfileError
from ..oci.config import Platform
from .build_flags import NO_FLAGS, BuildFlags
from .copy_request import CopyRequest
from .git_program import GitAccess
from .named_contexts import BUILD_CONTEXT, NamedContext, find_context
from .state import BuildState, Stage
from .variables import Expander

__all__ = [
    "Action",
    "BuildOptions",
    "CopyFiles",
    "Frame",
    "MakeDirectory",
    "NoAction",
    "Outcome",
    "RunCommand",
]


@dataclass(frozen=True)
class BuildOptions:
    """What the reader sets from outside: the flags of `docker build`.

    Args:
        platform: Platform of the machine that builds, and of the images if FROM says nothing else.
        secrets: Secret ID -> content; never part of a key, a log or a result.
        keep_failed: Gets the text of a RUN that failed, and the files that it left; None: they go.
    """

    engine_name: str = ""
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    flags: BuildFlags = NO_FLAGS
    platform: Platform = field(default_factory=Platform)
    use_cache: bool = True
    pull: bool = False
    keep_failed: Callable[[str, KeptFiles], None] | None = None

    @property
    def git_access(self) -> GitAccess:
        """What git may use where a repository is private."""
        return GitAccess(self.secrets, self.flags.ssh.get("default", ""))


@dataclass(frozen=True)
class NoAction:
    """Only the image config changes."""


@dataclass(frozen=True)
class RunCommand:
    """Run `spec.command` in the container.

    Args:
        contexts: Number of a bind mount -> the context whose files it shows.
    """

    spec: ContainerSpec
    contexts: Mapping[int, NamedContext] = field(default_factory=dict)


@dataclass(frozen=True)
class CopyFiles:
    """Put files into the container.

    Args:
        source: Whose files.
        from_name: The stage, image or named context as the reader wrote it.
    """

    request: CopyRequest
    source: NamedContext = BUILD_CONTEXT
    from_name: str = ""


@dataclass(frozen=True)
class MakeDirectory:
    """Make `path` and its missing parents (0755) for the user `owner` ("" is root)."""

    path: str
    owner: str = ""


Action = NoAction | RunCommand | CopyFiles | MakeDirectory


@dataclass(frozen=True)
class Outcome:
    """The result of evaluating one instruction.

    Args:
        stage: The stage afterwards; its image and layers are still the ones before.
        action: What happens to the file system.
        created_by: Text of the history entry; None: the instruction leaves none (ONBUILD).
        layer: True: the step makes a layer, even an empty one.
        used_args: Build args that the result depends on, with their values; for the cache key.
        settings: Other options of the build that it depends on, likewise.
    """

    stage: Stage
    action: Action
    created_by: str | None
    layer: bool = False
    used_args: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass
class Frame:
    """What evaluating one instruction may look at."""

    state: BuildState
    stage: Stage
    options: BuildOptions
    expander: Expander

    def other_source(self, name: str, *, numbers: bool) -> NamedContext:
        """What `--from=name` and `from=name` mean: another stage's snapshot, a named context, or
        else an image.

        Args:
            numbers: Whether a stage may be named by its number: by --from, not by from=.

        Raises:
            DockerfileError: it is the stage in which the instruction stands, or holds a variable.
        """
        if "$" in name:
            raise DockerfileError(
                f'"{name}" is taken as it stands: --from knows no variables',
                rule="It names a stage, the number of a stage, or an image.",
                hint="Name the image above, `FROM $NAME AS source`, and write --from=source.",
            )
        found = self.state.find_stage(name) if numbers or not name.isdecimal() else None
        if found is None:
            return find_context(name, self.options.flags.contexts) or NamedContext(name)
        if found is self.state.stage:
            raise DockerfileError(
                f'stage "{found.label}" cannot take files from itself',
                rule="--from and from= name another stage, above this one, or an image.",
                hint="Within a stage copy with RUN: `RUN cp -a SOURCE DESTINATION`.",
            )
        return NamedContext(found.image_id)

    def metadata(self, stage: Stage, created_by: str | None) -> Outcome:
        """The outcome of an instruction that changes only the config."""
        return Outcome(stage, NoAction(), created_by, used_args=self.used_args())

    def metadata_runtime(self, created_by: str, **changes: Any) -> Outcome:
        """Like `metadata`, with the changed fields of the runtime config."""
        return self.metadata(self.stage.with_runtime(**changes), created_by)

    def used_args(self) -> dict[str, str]:
        """The ARGs that an expansion of this instruction used, with their values."""
        return {
            name: value
            for name, value in self.stage.arg_values.items()
            if name in self.expander.used
        }
