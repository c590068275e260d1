"""BuildKit's own checks, as far as the text of the file alone answers them.

Source: the rules of BuildKit's `frontend/dockerfile/linter`.
Left out are those that need the base image's variables or the build context (UndefinedVar,
InvalidDefaultArgInFrom, CopyIgnoredFile) and the experimental ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..dockerfile.instructions import (
    ArgInstruction,
    CmdInstruction,
    EntrypointInstruction,
    EnvInstruction,
    ExposeInstruction,
    HealthcheckInstruction,
    Instruction,
    LabelInstruction,
    MaintainerInstruction,
    ShellInstruction,
    WorkdirInstruction,
)
from ..dockerfile.parse import ParsedDockerfile
from ..dockerfile.secret_names import looks_secret
from ..dockerfile.shell import used_variables
from ..errors import DockerfileError
from .finding import Finding
from .stages import FileStages, LintStage, stages_of

__all__ = ["buildkit_checks"]

_PLATFORM_ARGS = frozenset(
    f"{side}{part}"
    for side in ("TARGET", "BUILD")
    for part in ("PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION")
) | {"TARGETSTAGE"}
_ARCHES = ("amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64")


def buildkit_checks(parsed: ParsedDockerfile) -> list[Finding]:
    """The findings, in the order of the lines. `# check=skip=...` in the file counts."""
    file = stages_of(parsed.instructions)
    found = [
        Finding("NoEmptyContinuation", "warning", warning.line, warning.message)
        for warning in parsed.warnings
        if "continuation" in warning.message.lower()
    ]
    found += _casing(parsed.instructions)
    found += _stage_names(file)
    for stage in file.stages:
        found += _from(file, stage)
        found += _used_once(stage)
        found += _commands(stage)
        found += _workdir(stage)
    for instruction in parsed.instructions:
        found += _one(instruction)
    skipped = _skipped(parsed)
    if "all" in skipped:
        return []
    kept = [finding for finding in found if finding.rule.lower() not in skipped]
    return sorted(kept, key=lambda finding: finding.line)


def _skipped(parsed: ParsedDockerfile) -> frozenset[str]:
    values = [each.value for each in parsed.directives if each.name == "check"]
    for option in ";".join(values).split(";"):
        key, _, names = option.partition("=")
        if key.strip() == "skip":
            return frozenset(name.strip().lower() for name in names.split(","))
    return frozenset()


def _at(rule: str, instruction: Instruction, message: str) -> Finding:
    return Finding(rule, "warning", instruction.lines.start, message)


def _keyword(instruction: Instruction) -> str:
    return instruction.original.split(None, 1)[0]


def _casing(instructions: tuple[Instruction, ...]) -> Iterator[Finding]:
    words = [_keyword(each) for each in instructions]
    upper = sum(word.isupper() for word in words)
    lower = sum(word.islower() for word in words)
    wanted = "lowercase" if lower > upper else "uppercase"
    for instruction, word in zip(instructions, words, strict=True):
        fits = word.islower() if wanted == "lowercase" else word.isupper()
        if not fits:
            yield _at(
                "ConsistentInstructionCasing",
                instruction,
                f'"{word}" is not {wanted}, as most instructions of this file are',
            )


def _stage_names(file: FileStages) -> Iterator[Finding]:
    seen: set[str] = set()
    for stage in file.stages:
        name = stage.start.stage_name
        written = re.search(r"\s(as)\s+(\S+)\s*$", stage.start.original, re.IGNORECASE)
        if not name or written is None:
            continue
        if written[2] != written[2].lower():
            yield _at("StageNameCasing", stage.start, f'stage name "{written[2]}" is not lowercase')
        if written[1].isupper() != _keyword(stage.start).isupper():
            yield _at(
                "FromAsCasing",
                stage.start,
                f'"{_keyword(stage.start)}" and "{written[1]}" differ in case',
            )
        if name.lower() in ("scratch", "context"):
            yield _at("ReservedStageName", stage.start, f'"{name}" has a meaning of its own')
        if name.lower() in seen:
            yield _at("DuplicateStageName", stage.start, f'there is a stage "{name}" above')
        seen.add(name.lower())


def _from(file: FileStages, stage: LintStage) -> Iterator[Finding]:
    declared = {arg.key for each in file.global_args for arg in each.args} | _PLATFORM_ARGS
    start = stage.start
    for name in sorted(_variables(start.image) | _variables(start.platform)):
        if name not in declared:
            yield _at("UndefinedArgInFrom", start, f'no ARG "{name}" stands before the first FROM')
    if start.platform in ("$TARGETPLATFORM", "${TARGETPLATFORM}"):
        yield _at(
            "RedundantTargetPlatform", start, "--platform=$TARGETPLATFORM is what FROM does anyway"
        )
        return
    # One stage for each architecture, named after it, is the usual way to do this on purpose.
    is_meant = any(arch in start.stage_name.lower() for arch in _ARCHES)
    if start.platform and "$" not in start.platform and not is_meant:
        yield _at(
            "FromPlatformFlagConstDisallowed",
            start,
            f"--platform={start.platform} is fixed: the image cannot be built for another",
        )


def _variables(word: str) -> frozenset[str]:
    try:
        return used_variables(word) if "$" in word else frozenset()
    except DockerfileError:
        return frozenset()


_ONCE: tuple[type[Instruction], ...] = (
    CmdInstruction,
    EntrypointInstruction,
    HealthcheckInstruction,
)


def _used_once(stage: LintStage) -> Iterator[Finding]:
    for kind in _ONCE:
        same = [each for each in stage.instructions if isinstance(each, kind)]
        for each in same[:-1]:
            yield _at(
                "MultipleInstructionsDisallowed",
                each,
                f"{each.name} stands again below in the same stage; only the last one counts",
            )


def _commands(stage: LintStage) -> Iterator[Finding]:
    has_shell = any(isinstance(each, ShellInstruction) for each in _above(stage))
    for each in stage.instructions:
        has_shell = has_shell or isinstance(each, ShellInstruction)
        if not isinstance(each, CmdInstruction | EntrypointInstruction):
            continue
        if each.command.shell_form and not has_shell:
            yield _at(
                "JSONArgsRecommended",
                each,
                f"{each.name} in the shell form: the shell, not the program, gets the signals",
            )


def _workdir(stage: LintStage) -> Iterator[Finding]:
    is_set = any(isinstance(each, WorkdirInstruction) for each in _above(stage))
    for each in stage.instructions:
        if isinstance(each, WorkdirInstruction):
            if not is_set and not each.path.startswith(("/", "$")) and ":" not in each.path:
                yield _at(
                    "WorkdirRelativePath",
                    each,
                    f'"{each.path}" is relative to whatever the base image says',
                )
            is_set = True


def _above(stage: LintStage) -> Iterator[Instruction]:
    return iter(()) if stage.base is None else stage.base.chain()


def _one(instruction: Instruction) -> Iterator[Finding]:
    for kind, check in _CHECKS.items():
        if isinstance(instruction, kind):
            yield from check(instruction)


def _maintainer(instruction: MaintainerInstruction) -> Iterator[Finding]:
    yield _at(
        "MaintainerDeprecated",
        instruction,
        f'use LABEL org.opencontainers.image.authors="{instruction.maintainer}"',
    )


def _pairs(instruction: EnvInstruction | LabelInstruction) -> Iterator[Finding]:
    is_env = isinstance(instruction, EnvInstruction)
    pairs = instruction.variables if is_env else instruction.labels  # type: ignore[union-attr]
    for pair in pairs:
        if pair.no_delimiter:
            yield _at(
                "LegacyKeyValueFormat",
                instruction,
                f"{instruction.name} {pair.key}={pair.value!r} is the form with an equals sign",
            )
        if is_env:
            yield from _secret(instruction, pair.key)


def _args(instruction: ArgInstruction) -> Iterator[Finding]:
    for arg in instruction.args:
        yield from _secret(instruction, arg.key)


def _secret(instruction: Instruction, key: str) -> Iterator[Finding]:
    if looks_secret(key):
        place = "config" if instruction.name == "ENV" else "history"
        yield _at(
            "SecretsUsedInArgOrEnv",
            instruction,
            f'whoever has the image can read {instruction.name} "{key}" in its {place}; '
            "RUN --mount=type=secret leaves nothing behind",
        )


def _expose(instruction: ExposeInstruction) -> Iterator[Finding]:
    for port in instruction.ports:
        protocol = port.partition("/")[2]
        if protocol != protocol.lower() and "$" not in protocol:
            yield _at("ExposeProtoCasing", instruction, f'protocol "{protocol}" is not lowercase')
        if ":" in port and "$" not in port:
            yield _at(
                "ExposeInvalidFormat", instruction, f'"{port}": EXPOSE takes no address or mapping'
            )


_CHECKS: dict[type[Instruction], Callable[[Any], Iterator[Finding]]] = {
    MaintainerInstruction: _maintainer,
    EnvInstruction: _pairs,
    LabelInstruction: _pairs,
    ArgInstruction: _args,
    ExposeInstruction: _expose,
}
