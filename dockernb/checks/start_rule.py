r"""`start`: the image is started as `docker run` does it, asked whether it works, and stopped.

The engine runs one command in a container and knows no "exec". So a shell in the container makes a
background process that asks, and then becomes the image's start command by `exec`: that is process
1, with its own environment and its own signals, as it would be without us.

The shell tells what it sees in lines that begin with a word nobody can guess::

    TOKEN answer          what the probe printed follows
    TOKEN code 0          the end of that, with the probe's exit code
    TOKEN signals 1 ...   before the signal: its process ID, the signals that it catches (hex)

It asks twice: a program that sends its work into the background may answer just before it ends, and
the container with it.

A process 1 ignores a signal that it does not catch (kill(2)). Where the engine cannot make it
process 1, the mask of caught signals tells whether it would have ended; without a /proc, its exit
code tells whether the signal killed it.
"""

from __future__ import annotations

import re
import secrets
import shlex
import signal
from dataclasses import dataclass, field

from .container import Ended, Limit, Output, own_spec, run, start_command
from .match import Match
from .run_rule import health_command
from .subject import Finding, Subject
from .table import Table

__all__ = ["StartRule"]

_WITHIN = 20.0

_SCRIPT = """
token=$1 signal=$2 probe=$3
shift 3
main=$$
(
  pause() { sleep 0.3 2>/dev/null || sleep 1 || exit; }
  ask() { answer=$(eval "$probe" 2>&1 </dev/null); }
  until ask && pause && ask; do pause; done
  printf '\\n%s answer\\n%s\\n%s code 0\\n' "$token" "$answer" "$token"
  [ -n "$signal" ] || exit
  caught=unknown
  while read -r name value; do
    if [ "$name" = SigCgt: ]; then caught=$value; fi
  done 2>/dev/null <"/proc/$main/status"
  printf '%s signals %s %s\\n' "$token" "$main" "$caught"
  kill -"$signal" "$main"
) &
exec "$@"
"""


@dataclass(frozen=True)
class StartRule:
    """Conditions on a program that goes on running.

    Args:
        probe: A shell text that ends with exit code 0 once the program works; None: HEALTHCHECK's.
        output: Condition on what the probe prints then.
        within: Seconds until the probe must succeed.
        stops_within: Seconds until it must have ended after the image's stop signal; None: it is
            not asked to.
        args: In the place of CMD.
    """

    probe: str | None
    output: Match | None = None
    within: float = _WITHIN
    stops_within: float | None = None
    args: tuple[str, ...] | None = None

    @classmethod
    def read(cls, table: Table) -> StartRule:
        """The rule that a table says."""
        healthcheck = table.flag("healthcheck", default=False)
        if table.has("probe") == healthcheck:
            raise table.error("", "exactly one of probe, healthcheck says how it is asked")
        return cls(
            probe=None if healthcheck else _shell_text(table.command("probe")),
            output=table.match("output"),
            within=table.seconds("within") or _WITHIN,
            stops_within=table.seconds("stops_within"),
            args=table.texts("args") if table.has("args") else None,
        )

    def examine(self, subject: Subject) -> Finding:
        """Starts it."""
        command = start_command(subject, self.args)
        probe = self.probe or _shell_text(health_command(subject))
        if not command or not probe:
            return Finding(False, f"{'HEALTHCHECK' if command else 'the start command'}: not set")
        with subject.files() as view:
            if view.stat("/bin/sh") is None:
                return Finding(False, "the image has no /bin/sh, so it cannot be asked")
        watch = _Watch(self, Limit(subject.cancel, self.within), "@" + secrets.token_hex(8))
        number = _signal_number(subject.image.config.runtime.stop_signal)
        sent = str(number) if self.stops_within is not None else ""
        shell = ("/bin/sh", "-c", _SCRIPT, "sh", watch.token, sent, probe)
        spec = own_spec(subject, (*shell, *command))
        return self._judge(run(subject, spec, watch.limit, watch), watch, number)

    def _judge(self, ended: Ended, watch: _Watch, number: int) -> Finding:
        log = watch.without_marks(ended)
        if watch.answer is None:
            if ended.exit_code is None:
                return Finding(False, f"it did not answer within {self.within:g} s", log)
            return Finding(False, f"it ended at once with exit code {ended.exit_code}", log)
        if self.output is not None and not self.output.holds(watch.answer):
            return Finding(False, "it answered something else", watch.answer)
        if self.stops_within is None:
            return Finding(True, "it answers")
        stopped = ended.exit_code is not None and watch.would_end(number, ended.exit_code)
        name = signal.Signals(number).name
        if stopped:
            return Finding(True, f"it answers, and ends after {name}")
        return Finding(False, f"it did not end within {self.stops_within:g} s after {name}", log)


@dataclass
class _Watch:
    """Reads the marks in the output, and ends the container when nothing more is to be seen."""

    rule: StartRule
    limit: Limit
    token: str
    answer: str | None = None
    _output: Output = field(default_factory=Output)

    def __call__(self, data: bytes) -> None:
        self._output(data)
        if self.answer is not None:
            return
        mark = re.escape(self.token)
        pattern = f"(?ms)^{mark} answer\n(.*?)\n?^{mark} code 0$"
        found = re.search(pattern, self._text)
        if found is None:
            return
        self.answer = found[1]
        if self.rule.stops_within is None:
            self.limit.stop.set()
        else:
            self.limit.restart(self.rule.stops_within)

    def would_end(self, number: int, exit_code: int) -> bool:
        """Whether a process 1 would have ended: it was one, or it catches the signal."""
        found = re.search(f"(?m)^{self.token} signals (\\d+) (\\w+)$", self._text)
        if found is None or found[1] == "1":
            return True
        if found[2] == "unknown":
            return exit_code != 128 + number
        return bool(int(found[2], 16) >> (number - 1) & 1)

    def without_marks(self, ended: Ended) -> str:
        """The last lines of the program's own."""
        mark = re.escape(self.token)
        text = re.sub(f"(?ms)^{mark} answer$.*?^{mark} code 0$", "", ended.output)
        lines = [line for line in text.splitlines() if line.strip() and self.token not in line]
        return Ended(None, "\n".join(lines)).tail

    @property
    def _text(self) -> str:
        return self._output.text.replace("\r", "")


def _shell_text(command: tuple[str, ...]) -> str:
    """The command as text for a shell of its own, which may `exit` without ending ours."""
    return shlex.join(command)


def _signal_number(name: str) -> int:
    """The number of STOPSIGNAL: "SIGINT", "INT" or "2"; Docker's default is SIGTERM."""
    if name.isdecimal():
        return int(name)
    known = {each.name.removeprefix("SIG"): each.value for each in signal.Signals}
    return known.get(name.upper().removeprefix("SIG"), signal.SIGTERM)
