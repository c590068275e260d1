"""What is said of the ways to run commands."""

from __future__ import annotations

from typing import Any

import pytest

from dockernb.engines.embedded.guest import INSTALL_PROOT, Rung
from dockernb.engines.embedded.ways import check_commands_can_run, ladder_of
from dockernb.errors import UnsupportedByEngineError


def told(rung: Rung, **failed: str) -> dict[str, Any]:
    """What a helper tells: the rungs in `failed` do not work, for that reason."""
    rows = [
        {
            "rung": int(each),
            "works": each.name not in failed,
            "reason": failed.get(each.name, ""),
            "help": f"help for {each.name}" if each.name in failed else "",
        }
        for each in Rung
    ]
    return {"rung": int(rung), "ladder": rows}


def test_the_way_in_use_is_marked_and_the_last_one_never_works() -> None:
    ladder = ladder_of(told(Rung.BIND, OVERLAY_ROOT="only root"))
    assert [way.in_use for way in ladder] == [rung is Rung.BIND for rung in Rung]
    assert [way.works for way in ladder] == [False, True, True, True, True, True, False]
    assert (ladder[0].reason, ladder[0].help) == ("only root", "help for OVERLAY_ROOT")


@pytest.mark.parametrize("rung", [rung for rung in Rung if rung is not Rung.NONE])
def test_every_way_but_the_last_runs_commands(rung: Rung) -> None:
    check_commands_can_run(told(rung))


@pytest.mark.parametrize(("uid", "least"), [(0, "PLAIN_CHROOT"), (1000, "CHROOT")])
def test_the_refusal_tells_of_the_way_that_needs_least(
    uid: int, least: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    failed = {rung.name: f"{rung.name} failed" for rung in Rung if rung is not Rung.NONE}
    with pytest.raises(UnsupportedByEngineError) as raised:
        check_commands_can_run(told(Rung.NONE, **failed))
    assert (raised.value.rule or "").endswith(f"the simplest fails at {least} failed")
    assert raised.value.hint == f"What would help: help for {least}\nSee all ways: dockernb doctor"


def test_the_refusal_tells_of_proot_where_only_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    failed = {rung.name: "no" for rung in Rung if rung is not Rung.NONE}
    facts = told(Rung.NONE, **failed)
    facts["ladder"][Rung.PROOT - 1]["help"] = INSTALL_PROOT
    with pytest.raises(UnsupportedByEngineError) as raised:
        check_commands_can_run(facts)
    first = (raised.value.hint or "").splitlines()[0]
    assert first == "What would help: as root: `apt-get install proot`"


def test_who_chose_to_run_nothing_is_told_so() -> None:
    with pytest.raises(UnsupportedByEngineError, match="DOCKERNB_RUNG chose so"):
        check_commands_can_run(told(Rung.NONE))
