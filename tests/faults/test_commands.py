"""Commands that misbehave: what they leave running, how they end, and what they print."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from dockernb.errors import BuildInterruptedError
from dockernb.ui.card_json import card_json
from dockernb.ui.card_view import view_of
from dockernb.ui.html import card_html
from dockernb.ui.text import card_text
from tests.faults.notebooks import Notebooks
from tests.faults.places import Place, processes_with
from tests.functional.kernel.client import Kernel, started
from tests.functional.notebooks import Notebook

MEGABYTE = 1_000_000
#: Each says once that it is there; none ends by itself.
DAEMONS = """
sh -c 'echo one >>/said; exec sleep 1000' &
(setsid sh -c 'trap "" TERM HUP INT; echo two >>/said; while :; do sleep 1000; done' &) &
(sh -c 'echo three >>/said; exec sleep 1000' >/dev/null 2>&1 </dev/null &) &
while [ "$(wc -l </said)" != 3 ]; do :; done
echo done
"""


@pytest.fixture
def notebook(notebooks: Notebooks, tmp_path: Path) -> Notebook:
    made = notebooks.open(tmp_path)
    made.run("from", f"FROM {notebooks.place.base}")
    return made


def test_daemons_of_a_command_end_with_it(notebook: Notebook) -> None:
    """As with `docker build`: the step does not wait for them, and its files are kept."""
    mark = f"mark-{time.time_ns()}"
    notebook.run("env", f"ENV MARK={mark}")
    (result,) = notebook.run("run", f"RUN <<EOF\n: >/said{DAEMONS}EOF")
    assert result.log.text == "done\n"
    assert [(entry.path, entry.size) for entry in result.diff.entries] == [("/said", 14)]
    assert list(processes_with(f"MARK={mark}")) == []


def test_a_command_that_ignores_all_signals_is_interrupted(notebook: Notebook) -> None:
    mark = f"mark-{time.time_ns()}"
    notebook.run("env", f"ENV MARK={mark}")
    notebook.on_event = lambda _: None
    source = "RUN trap '' TERM INT HUP QUIT; echo started; while :; do sleep 1000; done"
    cancel = notebook.cancel = threading.Event()
    begun = 0.0

    def interrupt(event: object) -> None:
        nonlocal begun
        if type(event).__name__ == "OutputReceived":
            begun = time.monotonic()
            cancel.set()

    notebook.on_event = interrupt
    with pytest.raises(BuildInterruptedError):
        notebook.run("run", source)
    assert time.monotonic() - begun < 5
    while list(processes_with(f"MARK={mark}")):  # the test's own time limit ends this
        time.sleep(0.01)
    notebook.cancel = threading.Event()
    assert notebook.run("run", "RUN true")[0].status == "built"


def test_control_sequences_and_broken_utf8_are_output_like_any_other(notebook: Notebook) -> None:
    """The log has the bytes that can be told; what is shown of it does nothing."""
    printed = (
        "\\033[2J\\033]0;title\\007\\033[31mred\\033[0m \\377\\376\\300\\200 \\0end \\r over\\n"
    )
    (result,) = notebook.run("run", f"RUN printf '{printed}'; printf 'half \\342\\202'")
    assert result.log.text.startswith("\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m \ufffd\ufffd")
    assert result.log.text.endswith("half \ufffd")
    view = view_of(result)
    for text in (card_html(view), card_text(view)):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert "\\u0000" not in repr(card_json(result))
    again = notebook.run("run")
    assert again[0].status == "cached"
    assert again[0].log == result.log


# --- a gigabyte of output ---------------------------------------------------------------------
@contextmanager
def kernel_on(place: Place, folder: Path) -> Iterator[Kernel]:
    with started("dockernb.kernel", folder, **place.environment) as kernel:
        yield kernel


def highest_memory(kernel: Kernel) -> int:
    """Bytes of memory that the kernel's process had at most (VmHWM of proc(5))."""
    provisioner = kernel.manager.provisioner
    assert isinstance(provisioner, LocalProvisioner)
    status = Path(f"/proc/{provisioner.pid}/status").read_text()
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def test_a_gigabyte_of_output_costs_little_memory(place: Place, tmp_path: Path) -> None:
    """Its head and tail are kept, and a page gets little of it; so it goes on as before."""
    megabyte = f"yes {'x' * 99} | head -n 10000 >/m"
    thousand = "i=0; while [ $i -lt 1000 ]; do cat /m; i=$((i+1)); done"
    source = f"RUN {megabyte}; echo first; {thousand}; echo last"
    with kernel_on(place, tmp_path) as kernel:
        assert kernel.run(f"FROM {place.base}", cell_id="from").reply["status"] == "ok"
        ran = kernel.collect(kernel.send(source, cell_id="run"), seconds=300)
        assert ran.reply["status"] == "ok"
        assert highest_memory(kernel) < 200 * MEGABYTE
        log = ran.cards[-1]["log"]
        assert log["head"].startswith("first\nxxx")
        assert log["tail"].endswith("xxx\nlast\n")
        assert log["lines"] == 10_000_002
        assert log["omitted"] > 990 * MEGABYTE
        sizes = [len(repr(message["content"])) for message in ran.messages]
        assert max(sizes) < MEGABYTE / 4
        assert len(sizes) < 50 + 11 * ran.seconds
        assert kernel.run("RUN true", cell_id="next").reply["status"] == "ok"
