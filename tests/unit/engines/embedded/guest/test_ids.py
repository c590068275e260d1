"""credentials(7), as the supervisor plays it."""

from __future__ import annotations

import pytest

from dockernb.engines.embedded.guest.supervisor.ids import (
    NO_CHANGE,
    Ids,
    Quad,
    exec_program,
    set_group,
    set_user,
)

ROOT, BOB = Ids.of(0, 0), Ids.of(1000, 1000)


def test_setuid_of_root_changes_all_four_for_good() -> None:
    ids = set_user(ROOT, "setuid", (1000,))
    assert ids.user == Quad.of(1000)
    assert not ids.capable
    with pytest.raises(PermissionError):
        set_user(ids, "setuid", (0,))


def test_seteuid_of_root_can_be_undone() -> None:
    ids = set_user(ROOT, "setresuid", (NO_CHANGE, 1000, NO_CHANGE))
    assert ids.user == Quad(0, 1000, 0, 1000)
    assert not ids.capable
    assert set_user(ids, "setresuid", (NO_CHANGE, 0, NO_CHANGE)) == ROOT


def test_setuid_of_a_user_takes_real_or_saved_only() -> None:
    ids = Ids(Quad(1000, 5, 0, 5), Quad.of(1000), capable=False)
    assert set_user(ids, "setuid", (0,)).user == Quad(1000, 0, 0, 0)
    assert set_user(ids, "setuid", (1000,)).user == Quad(1000, 1000, 0, 1000)
    with pytest.raises(PermissionError):
        set_user(ids, "setuid", (6,))


def test_setreuid_saves_the_new_effective_id_when_the_real_one_changes() -> None:
    assert set_user(ROOT, "setreuid", (5, 6)).user == Quad(5, 6, 6, 6)
    assert set_user(ROOT, "setreuid", (NO_CHANGE, 6)).user == Quad(0, 6, 6, 6)
    swapped = Ids(Quad(1, 2, 2, 2), Quad.of(0), capable=False)
    assert set_user(swapped, "setreuid", (2, 1)).user == Quad(2, 1, 1, 1)


def test_setresuid_of_a_user_permutes_its_own() -> None:
    ids = Ids(Quad(1, 2, 3, 2), Quad.of(0), capable=False)
    assert set_user(ids, "setresuid", (3, 1, 2)).user == Quad(3, 1, 2, 1)
    with pytest.raises(PermissionError):
        set_user(ids, "setresuid", (4, NO_CHANGE, NO_CHANGE))


def test_setfsuid_never_fails() -> None:
    assert set_user(BOB, "setfsuid", (0,)) == BOB
    assert set_user(ROOT, "setfsuid", (7,)).user == Quad(0, 0, 0, 7)


def test_groups_need_capabilities_not_group_zero() -> None:
    assert set_group(ROOT, "setgid", (33,)).group == Quad.of(33)
    with pytest.raises(PermissionError):
        set_group(BOB, "setgid", (0,))


def test_set_user_program_is_capable_and_remembers_the_real_user() -> None:
    ids = exec_program(BOB, set_uid=0)
    assert ids.user == Quad(1000, 0, 0, 0)
    assert ids.capable


def test_plain_program_forgets_the_saved_id() -> None:
    ids = exec_program(Ids(Quad(1000, 1000, 0, 1000), Quad.of(1000), capable=False))
    assert ids.user == Quad.of(1000)
