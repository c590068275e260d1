"""The magic that checks an exercise."""

from __future__ import annotations

from pathlib import Path

from .registry import MagicCall, MagicError, magic

__all__: list[str] = []


@magic("%check NAME", takes=("exercise",))
def check(call: MagicCall) -> None:
    """Checks an exercise: examines the snapshot of the cell above, and gives hints.

    The exercise is the file `checks/NAME.toml` in the notebook's folder. Each time that something
    is missing, the next hint about it is shown. Commands of the check run in containers of the
    snapshot, and are thrown away.
    """
    from dockernb.checks.evaluate import evaluate  # noqa: PLC0415 - seldom needed
    from dockernb.checks.exercise import find_exercise  # noqa: PLC0415
    from dockernb.ui.check import check_html, check_text  # noqa: PLC0415

    words = call.words(1)
    if not words:
        raise MagicError("%check needs the name of an exercise", hint="usage: %check NAME")
    exercise = find_exercise(Path("checks"), words[0])
    subject = call.session.subject(
        cell_id=call.cell_id, order=call.workspace.order.cells(call.cell_id), cancel=call.cancel
    )
    attempts = call.workspace.attempts
    result = evaluate(exercise, subject, attempts.failures(exercise.name))
    attempts.note(result)
    call.publisher.display({"text/plain": check_text(result), "text/html": check_html(result)})
