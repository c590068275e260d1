"""`run`: a command in a container of the snapshot, its exit code and what it prints."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .container import Limit, own_spec, run, start_command
from .match import Match
from .subject import Finding, Subject
from .table import Table

__all__ = ["RunRule", "health_command"]

_WITHIN = 30.0
_SUCCESS = Match("is", (0,))
_ASKED = ("command", "start", "args", "healthcheck")


@dataclass(frozen=True)
class RunRule:
    """Conditions on a command that ends by itself.

    Args:
        command: Its words; None: one of the next two.
        args: With ENTRYPOINT, in the place of CMD; None: ENTRYPOINT and CMD.
        healthcheck: Run the command of HEALTHCHECK.
        user: In the place of the image's USER; "": that one.
        within: Seconds.
    """

    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    healthcheck: bool = False
    exit_code: Match = _SUCCESS
    output: Match | None = None
    user: str = ""
    within: float = _WITHIN

    @classmethod
    def read(cls, table: Table) -> RunRule:
        """The rule that a table says."""
        if sum(table.has(key) for key in _ASKED) != 1:
            raise table.error("", f"exactly one of {', '.join(_ASKED)} says what is run")
        if table.has("start") and not table.flag("start", default=True):
            raise table.error("start", f"{table.name_of('start')} can only be true")
        return cls(
            command=table.command("command") if table.has("command") else None,
            args=table.texts("args") if table.has("args") else None,
            healthcheck=table.flag("healthcheck", default=False),
            exit_code=table.match("exit_code") or _SUCCESS,
            output=table.match("output"),
            user=table.text("user", "-").removeprefix("-"),
            within=table.seconds("within") or _WITHIN,
        )

    def examine(self, subject: Subject) -> Finding:
        """Runs it."""
        command = self._command(subject)
        if not command:
            what = "HEALTHCHECK" if self.healthcheck else "the start command"
            return Finding(False, f"{what}: not set")
        spec = own_spec(subject, command)
        if self.user:
            spec = replace(spec, user=self.user)
        ended = run(subject, spec, Limit(subject.cancel, self.within))
        if ended.exit_code is None:
            return Finding(False, f"it did not end within {self.within:g} s", ended.tail)
        ok = self.exit_code.holds(ended.exit_code)
        if ok and self.output is not None and not self.output.holds(ended.output.rstrip("\n")):
            return Finding(False, "it printed something else", ended.tail)
        return Finding(ok, f"it ended with exit code {ended.exit_code}", ended.tail)

    def _command(self, subject: Subject) -> tuple[str, ...]:
        if self.healthcheck:
            return health_command(subject)
        return self.command or start_command(subject, self.args)


def health_command(subject: Subject) -> tuple[str, ...]:
    """The command of HEALTHCHECK; empty where there is none."""
    healthcheck = subject.image.config.runtime.healthcheck
    match healthcheck.test if healthcheck else ():
        case ("CMD", *words):
            return tuple(words)
        case ("CMD-SHELL", text):
            return (*(subject.image.config.runtime.shell or ("/bin/sh", "-c")), text)
    return ()
