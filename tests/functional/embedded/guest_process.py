"""A helper and worker in one, as a program: runs what a JSON file says and writes how it ended.

guest_process.py run SPEC RESULT          stdin: closing it cancels
guest_process.py unpack TAR FOLDER        as the root of a user namespace, owners recorded
guest_process.py owner PATH...            prints recorded owners
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from dockernb.engines.embedded.guest import (
    Credentials,
    GuestCommand,
    GuestMount,
    Limits,
    Owner,
    Rung,
    enter_namespaces,
    mount_overlay,
    read_owner,
    resolve_user,
    run_guest,
    write_owner,
)
from dockernb.errors import DockernbError


def run(spec_path: str, result_path: str) -> None:
    spec = json.loads(Path(spec_path).read_text())
    rung, root = Rung(spec["rung"]), Path(spec["root"])
    enter_namespaces(rung)
    if spec["lower"]:
        # A work folder of a volatile overlay serves one mount (kernel: filesystems/overlayfs.rst).
        work = tempfile.mkdtemp(prefix="work-", dir=root.parent)
        upper = str(root.parent / "upper")
        mount_overlay(spec["lower"], upper, work, str(root), user=rung.in_user_namespace)
    result = []
    for command in spec["commands"]:
        before = time.perf_counter()
        try:
            answer = _run_one(root, rung, command)
        except DockernbError as error:
            answer = {"error": error.format_message(), "kind": error.name}
        result.append({**answer, "seconds": time.perf_counter() - before})
    Path(result_path).write_text(json.dumps(result))


def _run_one(root: Path, rung: Rung, fields: dict) -> dict:
    fields = dict(fields)
    user = fields.pop("user", "")
    who = Credentials(**fields.pop("credentials")) if "credentials" in fields else None
    mounts = tuple(
        GuestMount(**{**mount, "content": base64.b64decode(mount.get("content", ""))})
        for mount in fields.pop("mounts", ())
    )
    limits = Limits(**fields.pop("limits", {}))
    argv = tuple(fields.pop("argv"))
    command = GuestCommand(
        argv, credentials=who or resolve_user(root, user), mounts=mounts, limits=limits, **fields
    )
    end = run_guest(root, rung, command, stdout=1, stderr=2, cancel=0)
    return {
        "exit_code": end.exit_code,
        "cancelled": end.cancelled,
        "left_stubs": end.left_stubs,
        "warnings": end.warnings,
    }


def unpack(tar: str, folder: str) -> None:
    if os.geteuid() != 0:
        enter_namespaces(Rung.CHROOT)
    modes = []
    with tarfile.open(tar) as archive:
        for member in archive:
            path = os.path.join(folder, member.name)
            if member.isdir():
                os.makedirs(path, exist_ok=True)
                modes.append((path, member.mode))
            elif member.issym():
                os.symlink(member.linkname, path)
            elif member.islnk():
                os.link(os.path.join(folder, member.linkname), path)
                continue
            elif member.isreg():
                Path(path).write_bytes(archive.extractfile(member).read())
                os.chmod(path, member.mode)
            else:
                continue
            if member.uid or member.gid:
                write_owner(path, Owner(member.uid, member.gid))
            os.utime(path, (member.mtime, member.mtime), follow_symlinks=False)
    for path, mode in reversed(modes):
        os.chmod(path, mode)


def owner(*paths: str) -> None:
    for path in paths:
        print(read_owner(path))


if __name__ == "__main__":
    {"run": run, "unpack": unpack, "owner": owner}[sys.argv[1]](*sys.argv[2:])
