"""One rung to run guests on, with a tree of its own."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import dockernb

#: Whoever this is, it is nobody on any machine that the tests run on.
STRANGER = 61234
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUNGS = {
    1: "overlay-root",
    2: "overlay-user",
    3: "bind",
    4: "chroot",
    5: "plain-chroot",
    6: "proot",
}
#: Of an ordinary user.
USER_RUNGS = {2, 3, 4, 6}
PROGRAM = Path(__file__).with_name("guest_process.py")
_numbers = itertools.count()


@functools.cache
def python_for_strangers() -> str:
    """An interpreter that an ordinary user may start too."""
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            found = subprocess.run([candidate, "-c", code], check=False, **as_stranger())
        except OSError:
            continue
        if found.returncode == 0:
            return candidate
    raise FileNotFoundError("no Python 3.11 that an ordinary user may start")


def as_stranger() -> dict:
    """The arguments with which subprocess starts an ordinary user's process."""
    return {"user": STRANGER, "group": STRANGER, "extra_groups": []}


@dataclass
class Ended:
    """A guest's end and its output."""

    exit_code: int | None
    out: str
    err: str
    result: dict = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass
class Bench:
    """A rung, a folder for its files, and a tree that the rung's guests change.

    Args:
        tree: A finished tree of the rung's user, never changed.
    """

    rung: int
    folder: Path
    tree: Path

    @property
    def is_user(self) -> bool:
        return self.rung in USER_RUNGS

    @property
    def mark(self) -> str:
        """What all its guests have in their environment."""
        return self.folder.parent.name

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def changed(self) -> Path:
        """Where what guests changed can be seen from outside."""
        return self.folder / "upper" if self.rung in {1, 2} else self.root

    def setup(self) -> Bench:
        """Makes the root: an overlay's folders, or a copy of the tree."""
        self.folder.mkdir()
        if self.is_user:
            os.chown(self.folder, STRANGER, STRANGER)
        names = ("root", "upper", "work") if self.rung in {1, 2} else ()
        for name in names:
            (self.folder / name).mkdir()
            if self.is_user:
                os.chown(self.folder / name, STRANGER, STRANGER)
        if not names:
            # As the user itself: a chown afterwards would take the set-ID bits away.
            who = as_stranger() if self.is_user else {}
            subprocess.run(["cp", "-a", self.tree, self.root], check=True, **who)
        return self

    def command(self, *argv: str, **fields: object) -> dict:
        """A command's description; a single word is a shell's."""
        words = argv if len(argv) > 1 else ("/bin/sh", "-c", argv[0])
        return {"argv": words, "env": {"PATH": PATH, "BENCH": self.mark}, **fields}

    def start(self, *commands: dict) -> subprocess.Popen:
        """Starts a process that runs the commands one after the other."""
        number = next(_numbers)
        spec = self.folder / f"spec-{number}"
        lower = [str(self.tree)] if self.rung in {1, 2} else []
        spec.write_text(
            json.dumps(
                {"rung": self.rung, "root": str(self.root), "lower": lower, "commands": commands}
            )
        )
        process = subprocess.Popen(
            [*interpreter(user=self.is_user), "run", spec, self.folder / f"result-{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **environment(user=self.is_user),
        )
        process.result = self.folder / f"result-{number}"
        return process

    def finish(self, process: subprocess.Popen) -> list[Ended]:
        """Waits for the process; the output is that of all its commands together."""
        out, err = b"", b""
        try:
            out, err = process.stdout.read(), process.stderr.read()
        finally:
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()
        shown = (out.decode(errors="replace"), err.decode(errors="replace"))
        assert process.returncode == 0, shown
        results = json.loads(process.result.read_text())
        return [Ended(one.get("exit_code"), *shown, one) for one in results]

    def run(self, *argv: str, **fields: object) -> Ended:
        """Runs one command to its end."""
        return self.finish(self.start(self.command(*argv, **fields)))[0]


def content(text: str) -> str:
    """A mount's content as the description has it."""
    return base64.b64encode(text.encode()).decode()


def interpreter(*, user: bool) -> list[str | Path]:
    return [python_for_strangers() if user else sys.executable, PROGRAM]


def environment(*, user: bool) -> dict:
    """How a process of the rung's user is started."""
    package = str(Path(dockernb.__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1"}
    return {"env": env, "cwd": "/", **(as_stranger() if user else {})}


def unpack(tar: Path, folder: Path, *, user: bool) -> Path:
    """A tar of an image's tree, as the rung's user keeps it."""
    folder.mkdir()
    if not user:
        subprocess.run(["tar", "-xpf", tar, "-C", folder], check=True)
        return folder
    os.chown(folder, STRANGER, STRANGER)
    readable = folder.with_suffix(".tar")
    shutil.copyfile(tar, readable)
    readable.chmod(0o644)
    command = [*interpreter(user=True), "unpack", readable, folder]
    subprocess.run(command, check=True, **environment(user=True))
    readable.unlink()
    return folder
