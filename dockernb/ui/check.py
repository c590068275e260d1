"""The answer of a check, as text and as static HTML.

Texts of a check file and of a container are strangers' texts: all are made visible and escaped.
"""

from __future__ import annotations

import re
from html import escape

from ..checks.result import Answer, CheckResult
from .figures import format_count
from .visible import visible, visible_lines

__all__ = ["check_html", "check_text", "score_text"]

_LINE = "1px solid rgba(128,128,128,0.4)"
_ROOT = f"border:{_LINE};border-radius:6px;margin:2px 0;overflow:hidden;font-size:13px"
_ROW = f"border-top:{_LINE};padding:5px 12px;display:flex;gap:10px"
_PRE = (
    "font-family:monospace;font-size:12px;line-height:1.5;margin:4px 0;padding:0;background:none;"
    "white-space:pre-wrap;word-wrap:break-word;max-height:200px;overflow:auto"
)
_MUTE = "opacity:0.75"
# The tones of the cards: they can be read on light and on dark pages.
_TONES = {
    "right": "color:#1f8a4c;font-weight:600",
    "missing": "color:#e0453d;font-weight:600",
}
_MARKS = {"right": "✓", "missing": "✗"}
_LONG = 2_000


def score_text(result: CheckResult) -> str:
    """`2 of 3 right, 2 of 4 points`; no points where each thing is worth one."""
    text = f"{result.right} of {len(result.answers)} right"
    if result.max_score == len(result.answers):
        return text
    return f"{text}, {result.score} of {format_count(result.max_score, 'point')}"


def check_text(result: CheckResult) -> str:
    """The answer as plain text.

    Example::

        An image that runs redis-server: 1 of 3 right
          right    The program redis-server is in the image.
          missing  The image does not say that redis-server is to be started.
                   found: the start command: ["bash"]
                   hint 1 of 2: What a container starts with is no file: ...
          1 more is looked at when the above is right
    """
    lines = [f"{visible(result.title)}: {score_text(result)}"]
    for answer in _examined(result):
        lines.append(f"  {answer.status:<7}  {visible(answer.text)}")
        if answer.status == "missing":
            lines += [f"           {line}" for line in _details(answer)]
    if result.problem:
        lines += [f"  {line}" for line in visible_lines(result.problem).split("\n")]
    waiting = _waiting_text(result)
    return "\n".join([*lines, f"  {waiting}"] if waiting else lines)


def check_html(result: CheckResult) -> str:
    """The answer as HTML, styled in line as a card is."""
    tone = _TONES["right" if result.ok else "missing"]
    head = (
        f'<div style="padding:6px 12px;display:flex;gap:12px"><b>{_safe(result.title)}</b>'
        f'<span style="{tone};margin-left:auto">{_safe(score_text(result))}</span></div>'
    )
    rows = "".join(_row(answer) for answer in _examined(result))
    waiting = _waiting_text(result)
    last = f'<div style="{_ROW};{_MUTE}">{_safe(waiting)}</div>' if waiting else ""
    label = _safe(f"check {result.name}: {score_text(result)}")
    return f'<div role="group" aria-label="{label}" style="{_ROOT}">{head}{rows}{last}</div>'


def _row(answer: Answer) -> str:
    status = f"{_MARKS[answer.status]}\u00a0{answer.status}"
    mark = (
        f'<span style="{_TONES[answer.status]};white-space:nowrap;min-width:72px">{status}</span>'
    )
    body = f"<div>{_prose(answer.text)}</div>"
    if answer.status == "missing":
        if answer.found:
            body += f'<div style="{_MUTE}">Found: {_safe(answer.found)}</div>'
        if answer.output:
            body += f'<pre style="{_PRE}">{escape(visible_lines(answer.output[-_LONG:]))}</pre>'
        if answer.hint:
            body += f"<div><b>{_hint_name(answer).capitalize()}:</b> {_prose(answer.hint)}</div>"
    return f'<div style="{_ROW}">{mark}<div style="min-width:0">{body}</div></div>'


def _details(answer: Answer) -> list[str]:
    lines = [f"found: {visible(answer.found[:_LONG])}"] if answer.found else []
    lines += [f"| {line}" for line in visible_lines(answer.output[-_LONG:]).split("\n") if line]
    return [*lines, f"{_hint_name(answer)}: {visible(answer.hint)}"] if answer.hint else lines


def _hint_name(answer: Answer) -> str:
    if answer.hint_count == 1:
        return "hint"
    return f"hint {answer.hint_number} of {answer.hint_count}"


def _examined(result: CheckResult) -> list[Answer]:
    return [answer for answer in result.answers if answer.status != "waiting"]


def _waiting_text(result: CheckResult) -> str:
    count = len(result.answers) - len(_examined(result))
    if not count or result.problem:
        return ""
    return f"{count} more {'is' if count == 1 else 'are'} looked at when the above is right"


def _prose(text: str) -> str:
    """A text of the check file; what stands in backticks becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _safe(text))


def _safe(text: str) -> str:
    return escape(visible(text[:_LONG]))
