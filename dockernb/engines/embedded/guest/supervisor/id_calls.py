"""get*id, set*id, groups and capset."""

from __future__ import annotations

import errno
import functools
import struct
from dataclasses import replace

from .context import Context, Handlers, int32, uint32
from .ids import set_group, set_user
from .notify import Call
from .process import read_memory, write_memory

__all__ = ["handlers"]

_MOST_GROUPS = 1024
_CAP_SETGID_OR_SETUID = 1 << 6 | 1 << 7
_USER_CALLS = ("setuid", "setreuid", "setresuid", "setfsuid")
_GROUP_CALLS = ("setgid", "setregid", "setresgid", "setfsgid")


def handlers(context: Context) -> Handlers:
    """By name of the call."""
    table = context.table
    found: Handlers = {
        "getuid": lambda call: table.of(call.pid).user.real,
        "geteuid": lambda call: table.of(call.pid).user.effective,
        "getgid": lambda call: table.of(call.pid).group.real,
        "getegid": lambda call: table.of(call.pid).group.effective,
    }
    for name, function in (
        ("getresuid", _get_three),
        ("getresgid", _get_three),
        ("getgroups", _get_groups),
        ("setgroups", _set_groups),
        ("capset", _set_capabilities),
    ):
        found[name] = functools.partial(function, context)
    for name in (*_USER_CALLS, *_GROUP_CALLS):
        found[name] = functools.partial(_set_ids, context, name)
    return found


def _get_three(context: Context, call: Call) -> int:
    ids = context.table.of(call.pid)
    is_user = call.number == context.arch.calls["getresuid"]
    quad = ids.user if is_user else ids.group
    for address, number in zip(call.args, (quad.real, quad.effective, quad.saved), strict=False):
        write_memory(call, address, struct.pack("=I", number))
    return 0


def _set_ids(context: Context, name: str, call: Call) -> int:
    ids = context.table.of(call.pid)
    values = tuple(uint32(register) for register in call.args[:3])
    is_user = name in _USER_CALLS
    changed = (set_user if is_user else set_group)(ids, name, values)
    if changed != ids:
        context.table.set(call.pid, changed)
    if name in {"setfsuid", "setfsgid"}:
        return (ids.user if is_user else ids.group).file_system
    return 0


def _get_groups(context: Context, call: Call) -> int:
    groups = context.table.of(call.pid).groups
    room = int32(call.args[0])
    if (room and room < len(groups)) or room < 0:
        raise OSError(errno.EINVAL, "not enough room")
    if room and groups:
        write_memory(call, call.args[1], struct.pack(f"={len(groups)}I", *groups))
    return len(groups)


def _set_groups(context: Context, call: Call) -> int:
    ids = context.table.of(call.pid)
    count = int32(call.args[0])
    if not ids.capable:
        raise PermissionError(errno.EPERM, "not root")
    if not 0 <= count <= _MOST_GROUPS:
        raise OSError(errno.EINVAL, "too many groups")
    content = read_memory(call, call.args[1], 4 * count) if count else b""
    context.table.set(call.pid, replace(ids, groups=struct.unpack(f"={count}I", content)))
    return 0


def _set_capabilities(context: Context, call: Call) -> int:
    """Root may always; others raise what they kept over setuid (PR_SET_KEEPCAPS), or drop it."""
    ids = context.table.of(call.pid)
    if ids.user.effective != 0:
        effective = struct.unpack("=I", read_memory(call, call.args[1], 4))[0]
        capable = bool(effective & _CAP_SETGID_OR_SETUID)
        context.table.set(call.pid, replace(ids, capable=capable))
    return 0
