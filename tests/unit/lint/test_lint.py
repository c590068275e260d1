from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dockernb.build.result import StepResult
from dockernb.lint import rules
from dockernb.lint.cells import exported_cells
from dockernb.lint.check import LintReport, built_of, lint
from dockernb.lint.finding import link_of
from dockernb.lint.hadolint import find_hadolint
from dockernb.lint.rules import Built
from dockernb.ui.lint_view import lint_html, lint_text
from tests.conftest import missing
from tests.unit.look.steps import step

PINNED = "FROM debian:12.1"
LISTS = "/var/lib/apt/lists/*"


def check(
    *sources: str,
    results: Sequence[StepResult] = (),
    user: str | None = None,
    hadolint: bool = False,
) -> LintReport:
    """Checks cells with these texts; `results` are those of the cells `cell-1` and so on."""
    cells = [(f"cell-{n}", f"[{n}]", source) for n, source in enumerate(sources, 1)]
    text, lines = exported_cells(cells)
    built = built_of(results, lines, user) if results else (lambda _: Built())
    return lint(text, lines, built, find_hadolint if hadolint else lambda: None)


def told(report: LintReport) -> list[tuple[str, str, int]]:
    """Rule, cell and line of every finding."""
    return [
        (each.finding.rule, each.cell.label if each.cell else "", each.line)
        for each in report.findings
    ]


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        ("from debian:12.1\nRUN a\nRUN b", ["ConsistentInstructionCasing"]),
        ("FROM debian:12.1 as tool", ["FromAsCasing"]),
        ("FROM debian:12.1 AS Tool", ["StageNameCasing"]),
        ("FROM debian:12.1 AS scratch", ["ReservedStageName"]),
        (f"{PINNED} AS a\n{PINNED} AS a", ["DuplicateStageName"]),
        (f"{PINNED}\nCMD run me", ["JSONArgsRecommended"]),
        (f'{PINNED}\nSHELL ["/bin/bash", "-c"]\nCMD run me', []),
        (f'{PINNED} AS a\nSHELL ["bash", "-c"]\nFROM a\nCMD run me', []),
        (f'{PINNED}\nCMD ["a"]\nCMD ["b"]', ["MultipleInstructionsDisallowed"]),
        (f'{PINNED} AS a\nCMD ["a"]\nFROM a\nCMD ["b"]', []),
        (f"{PINNED}\nMAINTAINER me", ["MaintainerDeprecated"]),
        (f"{PINNED}\nWORKDIR srv", ["WorkdirRelativePath"]),
        (f"{PINNED}\nWORKDIR /srv\nWORKDIR app", []),
        (f"{PINNED}\nENV A b", ["LegacyKeyValueFormat"]),
        (f"{PINNED}\nENV API_TOKEN=x", ["SecretsUsedInArgOrEnv"]),
        (f"{PINNED}\nARG PASSWORD", ["SecretsUsedInArgOrEnv"]),
        (f"{PINNED}\nENV PUBLIC_KEY=x MONKEY=y KEYBOARD=z", []),
        ("FROM debian:$TAG", ["UndefinedArgInFrom"]),
        ("ARG TAG=12.1\nFROM debian:${TAG}", []),
        ("FROM --platform=$BUILDPLATFORM debian:12.1", []),
        ("FROM --platform=$TARGETPLATFORM debian:12.1", ["RedundantTargetPlatform"]),
        ("FROM --platform=linux/amd64 debian:12.1", ["FromPlatformFlagConstDisallowed"]),
        ("FROM --platform=linux/arm64 debian:12.1 AS build-arm64", []),
        (f"{PINNED}\nEXPOSE 80/TCP", ["ExposeProtoCasing"]),
        (f"{PINNED}\nRUN a \\\n\n  b", ["NoEmptyContinuation"]),
        ("# check=skip=JSONArgsRecommended\nFROM debian:12.1\nCMD run me", []),
        ("# check=skip=all\nFROM debian:12.1\nENV API_TOKEN=x", []),
        ("FROM debian", ["dnb-unpinned-base"]),
        ("FROM localhost:5000/a:latest", ["dnb-unpinned-base"]),
        ("FROM localhost:5000/a:1", []),
        (f"FROM debian@sha256:{'0' * 64}", []),
        ("FROM scratch", []),
        (f"{PINNED} AS a\nFROM a", []),
        (
            f"{PINNED}\nRUN apt-get update && apt-get install x\nRUN rm -rf /var/lib/apt/lists/*",
            ["dnb-late-cleanup"],
        ),
        (f"{PINNED}\nRUN apt-get update && rm -rf /var/lib/apt/lists/*", []),
        (
            f"{PINNED}\nRUN --mount=type=cache,target=/var/lib/apt apt update\nRUN rm -rf {LISTS}",
            [],
        ),
    ],
)
def test_rule_speaks_where_it_applies_and_nowhere_else(source: str, rules: list[str]) -> None:
    assert [rule for rule, _, _ in told(check(source))] == rules


def test_finding_stands_in_its_cell_below_the_magics() -> None:
    report = check(
        "# what it is\nFROM debian:12.1",
        "%cache off\n\n# a comment\nWORKDIR srv",
        "%ls",
        "RUN one\nMAINTAINER me",
    )
    assert told(report) == [("WorkdirRelativePath", "[2]", 4), ("MaintainerDeprecated", "[4]", 2)]
    assert [each.excerpt for each in report.findings] == ["WORKDIR srv", "MAINTAINER me"]
    assert "[2] line 4: warning WorkdirRelativePath" in lint_text(report)


def test_cell_is_judged_as_part_of_the_file() -> None:
    """Alone, the second cell would have a relative WORKDIR and a CMD without SHELL."""
    assert told(check(f"{PINNED}\nWORKDIR /a", 'WORKDIR b\nSHELL ["a"]', "CMD run me")) == []


def apt(*more: str) -> list[StepResult]:
    return [
        step(1, PINNED),
        step(2, "RUN apt-get update", "A /var/lib/apt/lists/x 19200000", "A /usr/y 7"),
        *(step(n, source) for n, source in enumerate(more, 3)),
    ]


def test_late_cleanup_has_its_cost_and_its_cell() -> None:
    results = apt()
    results.append(step(3, "RUN rm -rf /var/lib/apt/lists/*", "D /var/lib/apt/lists/x"))
    report = check(*(each.source for each in results), results=results, user="app")
    assert told(report) == [("dnb-late-cleanup", "[3]", 1)]
    finding = report.findings[0].finding
    assert "costs 19.2 MB in [2]" in finding.message
    assert finding.bytes == 19_200_000
    assert "19.2 MB could be saved" in lint_text(report)


def test_lists_that_stay_and_a_root_user_are_told_of_what_was_built() -> None:
    results = apt('CMD ["sh"]')
    sources = [each.source for each in results]
    report = check(*sources, results=results, user="root:root")
    assert told(report) == [("dnb-apt-lists", "[2]", 1), ("dnb-root-user", "[3]", 1)]
    changed = [*sources[:1], "RUN something else", *sources[2:]]
    assert told(check(*changed, results=results, user="root")) == []
    failed = [replace(results[0], cell_id="elsewhere")]
    assert told(check(*sources, results=failed, user="")) == []


def test_base_without_tag_is_named_with_what_it_is_today() -> None:
    results = [step(1, "FROM debian")]
    message = check("FROM debian", results=results, user="app").findings[0].finding.message
    assert "today it is 111111111111, 1.0 kB" in message


def test_hadolint_is_asked_about_the_whole_file() -> None:
    if find_hadolint() is None:
        missing("hadolint", "hadolint is not installed: pip install 'dockernb[lint]'")
    report = check("FROM debian", "RUN cd /tmp && apt-get install -y curl=1", hadolint=True)
    found = told(report)
    assert ("DL3015", "[2]", 1) in found
    assert "DL3006" not in [rule for rule, _, _ in found], "our own rule says it with more"
    assert not report.notes


def test_without_hadolint_the_report_says_how_to_get_it() -> None:
    assert "pip install 'dockernb[lint]'" in check(PINNED).notes[0]


def test_text_of_cells_is_escaped() -> None:
    page = lint_html(check(PINNED, "ENV <b>_TOKEN=<script>"))
    assert "<script>" not in page
    assert "<b>_TOKEN" not in page


@pytest.mark.parametrize(
    ("rule", "link"),
    [
        ("DL3008", "https://github.com/hadolint/hadolint/wiki/DL3008"),
        ("SC2086", "https://www.shellcheck.net/wiki/SC2086"),
        (
            "JSONArgsRecommended",
            "https://docs.docker.com/reference/build-checks/json-args-recommended/",
        ),
        ("dnb-root-user", "docs/lint.md#dnb-root-user"),
    ],
)
def test_every_rule_has_a_page(rule: str, link: str) -> None:
    assert link_of(rule) == link


def test_every_rule_of_ours_and_of_buildkit_stands_in_the_docs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "lint.md").read_text("utf-8")
    folder = Path(rules.__file__).parent
    named = set(re.findall(r'"(dnb-[a-z-]+)"', (folder / "rules.py").read_text("utf-8")))
    checks = set(re.findall(r'_at\(\s*"([A-Z]\w+)"', (folder / "buildkit.py").read_text("utf-8")))
    assert len(named) == 4
    assert len(checks) > 10
    for rule in named:
        section = page.partition(f"## {rule}\n")[2].partition("\n## ")[0]
        assert "**What**" in section, rule
        assert "**Why**" in section, rule
    for check in checks:
        assert f"| {check} |" in page, check
