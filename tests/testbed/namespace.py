"""Starting a daemon with a root of its own, in a mount namespace of its own.

The root is taken by pivot_root, not by chroot: under a chroot no container may make a user
namespace, and `docker import` fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

#: Run by a shell in a new mount namespace; its first argument is the new root.
ENTER = """
set -e
mount --bind "$1" "$1"
cd "$1"
for folder in proc sys dev; do mount --rbind "/$folder" "$folder"; done
pivot_root . .old
umount -l /.old
shift
exec "$@"
"""


def inside(root: Path, command: Sequence[str]) -> list[str]:
    """The command that runs `command` with `root` as its root, mounts of its own included."""
    (root / ".old").mkdir(exist_ok=True)
    enter = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"]
    return [*enter, str(root), *command]


def give_resolver(root: Path) -> None:
    """Copy the machine's resolver; a stub on the loopback interface is no use to containers."""
    resolver = Path("/etc/resolv.conf").read_text()
    behind_stub = Path("/run/systemd/resolve/resolv.conf")
    if "nameserver 127." in resolver and behind_stub.exists():
        resolver = behind_stub.read_text()
    target = root / "etc/resolv.conf"
    target.unlink(missing_ok=True)
    target.write_text(resolver)
