from __future__ import annotations

from dockernb.cli.buildx_progress import BuildLine, BuildProgress, CellStep, cell_steps

SOURCES = [
    "ARG V=1",
    "FROM busybox AS base",
    "RUN make",
    "%arg X=1\nFROM base AS Web\nWORKDIR /w\nENV A=1",
    "RUN one\nRUN two",
    "FROM scratch\nCOPY --from=web /w /w",
    "%%shell\nls",
    "RUM broken",
]


def told(*lines: str) -> list[BuildLine]:
    progress = BuildProgress(cell_steps(SOURCES))
    return [shown for line in lines if (shown := progress.line(line)) is not None]


def test_steps_are_counted_as_buildkit_does() -> None:
    assert cell_steps(SOURCES) == [
        CellStep("base", 1, "FROM", 2),
        CellStep("base", 2, "RUN", 3),
        CellStep("web", 1, "WORKDIR", 4),
        CellStep("web", 2, "RUN", 5),
        CellStep("web", 3, "RUN", 5),
        CellStep("stage-2", 1, "COPY", 6),
    ]


def test_a_step_is_told_by_its_cell() -> None:
    assert told(
        "#5 [web 2/3] RUN one",
        "#5 0.123 DONE 1.0s",
        "#5 DONE 1.2s",
        "",
        "#6 [stage-2 1/1] COPY --from=web /w /w",
        "#6 CACHED",
    ) == [
        BuildLine("begin", "RUN one", 5),
        BuildLine("print", "DONE 1.0s", 5),
        BuildLine("end", "1.2s", 5, "built"),
        BuildLine("begin", "COPY --from=web /w /w", 6),
        BuildLine("end", "", 6, "cached"),
    ]


def test_platforms_and_steps_of_one_stage_alone_are_told_by_their_cell() -> None:
    lines = told("#7 [linux/arm64 base 2/2] RUN make", "#8 [linux/amd64 2/2] RUN make")
    assert [(line.text, line.cell) for line in lines] == [
        ("linux/arm64 RUN make", 3),
        ("[linux/amd64 2/2] RUN make", None),  # two stages have a second RUN
    ]


def test_steps_that_go_on_at_the_same_time_are_kept_apart() -> None:
    lines = told(
        "#5 [web 2/3] RUN one",
        "#5 ...",
        "",
        "#6 [base 2/2] RUN make",
        "#6 0.100 made",
        "#5 [web 2/3] RUN one",
        "#5 0.200 done",
    )
    assert [(line.kind, line.cell) for line in lines] == [
        ("begin", 5), ("begin", 3), ("print", 3), ("print", 5),
    ]  # fmt: skip


def test_a_failed_step_and_what_belongs_to_no_cell() -> None:
    progress = BuildProgress(cell_steps(SOURCES))
    lines = [
        progress.line(line)
        for line in (
            "#1 [internal] load build definition from Dockerfile",
            "#1 transferring dockerfile: 68B done",
            "#1 DONE 0.0s",
            "#5 [base 2/2] RUN make",
            "#5 ERROR: process did not complete: exit code: 2",
            "------",
        )
    ]
    assert lines == [
        BuildLine("begin", "[internal] load build definition from Dockerfile"),
        BuildLine("print", "transferring dockerfile: 68B done"),
        BuildLine("end", "0.0s", None, "built"),
        BuildLine("begin", "RUN make", 3),
        BuildLine("end", "process did not complete: exit code: 2", 3, "failed"),
        BuildLine("other", "------"),
    ]
    assert progress.failed_cell == 3
