"""What the card of a running container shows, as JSON, as text and as static HTML. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from ..build.result import StepLog
from ..engines.base import Port
from ..oci.digest import short_id
from ..use.run import RunFacts, RunState
from .ansi import lines_to_html
from .figures import format_seconds
from .log_excerpt import excerpt_of
from .visible import encodable, visible, visible_lines

__all__ = ["RUN_MIME", "RunView", "from_run_json", "run_html", "run_json", "run_text", "run_trait"]

RUN_MIME = "application/vnd.dockernb.run+json"
_STATUSES = ("running", "stopping", "exited", "failed", "lost")
_LOG_CHARS = 12_000
_NO_LOG = StepLog("", 0, 0)
_MOST_PORTS = 50
_TONES = {"running": "#2f7de0", "exited": "#1f8a4c"}
_OTHER_TONE = "#a37200"
_BAD = "#e0453d"
_LINE = "1px solid rgba(128,128,128,0.4)"
_PRE = (
    "font-family:monospace;font-size:12px;line-height:1.5;margin:0;padding:6px 12px;"
    f"background:none;white-space:pre-wrap;max-height:320px;overflow:auto;border-top:{_LINE}"
)


@dataclass(frozen=True)
class RunView:
    """A container as a reader sees it.

    Args:
        lost: It was running when the kernel that knew it went away, and it with it.
    """

    facts: RunFacts
    state: RunState
    log: StepLog = _NO_LOG
    lost: bool = False

    @property
    def status(self) -> str:
        return "lost" if self.lost else self.state.status

    @property
    def is_bad(self) -> bool:
        return not self.lost and (self.state.status == "failed" or bool(self.state.exit_code))

    @property
    def outcome(self) -> str:
        """How it ended; "" while it runs."""
        if self.lost:
            return "its kernel is gone, and it with it"
        return "" if self.state.exit_code is None else f"exit code {self.state.exit_code}"

    @property
    def command(self) -> str:
        return visible(shlex.join(self.facts.command)[:500])

    @property
    def image(self) -> str:
        return short_id(self.facts.image_id)


def run_trait(view: RunView) -> dict[str, Any]:
    """All but the log, for the browser; every text is ready to show."""
    state, error = view.state, view.state.error
    return {
        "status": view.status,
        "bad": view.is_bad,
        "name": visible(view.facts.name),
        "image": view.image,
        "command": view.command,
        "outcome": view.outcome,
        "health": state.health or "",
        "time": format_seconds(state.seconds) if state.is_over and not view.lost else "",
        "ports": [[port.host, port.container, port.protocol] for port in _shown_ports(view)],
        "notes": [visible(note[:500]) for note in view.facts.notes],
        "error": None
        if error is None
        else {"title": visible(error.message[:2000]), "details": _details(view)},
    }


def run_json(view: RunView, *, model_id: str | None, cell_id: str | None) -> dict[str, Any]:
    """What a notebook keeps, so that its card can be shown by another kernel."""
    excerpt = excerpt_of(view.log, _LOG_CHARS)
    gap = f"\n[{excerpt.gap}]\n" if excerpt.gap else ""
    return {
        "version": 1,
        "kind": "run",
        "cell_id": cell_id,
        "model_id": model_id,
        "name": view.facts.name,
        "image": view.facts.image_id,
        "command": [encodable(word) for word in view.facts.command],
        "status": view.status,
        "exit_code": view.state.exit_code,
        "health": view.state.health,
        "seconds": round(view.state.seconds, 2),
        "ports": [
            {"host": port.host, "container": port.container, "protocol": port.protocol}
            for port in _shown_ports(view)
        ],
        "log": encodable(excerpt.head + gap + excerpt.tail),
    }


def from_run_json(data: Mapping[str, Any]) -> RunView:
    """A saved view; what still ran is lost.

    Raises:
        ValueError: it is none.
    """
    try:
        ports = tuple(
            Port(int(port["container"]), int(port["host"]), _protocol(port["protocol"]))
            for port in data["ports"][:_MOST_PORTS]
        )
        status, code = str(data["status"]), data.get("exit_code")
        if status not in _STATUSES:
            raise ValueError(f'unknown status "{status[:40]}"')
        facts = RunFacts(
            str(data["name"])[:100],
            str(data["image"])[:100],
            ports,
            tuple(str(word)[:1000] for word in data["command"][:100]),
        )
        state = RunState(
            "exited" if status == "exited" else "failed",
            int(code) if isinstance(code, int) else None,
            seconds=float(data["seconds"]),
        )
        text = str(data["log"])[: 4 * _LOG_CHARS]
    except (KeyError, TypeError, AttributeError) as err:
        raise ValueError("this is no card of a container") from err
    log = StepLog(text, len(text.splitlines()), 0)
    return RunView(facts, state, log, lost=status in {"running", "stopping", "lost"})


def _protocol(text: object) -> Any:
    return "udp" if text == "udp" else "tcp"


def run_text(view: RunView) -> str:
    """A few lines for who sees text only."""
    rows = [f"{visible(view.facts.name)}: {view.status}"]
    rows[0] += "".join(f", {text}" for text in (view.outcome, view.state.health) if text)
    if not view.state.is_over:
        rows += [f"  {_port_text(port)}" for port in _shown_ports(view)]
        rows += [f"  {visible(note)}" for note in view.facts.notes]
    if view.state.error is not None:
        rows.append(f"  {visible(view.state.error.message)}")
    return "\n".join(rows)


def run_html(view: RunView) -> str:
    """Static: no script, no outside file; every text is escaped."""
    tone = _BAD if view.is_bad else _TONES.get(view.status, _OTHER_TONE)
    badge = f"color:{tone};font-weight:600;font-size:12px"
    facts = [
        _span(view.status, badge),
        _span(view.facts.name, "font-family:monospace;font-weight:600"),
        _span(view.image, "font-family:monospace;opacity:0.75"),
        _span(view.command, "font-family:monospace;opacity:0.75"),
        _span(view.outcome),
        _span(view.state.health or ""),
        _span(format_seconds(view.state.seconds) if view.state.is_over else ""),
    ]
    head = "display:flex;flex-wrap:wrap;gap:2px 12px;padding:6px 12px"
    parts = [f'<div style="{head}">{"".join(facts)}</div>']
    if not view.state.is_over:
        parts += [f'<div style="padding:0 12px 6px">{_port_link(p)}</div>' for p in
                  _shown_ports(view)]  # fmt: skip
    if view.state.error is not None:
        text = escape(f"{visible(view.state.error.message[:2000])}\n{_details(view)}")
        parts.append(f'<pre style="{_PRE};color:{_BAD}">{text.rstrip()}</pre>')
    parts.append(_log_html(view.log))
    root = f"border:{_LINE};border-radius:6px;margin:2px 0;overflow:hidden;font-size:13px"
    label = escape(visible(f"container {view.facts.name}: {view.status}"))
    return f'<div role="group" aria-label="{label}" style="{root}">{"".join(parts)}</div>'


def _log_html(log: StepLog) -> str:
    if not log.text:
        return ""
    excerpt = excerpt_of(log, _LOG_CHARS)
    text = lines_to_html(excerpt.head_lines)
    if excerpt.gap:
        text += f"\n[{escape(excerpt.gap)}]\n" + lines_to_html(excerpt.tail_lines)
    return f'<pre style="{_PRE}">{text}</pre>'


def _details(view: RunView) -> str:
    error = view.state.error
    return visible_lines("\n".join(error.details())[:4000]) if error is not None else ""


def _shown_ports(view: RunView) -> tuple[Port, ...]:
    return view.facts.ports[:_MOST_PORTS]


def _port_text(port: Port) -> str:
    inside = f"{port.container}/{port.protocol}"
    if port.protocol == "tcp":
        return f"http://localhost:{port.host}/ is its port {inside}"
    return f"localhost:{port.host} is its port {inside}"


def _port_link(port: Port) -> str:
    if port.protocol != "tcp":
        return escape(_port_text(port))
    address = f"http://localhost:{port.host}/"
    return (
        f'<a href="{address}" target="_blank" rel="noopener">{address}</a> '
        f"is its port {port.container}"
    )


def _span(text: str, css: str = "") -> str:
    return f'<span style="{css}">{escape(visible(text))}</span>' if text else ""
