"""listxattr: the supervisor's own attributes are not shown, so that no copy takes them along."""

from __future__ import annotations

import errno
import os

from .context import GO_ON, Context, Handlers, int32
from .notify import Call
from .paths import AT_FDCWD, open_path
from .process import read_path, write_memory

__all__ = ["handlers"]

_OWN = "user.dockernb."


def handlers(context: Context) -> Handlers:  # noqa: ARG001 (all handler modules are called alike)
    """By name of the call."""
    return {
        "listxattr": lambda call: _list(call, AT_FDCWD, read_path(call, call.args[0])),
        "llistxattr": lambda call: _list(
            call, AT_FDCWD, read_path(call, call.args[0]), follow=False
        ),
        "flistxattr": lambda call: _list(call, int32(call.args[0]), b""),
    }


def _list(call: Call, folder: int, path: bytes, *, follow: bool = True) -> int:
    try:
        found = open_path(call.pid, folder, path, follow=follow)
    except OSError:
        return GO_ON
    try:
        names = os.listxattr(f"/proc/self/fd/{found}")
    except OSError:
        return GO_ON
    finally:
        os.close(found)
    shown = [name for name in names if not name.startswith(_OWN)]
    if len(shown) == len(names):
        return GO_ON
    content = b"".join(os.fsencode(name) + b"\0" for name in shown)
    buffer, size = call.args[1], call.args[2]
    if size and size < len(content):
        raise OSError(errno.ERANGE, "no room")
    if size and content:
        write_memory(call, buffer, content)
    return len(content)
