"""What commands see on every rung is what they see in `docker build`."""

from __future__ import annotations

import socket

import pytest

from tests.functional.embedded.battery import CHECKS, Check, battery_script
from tests.functional.embedded.bench import RUNGS
from tests.functional.embedded.conftest import Trees, need_proot, new_bench

Answers = dict[str, tuple[int, str]]


@pytest.fixture(scope="module", params=RUNGS, ids=RUNGS.values())
def answers(request: pytest.FixtureRequest, open_folder, trees: Trees) -> Answers:
    """All commands of the battery, run one after the other by one guest."""
    need_proot(request.param)
    bench = new_bench(request.param, open_folder, trees, "battery")
    ended = bench.run("sh", "-c", battery_script())
    assert ended.exit_code == 0, ended.err
    found = {}
    for line in ended.lines:
        name, code, output = line.split("\t", 2)
        found[name] = (int(code), output.strip("|"))
    found["rung"] = (request.param, "")
    return found


#: What a way cannot do. Root without mounts has an empty /proc, and may not have what needs it.
LIMITS = {
    5: {
        "proc_self_is_the_process", "process_substitution", "dev_stdout", "mtab_leads_to_proc",
        "a_terminal_can_be_made",
    },
    # PRoot 5.1 fails at sudo's plugin, and without namespaces nobody sets file capabilities.
    6: {
        "sudo_without_rights_is_refused", "sudo_with_rights_is_root", "sudo_becomes_the_user",
        "file_capabilities",
    },
}  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
def test_battery(check: Check, answers: Answers) -> None:
    if check.name in LIMITS.get(answers["rung"][0], ()):
        assert answers[check.name] != (check.code, check.output)
        return
    if answers["rung"][0] in {5, 6} and check.name == "hostname":
        # A new name needs a namespace, and that the right to make one.
        assert answers[check.name] == (0, socket.gethostname())
        return
    assert answers[check.name] == (check.code, check.output)
