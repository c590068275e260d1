"""The ids that a guest's process believes it has, by the rules of credentials(7)."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["NO_CHANGE", "Ids", "Quad", "exec_program", "set_group", "set_user"]

NO_CHANGE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Quad:
    """Real, effective, saved and file system ID, of users or of groups."""

    real: int
    effective: int
    saved: int
    file_system: int

    @classmethod
    def of(cls, number: int) -> Quad:
        """All four the same."""
        return cls(number, number, number, number)

    def __contains__(self, number: int) -> bool:
        return number in {self.real, self.effective, self.saved}


@dataclass(frozen=True, slots=True)
class Ids:
    """All ids of a process.

    Args:
        capable: Whether it has the capabilities that come with user 0.
    """

    user: Quad
    group: Quad
    groups: tuple[int, ...] = ()
    capable: bool = True

    @classmethod
    def of(cls, uid: int, gid: int, groups: tuple[int, ...] = ()) -> Ids:
        """A process that was started as this user."""
        return cls(Quad.of(uid), Quad.of(gid), groups, capable=uid == 0)

    def in_group(self, gid: int) -> bool:
        """Whether files of group `gid` are this process's group's."""
        return gid == self.group.file_system or gid in self.groups


def set_user(ids: Ids, call: str, values: tuple[int, ...]) -> Ids:
    """The ids after setuid, setreuid, setresuid or setfsuid with `values`.

    Raises:
        PermissionError: as the kernel would say EPERM.
    """
    user = _set(ids.user, call, values, capable=ids.capable)
    # Effective capabilities go with effective user 0 and come back with it, if it is allowed back.
    if user.effective != ids.user.effective:
        return replace(ids, user=user, capable=user.effective == 0)
    return replace(ids, user=user)


def set_group(ids: Ids, call: str, values: tuple[int, ...]) -> Ids:
    """The ids after setgid, setregid, setresgid or setfsgid with `values`; raises as `set_user`."""
    return replace(ids, group=_set(ids.group, call, values, capable=ids.capable))


def exec_program(ids: Ids, *, set_uid: int | None = None, set_gid: int | None = None) -> Ids:
    """The ids after execve(2) of a program with these set-ID owners."""
    user = _executed(ids.user, set_uid)
    return Ids(user, _executed(ids.group, set_gid), ids.groups, capable=user.effective == 0)


def _executed(old: Quad, owner: int | None) -> Quad:
    effective = old.effective if owner is None else owner
    return Quad(old.real, effective, effective, effective)


def _set(old: Quad, call: str, values: tuple[int, ...], *, capable: bool) -> Quad:
    return {
        "set": _set_one,
        "setre": _set_real_effective,
        "setres": _set_three,
        "setfs": _set_file_system,
    }[call[:-3]](old, values, capable)


def _set_one(old: Quad, values: tuple[int, ...], capable: bool) -> Quad:
    number = values[0]
    if capable:
        return Quad.of(number)
    _require(number in {old.real, old.saved})
    return Quad(old.real, number, old.saved, number)


def _set_real_effective(old: Quad, values: tuple[int, ...], capable: bool) -> Quad:
    real, effective = values[:2]
    if not capable:
        _require(real in {NO_CHANGE, old.real, old.effective})
        _require(effective == NO_CHANGE or effective in old)
    new_real = old.real if real == NO_CHANGE else real
    new_effective = old.effective if effective == NO_CHANGE else effective
    follows = real != NO_CHANGE or (effective not in {NO_CHANGE, old.real})
    saved = new_effective if follows else old.saved
    return Quad(new_real, new_effective, saved, new_effective)


def _set_three(old: Quad, values: tuple[int, ...], capable: bool) -> Quad:
    if not capable:
        for number in values[:3]:
            _require(number == NO_CHANGE or number in old)
    was = (old.real, old.effective, old.saved)
    real, effective, saved = (
        before if number == NO_CHANGE else number
        for before, number in zip(was, values[:3], strict=True)
    )
    return Quad(real, effective, saved, effective)


def _set_file_system(old: Quad, values: tuple[int, ...], capable: bool) -> Quad:
    number = values[0]
    # setfsuid(2) never fails; it does nothing instead.
    if capable or number in old or number == old.file_system:
        return Quad(old.real, old.effective, old.saved, number)
    return old


def _require(condition: bool) -> None:
    if not condition:
        raise PermissionError(1, "not one of the process's own ids")
