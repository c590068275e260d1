"""What a run prints: the log as it comes, and one line a step."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable

import click
from rich.console import Console

from dockernb.build.events import (
    BuildEvent,
    OutputReceived,
    PhaseStarted,
    PullProgressed,
    StepFinished,
    StepStarted,
)
from dockernb.build.result import StepResult
from dockernb.cli.layers import LayerBars
from dockernb.cli.terminal import clean, echo
from dockernb.ui.figures import format_bytes, format_seconds

__all__ = ["StepPrinter", "step_line"]

_COLORS = {"built": "green", "cached": "cyan", "failed": "red", "interrupted": "yellow"}
_TEXT_WIDTH = 46


class StepPrinter:
    """Listens to a build and prints it. One step at a time; called from the building thread.

    Args:
        err: True: to standard error, because standard output is for the machine.
        quiet: True: no log, only the line that each step leaves.
    """

    def __init__(self, *, err: bool = False, quiet: bool = False) -> None:
        self._err = err
        self._quiet = quiet
        self._stream = sys.stderr if err else sys.stdout
        self._title = ""
        self._titled = True
        self._decode: Callable[[bytes], str] = str
        self._line = ""
        self._pull: LayerBars | None = None
        self._new_log()

    def __call__(self, event: BuildEvent) -> None:
        match event:
            case StepStarted():
                self._title = f"step {event.step}  {_one_line(event.source, 70)}"
                self._titled = False
                self._new_log()
            case PhaseStarted(phase="pull", detail=detail):
                self.print_title()
                self.say(f"  pulling {detail}".rstrip())
            case PullProgressed(progress=progress):
                # Without a total it is a word about the whole pull, not a layer on its way.
                if progress.total and self._stream.isatty():
                    self._pull = self._pull or LayerBars(self._stream_console())
                    self._pull.show(progress.id, progress.status, progress.current, progress.total)
            case OutputReceived(data=data, replayed=False) if not self._quiet:
                self._log(data)
            case StepFinished(result=result):
                self._finish(result)

    def say(self, text: str) -> None:
        """One line of ours."""
        echo(text, err=self._err)

    def print_title(self) -> None:
        """The step's name, above its log; nothing if it is there already."""
        if not self._titled:
            self._titled = True
            self.say(click.style(self._title, bold=True))

    def _new_log(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._line = ""

    def _log(self, data: bytes) -> None:
        self.print_title()
        *lines, self._line = (self._line + self._decode(data)).split("\n")
        # A line without end must not fill the memory.
        while len(self._line) > 1 << 16:
            lines.append(self._line[: 1 << 16])
            self._line = self._line[1 << 16 :]
        for line in lines:
            self._log_line(line)

    def _log_line(self, line: str) -> None:
        # Programs that draw a bar go back to the start of the line: its last state is shown.
        self.say("  " + line.rstrip("\r").rpartition("\r")[2])

    def _finish(self, result: StepResult) -> None:
        if self._line:
            self._log_line(self._line)
            self._new_log()
        if self._pull is not None:
            self._pull.close()
            self._pull = None
        self._titled = True
        for warning in result.warnings:
            self.say(f"  warning: {warning}")
        self.say(step_line(result))

    def _stream_console(self) -> Console:
        return Console(file=self._stream, highlight=False)


def step_line(result: StepResult) -> str:
    """Step, instruction, status, snapshot, size and seconds of a finished step.

    The size is what the step adds; of FROM, what the base has.
    """
    snapshot = result.snapshot
    size = "-"
    if snapshot is not None and result.instruction == "FROM":
        size = format_bytes(snapshot.size)
    elif snapshot is not None:
        size = "+" + format_bytes(snapshot.layer_size)
    columns = [
        f"step {result.step:<3}",
        f"{_one_line(result.source, _TEXT_WIDTH):<{_TEXT_WIDTH}}",
        click.style(f"{result.status:<11}", fg=_COLORS[result.status]),
        f"{snapshot.short_id if snapshot else '-':<12}",
        f"{size:>9}",
        f"{format_seconds(result.seconds.get('total', 0.0)):>8}",
    ]
    return "  ".join(columns)


def _one_line(source: str, width: int) -> str:
    lines = (line.strip() for line in source.splitlines())
    words = (line for line in lines if line and not line.startswith("#"))
    text = click.unstyle(clean(" ".join(words)))
    return text if len(text) <= width else text[: width - 3] + "..."
