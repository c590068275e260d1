from __future__ import annotations

from dockernb.engines.base import Progress
from dockernb.ui.transfer_view import transfer_text
from dockernb.use.transfer import TransferState

HALF = (Progress("a", "pushing", 400_000, 1_000_000), Progress("b", "pushing", 100_000, 0))


def test_line_says_how_much_of_how_much_and_how_fast() -> None:
    text = transfer_text("pushing x", TransferState(HALF, 2.0), done=False)
    assert text == "pushing x: 2 layers, 500.0 kB of 1.0 MB, 250.0 kB/s"


def test_finished_line_says_how_long_it_took() -> None:
    text = transfer_text("pushing x", TransferState(HALF, 2.0), done=True)
    assert text == "pushing x: 2 layers, 500.0 kB, 250.0 kB/s, 2.0 s"


def test_what_took_less_than_a_moment_has_no_rate() -> None:
    text = transfer_text("pushing x", TransferState(HALF, 0.04), done=True)
    assert text == "pushing x: 2 layers, 500.0 kB, 40 ms"
