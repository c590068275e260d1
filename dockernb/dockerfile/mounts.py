"""`RUN --mount` and `RUN --device` (BuildKit `commands_runmount.go`, `commands_rundevice.go`).

BuildKit reads a mount twice: when it parses (values may still hold variables) and, with the
variables known, when it builds. So do we: `parse_mount` checks all that holds no `$`,
`expand_mount` checks everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dockernb.dockerfile.durations import parse_bool, parse_size
from dockernb.dockerfile.instructions import MountOption
from dockernb.dockerfile.suggest import did_you_mean, quote
from dockernb.errors import DockerfileSyntaxError

__all__ = ["MOUNT_KINDS", "SHARING_MODES", "csv_fields", "expand_mount", "parse_mount"]

MOUNT_KINDS = ("bind", "cache", "tmpfs", "secret", "ssh")
SHARING_MODES = ("shared", "private", "locked")

_KEYS = (
    "type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode",
    "uid", "gid", "src", "dst", "destination", "ro", "rw", "readwrite", "env",
)  # fmt: skip
_SWITCHES = frozenset({"readonly", "ro", "readwrite", "rw", "required"})
_ONLY_FOR = {"required": ("secret", "ssh"), "size": ("tmpfs",)}
_OWNER_KEYS = ("mode", "uid", "gid")
_WITH_OWNER = frozenset({"secret", "ssh", "cache"})


def parse_mount(text: str) -> MountOption:
    """Reads the value of one `--mount=`.

    Returns:
        The options as written; `kind` is "" while the type holds a variable.

    Raises:
        DockerfileSyntaxError: A rule is broken that no variable can mend.
    """
    options: list[tuple[str, str]] = []
    for field in csv_fields(text):
        key, equals, value = field.partition("=")
        key = key.lower()
        if key == "from" and "$" in value[:-1]:
            raise DockerfileSyntaxError(
                "'from' doesn't support variable expansion, define alias stage instead",
                hint="Write `FROM ${...} AS <name>` above, and `from=<name>` here.",
            )
        if not equals:
            if key not in _SWITCHES:
                raise DockerfileSyntaxError(
                    f"invalid field '{field}' must be a key=value pair",
                    hint=f"Write `{key}=<value>`." if key in _KEYS else None,
                )
            value = "true"
        options.append((key, value))
    return _checked(options)


def expand_mount(mount: MountOption, expand: Callable[[str], str]) -> MountOption:
    """The mount with `expand` applied to every value, and checked in full.

    Raises:
        DockerfileSyntaxError: A value is wrong once its variables are known.
    """
    return _checked([(key, expand(value)) for key, value in mount.options], is_final=True)


def csv_fields(text: str) -> Iterator[str]:
    """Splits at commas; a field may stand in double quotes (Go's `encoding/csv`)."""
    rest, is_more = text, bool(text)
    while is_more:
        if rest.startswith('"'):
            field, rest = _quoted_field(rest, text)
        else:
            end = rest.find(",")
            field, rest = (rest, "") if end < 0 else (rest[:end], rest[end:])
            if '"' in field:
                raise _csv_error(text, 'bare " in a field without quotes')
        yield field
        is_more, rest = rest.startswith(","), rest[1:]


def _quoted_field(rest: str, text: str) -> tuple[str, str]:
    position = 1
    while True:
        end = rest.find('"', position)
        if end < 0:
            raise _csv_error(text, 'a " is not closed')
        if not rest.startswith('""', end):
            break
        position = end + 2
    if rest[end + 1 : end + 2] not in {"", ","}:
        raise _csv_error(text, 'text after the closing "')
    return rest[1:end].replace('""', '"'), rest[end + 1 :]


def _csv_error(text: str, why: str) -> DockerfileSyntaxError:
    return DockerfileSyntaxError(f"failed to parse csv mounts: {quote(text)}: {why}")


@dataclass
class _Check:
    """What the options read so far say; options are judged in the order they stand."""

    kind: str = "bind"
    is_final: bool = False

    def is_open(self, value: str) -> bool:
        """True: the value is not known before its variables are."""
        return not self.is_final and "$" in value

    def option(self, key: str, value: str) -> None:
        if key not in _KEYS:
            raise DockerfileSyntaxError(
                f"unexpected key '{key}' in '{key}={value}'{did_you_mean(key, _KEYS)}"
            )
        if key in _ONLY_FOR and self.kind and self.kind not in _ONLY_FOR[key]:
            raise DockerfileSyntaxError(
                f"unexpected key '{key}' for mount type '{self.kind}'",
                rule=f"{key} goes with type={' or type='.join(_ONLY_FOR[key])}, "
                "and the type stands before it.",
            )
        if key == "type":
            self._type(value)
        elif not self.is_open(value):
            _check_value(key, value)

    def _type(self, value: str) -> None:
        self.kind = "" if self.is_open(value) else value.lower()
        if self.kind and self.kind not in MOUNT_KINDS:
            raise DockerfileSyntaxError(
                f"unsupported mount type {quote(value)}{did_you_mean(value, MOUNT_KINDS)}",
                hint=f"Types: {', '.join(MOUNT_KINDS)}.",
            )


def _checked(options: list[tuple[str, str]], *, is_final: bool = False) -> MountOption:
    check = _Check(is_final=is_final)
    for key, value in options:
        check.option(key, value)
    mount = MountOption(check.kind, tuple(options))
    if mount.kind:
        _check_whole(mount)
    return mount


def _check_value(key: str, value: str) -> None:
    if key == "sharing" and value.lower() not in SHARING_MODES:
        raise DockerfileSyntaxError(
            f"unsupported sharing value {quote(value)}{did_you_mean(value, SHARING_MODES)}",
            hint=f"Values: {', '.join(SHARING_MODES)}.",
        )
    if key in _OWNER_KEYS and not _is_number(value, 8 if key == "mode" else 10):
        raise DockerfileSyntaxError(f"invalid value {value} for {key}")
    try:
        if key in _SWITCHES:
            parse_bool(value)
        elif key == "size":
            parse_size(value)
    except ValueError:
        raise DockerfileSyntaxError(f"invalid value for {key}: {value}") from None


def _is_number(text: str, base: int) -> bool:
    """True for what fits into 32 bits without sign."""
    digits = "01234567" if base == 8 else "0123456789"
    return bool(text) and all(mark in digits for mark in text) and int(text[:40], base) < 2**32


def _check_whole(mount: MountOption) -> None:
    kind = mount.kind
    given = {key for key, value in mount.options if value}
    for key in _OWNER_KEYS:
        if key in given and kind not in _WITH_OWNER:
            raise DockerfileSyntaxError(f"{key} not allowed for {quote(kind)} type mounts")
    if kind == "secret":
        if "from" in given:
            raise DockerfileSyntaxError("secret mount should not have a from")
        if "sharing" in given:
            raise DockerfileSyntaxError("secret mount should not define sharing")
        if not given & {"source", "src", "target", "dst", "destination", "id"}:
            raise DockerfileSyntaxError(
                "invalid secret mount. one of source, target required",
                hint="Write `--mount=type=secret,id=<name>`.",
            )
        if given & {"source", "src"} and "id" in given:
            raise DockerfileSyntaxError("both source and id can't be set")
    if "sharing" in given and kind != "cache":
        raise DockerfileSyntaxError(f"invalid cache sharing set for {kind} mount")
