"""What can stand behind `--flag=`."""

from __future__ import annotations

from dockernb.dockerfile.reference import FlagReference

from . import fixed
from .mount_options import MOUNT_TYPES, option_at, type_of
from .wanted import Wanted

__all__ = ["flag_value"]

_FIXED = {
    "--platform": fixed.PLATFORMS,
    "--chmod": fixed.MODES,
    "--checksum": fixed.ADD_DIGESTS,
    "--interval": fixed.DURATIONS,
    "--timeout": fixed.DURATIONS,
    "--start-period": fixed.DURATIONS,
    "--start-interval": fixed.DURATIONS,
    "--retries": ("1", "3", "5", "10"),
}


def flag_value(instruction: str, flag: FlagReference, typed: str) -> list[Wanted]:
    """What the value can be.

    Args:
        typed: All that stands behind the "=".
    """
    if flag.name == "--mount":
        return _mount(typed)
    if flag.name == "--from":
        return [Wanted("stage", typed), Wanted("image", typed)]
    if flag.name == "--chown":
        _, colon, group = typed.partition(":")
        return [Wanted("group", group)] if colon else [Wanted("user", typed)]
    if flag.name == "--exclude" and instruction in ("COPY", "ADD"):
        return [Wanted("context", typed)]
    values = flag.values or _FIXED.get(flag.name, ())
    if not flag.value:
        values = ("true", "false")
    return [Wanted("value", typed, values)]


def _mount(value: str) -> list[Wanted]:
    *before, last = value.split(",")
    key, equals, typed = last.partition("=")
    options = dict(option.partition("=")[::2] for option in before)
    kind = type_of(",".join(before))
    if not equals:
        return _mount_keys(last, options, kind)
    if key == "type":
        return [Wanted("value", typed, tuple(MOUNT_TYPES))]
    if key in ("target", "dst", "destination"):
        return [Wanted("path" if kind == "bind" else "folder", typed)]
    if key == "from":
        return [Wanted("stage", typed), Wanted("image", typed)]
    if key in ("source", "src"):
        of = options.get("from", "")
        return [Wanted("path", typed, of=of)] if of else [Wanted("context", typed)]
    if key == "id" and kind == "secret":
        return [Wanted("secret", typed)]
    option = option_at(kind, key)
    values = option.values if option else ()
    if key == "mode":
        values = fixed.MODES
    return [Wanted("value", typed, values)] if values else []


def _mount_keys(last: str, options: dict[str, str], kind: str) -> list[Wanted]:
    known = [option.name for option in MOUNT_TYPES.get(kind, ("", ()))[1]]
    keys = [name for name in known if name.rstrip("=") not in options]
    return [Wanted("flag", last, (*(() if "type" in options else ("type=",)), *keys))]
