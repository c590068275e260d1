"""--chmod: an octal number, or letters as in chmod(1): `u+x`, `go-rwx`, `a=rX`.

Letters are read as BSD's chmod reads them (setmode(3)), with no umask: BuildKit uses a port of that
one. Builders before BuildKit 0.20 let everything but an octal number have no effect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import DockerfileError

__all__ = ["ModeChange", "parse_chmod"]

_OCTAL = re.compile(r"[0-7]{1,4}")
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)")
_ACTION = re.compile(r"([-+=])([ugo]|[rwxXst]*)")

_SETUID, _SETGID, _STICKY = 0o4000, 0o2000, 0o1000
_WHO = {"u": _SETUID | 0o700, "g": _SETGID | 0o070, "o": 0o007, "a": _SETUID | _SETGID | 0o777}
_EVERYBODY = _WHO["a"]
_PERMISSIONS = {"r": 0o444, "w": 0o222, "x": 0o111, "s": _SETUID | _SETGID, "t": _STICKY}
_SHIFTS = {"u": 6, "g": 3, "o": 0}


@dataclass(frozen=True)
class _Action:
    """`+rw` for those that `who` says (bits; 0: nobody was named, which is all)."""

    who: int
    sign: str
    what: str

    def apply(self, mode: int, *, runs: bool) -> int:
        """Args: runs: Whether X counts: it is a directory, or somebody may execute it."""
        who = self.who or _EVERYBODY
        bits = self._bits(mode, runs=runs) & (who | (_STICKY if who != _WHO["o"] else 0))
        if self.sign == "=":
            return mode & ~who | bits
        return mode | bits if self.sign == "+" else mode & ~bits

    def _bits(self, mode: int, *, runs: bool) -> int:
        if self.what in _SHIFTS:
            return (mode >> _SHIFTS[self.what] & 7) * 0o111
        bits = 0o111 if "X" in self.what and runs else 0
        for letter in self.what.replace("X", ""):
            bits |= _PERMISSIONS[letter]
        return bits


@dataclass(frozen=True)
class ModeChange:
    """What `--chmod` does to a mode: `number` takes its place, or `actions` change it."""

    number: int | None = None
    actions: tuple[_Action, ...] = ()

    def apply(self, mode: int, *, is_directory: bool) -> int:
        """The permission bits of a file or directory that had `mode`."""
        if self.number is not None:
            return self.number
        runs = is_directory or bool(mode & 0o111)
        for action in self.actions:
            mode = action.apply(mode, runs=runs)
        return mode


def parse_chmod(chmod: str) -> ModeChange | None:
    """What the value of `--chmod` means; None: "", the files keep their modes.

    Raises:
        DockerfileError: It is neither an octal number nor letters.
    """
    if not chmod:
        return None
    if _OCTAL.fullmatch(chmod):
        return ModeChange(int(chmod, 8))
    actions = []
    for clause in chmod.split(","):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise DockerfileError(
                f'invalid --chmod value "{chmod}"',
                rule="It is an octal number from 0 to 7777, or letters such as u+x or go-w.",
                hint="For example: COPY --chmod=755 SOURCE DESTINATION",
            )
        who = 0
        for letter in found[1]:
            who |= _WHO[letter]
        actions += [_Action(who, sign, what) for sign, what in _ACTION.findall(found[2])]
    return ModeChange(actions=tuple(actions))
