"""Which variables an instruction sees, and what ARG makes of them.

Sources: BuildKit `dockerfile2llb/convert.go` (dispatchArg, metaArgs) and `platform.go`
(the predefined platform ARGs).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..dockerfile.instructions import Arg
from ..dockerfile.shell import expand, expand_heredoc, expand_words, used_variables
from ..errors import DockerfileError
from ..oci.config import Platform
from .state import BuildState

__all__ = [
    "DEFAULT_PATH",
    "PROXY_ARGS",
    "Expander",
    "declared_args",
    "global_variables",
    "platform_args",
    "proxy_environment",
    "resolve_global_arg",
    "resolve_stage_arg",
    "source_date_epoch",
]

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Need no ARG, reach RUN, and are no part of the cache key unless declared.
_PROXY_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
PROXY_ARGS = tuple(name for upper in _PROXY_NAMES for name in (upper, upper.lower()))


@dataclass
class Expander:
    """Expands variables in one instruction and remembers which were used.

    Args:
        environment: Name -> value of all that is visible.
        escape: Escape character of the file.
    """

    environment: Mapping[str, str]
    escape: str = "\\"
    used: set[str] = field(default_factory=set)

    def word(self, text: str) -> str:
        """`text` with variables expanded and quotes removed."""
        self.used |= used_variables(text, self.environment, self.escape)
        return expand(text, self.environment, self.escape)

    def body(self, text: str) -> str:
        """The body of a heredoc with variables expanded; quotes stay as they are."""
        self.used |= used_variables(text, self.environment, is_heredoc=True)
        return expand_heredoc(text, self.environment)

    def words(self, text: str) -> list[str]:
        """Like `word`, but an expansion with blanks becomes several words (EXPOSE)."""
        self.used |= used_variables(text, self.environment, self.escape)
        return expand_words(text, self.environment, self.escape)


def platform_args(build: Platform, target: Platform) -> dict[str, str]:
    """The predefined ARGs TARGETPLATFORM, BUILDARCH and so on."""
    values: dict[str, str] = {}
    for prefix, platform in (("BUILD", build), ("TARGET", target)):
        values[f"{prefix}PLATFORM"] = str(platform)
        values[f"{prefix}OS"] = platform.os
        values[f"{prefix}OSVERSION"] = ""
        values[f"{prefix}ARCH"] = platform.architecture
        values[f"{prefix}VARIANT"] = platform.variant
    return values


def resolve_global_arg(
    arg: Arg, state: BuildState, build_args: Mapping[str, str], predefined: Mapping[str, str]
) -> Arg:
    """The value of an ARG before the first FROM: the build arg, else its default expanded.

    Without either it has none, a platform ARG too: so BuildKit 0.13 does.
    """
    if arg.key in build_args:
        return Arg(arg.key, build_args[arg.key])
    if arg.value is None:
        return arg
    return Arg(arg.key, expand(arg.value, global_variables(state, predefined), state.escape))


def global_variables(state: BuildState, predefined: Mapping[str, str]) -> dict[str, str]:
    """What FROM and the ARGs before it see; an ARG without a value is set, and empty."""
    return {**predefined, **{arg.key: arg.value or "" for arg in state.global_args}}


def resolve_stage_arg(
    arg: Arg,
    expanded_default: str | None,
    state: BuildState,
    build_args: Mapping[str, str],
    predefined: Mapping[str, str],
) -> Arg:
    """The value of an ARG in a stage: build arg, else its default, else the global ARG's value."""
    if arg.key in build_args:
        return Arg(arg.key, build_args[arg.key])
    if expanded_default is not None:
        return Arg(arg.key, expanded_default)
    for declared in reversed(state.global_args):
        if declared.key == arg.key:
            return Arg(arg.key, declared.value)
    return Arg(arg.key, predefined.get(arg.key))


def declared_args(args: Iterable[Arg]) -> dict[str, str]:
    """Name -> value of the ARGs that have one; the last declaration wins."""
    return {arg.key: arg.value for arg in args if arg.value is not None}


def proxy_environment(build_args: Mapping[str, str]) -> dict[str, str]:
    """Proxy variables from the build args, which reach RUN without an ARG line.

    In capitals and in small letters, whichever was given, and before ENV and ARG of the stage
    (BuildKit's `llb.ProxyEnv`).
    """
    environment: dict[str, str] = {}
    for name in PROXY_ARGS:
        value = build_args.get(name)
        if value:
            environment |= {name.upper(): value, name.lower(): value}
    return environment


def source_date_epoch(build_args: Mapping[str, str]) -> int | None:
    """The time that the image says it was made at, in seconds since 1970; None: the real one.

    Raises:
        DockerfileError: it is no number.
    """
    text = build_args.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 12:
        raise DockerfileError(
            f'invalid SOURCE_DATE_EPOCH: "{text}"',
            rule="It is a number of seconds since 1970-01-01.",
            hint="--build-arg SOURCE_DATE_EPOCH=0",
        )
    return int(text)
