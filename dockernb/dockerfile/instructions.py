"""The 18 instructions as typed, immutable values. Pure data; `parse` makes them from text.

Variables are not expanded here: the fields hold the text as written (after quote and heredoc
handling as BuildKit's `instructions` package does it). Line numbers count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "AddInstruction",
    "Arg",
    "ArgInstruction",
    "CmdInstruction",
    "CommandLine",
    "CopyInstruction",
    "EntrypointInstruction",
    "EnvInstruction",
    "ExposeInstruction",
    "FromInstruction",
    "HealthcheckInstruction",
    "Heredoc",
    "Instruction",
    "KeyValue",
    "LabelInstruction",
    "Lines",
    "MaintainerInstruction",
    "MountOption",
    "OnbuildInstruction",
    "RunInstruction",
    "ShellInstruction",
    "StopsignalInstruction",
    "UserInstruction",
    "VolumeInstruction",
    "WorkdirInstruction",
]


@dataclass(frozen=True)
class Lines:
    """First and last line (inclusive, from 1) of an instruction in its source."""

    start: int
    end: int


@dataclass(frozen=True)
class Heredoc:
    """`<<NAME` ... `NAME` in RUN, COPY or ADD.

    Args:
        content: The body, each line with its newline; tabs already stripped for `<<-`.
        expand: False when the word was quoted: variables are then left alone.
        marker: The word as written, with `<<`, quotes and file descriptor, for example `<<-'EOF'`.
        raw: The body as written, before tabs are stripped (RUN passes the heredoc on to the shell).
    """

    name: str
    content: str
    expand: bool = True
    chomp: bool = False
    file_descriptor: int = 0
    marker: str = ""
    raw: str = ""


@dataclass(frozen=True)
class KeyValue:
    """`key=value`, or the old form `key value` (`no_delimiter`)."""

    key: str
    value: str
    no_delimiter: bool = False


@dataclass(frozen=True)
class Arg:
    """`ARG key[=value]`; value None: no default.

    Args:
        comment: What a comment line `# key ...` above the ARG says of it.
    """

    key: str
    value: str | None = None
    comment: str = ""


@dataclass(frozen=True)
class CommandLine:
    """The command of RUN, CMD, ENTRYPOINT or HEALTHCHECK.

    Args:
        args: Shell form: one string. Exec form: the words of the JSON array.
        shell_form: True: the SHELL in force goes before `args`.
        heredocs: RUN only.
    """

    args: tuple[str, ...] = ()
    shell_form: bool = False
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(frozen=True)
class MountOption:
    """One `--mount=` of RUN, checked; values not expanded.

    Args:
        kind: bind, cache, tmpfs, secret or ssh; "" while the type holds a variable
            (`mounts.expand_mount` settles it).
        options: All `key=value` as written, keys in lower case; flags without value hold "true".
    """

    kind: str
    options: tuple[tuple[str, str], ...] = ()

    def get(self, *keys: str, default: str = "") -> str:
        """Value of the first of `keys` that is set."""
        for key, value in self.options:
            if key in keys:
                return value
        return default


@dataclass(frozen=True)
class Instruction:
    """What all instructions have.

    Args:
        original: The instruction on one line: continuation lines joined, comments dropped,
            without heredoc bodies; as BuildKit's `Node.Original`.
        lines: Where it stands in the parsed text.
        comments: The comment lines right above it, without `#` and leading blanks.
        ignored: What stands after the JSON array of its arguments, and has no effect.
    """

    original: str
    lines: Lines
    comments: tuple[str, ...] = field(default=(), kw_only=True)
    ignored: str = field(default="", kw_only=True)

    @property
    def name(self) -> str:
        """Upper-case name of the instruction, for example "RUN"."""
        return type(self).__name__.removesuffix("Instruction").upper()


@dataclass(frozen=True)
class FromInstruction(Instruction):
    """FROM [--platform=<platform>] <image> [AS <name>]"""

    image: str = ""
    stage_name: str = ""
    platform: str = ""


@dataclass(frozen=True)
class RunInstruction(Instruction):
    """RUN [--mount=...] [--network=...] [--security=...] <command> | ["executable"...] | <<EOF"""

    command: CommandLine = CommandLine()
    mounts: tuple[MountOption, ...] = ()
    network: str = "default"
    security: str = "sandbox"
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class CmdInstruction(Instruction):
    """CMD ["executable", "arg"...] | CMD <command>"""

    command: CommandLine = CommandLine()


@dataclass(frozen=True)
class EntrypointInstruction(Instruction):
    """ENTRYPOINT ["executable", "arg"...] | ENTRYPOINT <command>"""

    command: CommandLine = CommandLine()


@dataclass(frozen=True)
class ShellInstruction(Instruction):
    """SHELL ["executable", "arg"...]"""

    shell: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelInstruction(Instruction):
    """LABEL <key>=<value>..."""

    labels: tuple[KeyValue, ...] = ()


@dataclass(frozen=True)
class EnvInstruction(Instruction):
    """ENV <key>=<value>..."""

    variables: tuple[KeyValue, ...] = ()


@dataclass(frozen=True)
class ArgInstruction(Instruction):
    """ARG <name>[=<default>]..."""

    args: tuple[Arg, ...] = ()


@dataclass(frozen=True)
class MaintainerInstruction(Instruction):
    """MAINTAINER <name>"""

    maintainer: str = ""


@dataclass(frozen=True)
class ExposeInstruction(Instruction):
    """EXPOSE <port>[/<protocol>]..."""

    ports: tuple[str, ...] = ()


@dataclass(frozen=True)
class CopyInstruction(Instruction):
    """COPY [--from=...] [--chown=...] [--chmod=...] [--link] [--parents] <src>... <dest>

    Args:
        sources: Paths; without the heredocs.
        heredocs: `COPY <<EOF ...`: files made from text; `name` is the source path.
    """

    sources: tuple[str, ...] = ()
    destination: str = ""
    heredocs: tuple[Heredoc, ...] = ()
    from_image: str = ""
    chown: str = ""
    chmod: str = ""
    link: bool = False
    parents: bool = False
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddInstruction(Instruction):
    """ADD [--checksum=...] [--keep-git-dir] [--unpack] [--chown=...] <src>... <dest>

    `keep_git_dir` and `unpack` are None when the flag is not given.
    """

    sources: tuple[str, ...] = ()
    destination: str = ""
    heredocs: tuple[Heredoc, ...] = ()
    checksum: str = ""
    keep_git_dir: bool | None = None
    unpack: bool | None = None
    chown: str = ""
    chmod: str = ""
    link: bool = False
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True)
class VolumeInstruction(Instruction):
    """VOLUME <path>... | ["path"...]"""

    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class UserInstruction(Instruction):
    """USER <user>[:<group>]"""

    user: str = ""


@dataclass(frozen=True)
class WorkdirInstruction(Instruction):
    """WORKDIR <path>"""

    path: str = ""


@dataclass(frozen=True)
class OnbuildInstruction(Instruction):
    """ONBUILD <instruction>

    Args:
        expression: The inner instruction as text, as it is stored in the image config.
        inner: The inner instruction, parsed; None when it is wrong: BuildKit stores it all the
            same, and it fails in the child image (`parse_document` warns).
    """

    expression: str = ""
    inner: Instruction | None = None


@dataclass(frozen=True)
class StopsignalInstruction(Instruction):
    """STOPSIGNAL <signal>"""

    signal: str = ""


@dataclass(frozen=True)
class HealthcheckInstruction(Instruction):
    """HEALTHCHECK [--interval=] [--timeout=] [--start-period=] [--retries=] CMD ... | NONE

    Args:
        test: As in the image config: ("NONE",), ("CMD", ...) or ("CMD-SHELL", text). Times in ns.
    """

    test: tuple[str, ...] = ()
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0
