"""Looking into snapshots with magics and on the card, on both engines."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.conftest import missing

from .client import Kernel, Ran, started

WIDGET = "application/vnd.jupyter.widget-view+json"
# One red pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
CELLS = {
    "make": (
        "RUN mkdir -p /srv/data && head -c 300000 /dev/zero > /srv/data/big"
        " && printf 'import os\\nprint(\"hi\")\\n' > /srv/app.py && ln -s app.py /srv/link"
    ),
    "take": (
        "RUN rm -r /srv/data && echo 'print(\"bye\")' >> /srv/app.py && printf '<b>&\\033' > /srv/h"
    ),
    "copy": "COPY logo.png /srv/",
}


@pytest.fixture(scope="module", params=["docker", "embedded"])
def built(
    request: pytest.FixtureRequest, registry: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Kernel, dict[str, Ran]]]:
    """A kernel in which the cells were built, and what building each gave."""
    environment = {"DOCKERNB_ENGINE": request.param}
    environment["DOCKERNB_HOME"] = str(tmp_path_factory.mktemp("home"))
    if request.param == "docker":
        environment["DOCKER_HOST"] = request.getfixturevalue("docker_host")
    else:
        engine = EmbeddedEngine(Path(environment["DOCKERNB_HOME"]))
        works = any(way.works for way in engine.ladder())
        engine.close()
        if not works:
            missing("embedded", "no way to run commands")
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "logo.png").write_bytes(PNG)
    with started("dockernb.kernel", folder, **environment) as kernel:
        cells = {"from": f"FROM {registry}/busybox:noconfig", **CELLS}
        ran = {cell_id: kernel.run(source, cell_id=cell_id) for cell_id, source in cells.items()}
        for each in ran.values():
            assert each.reply["status"] == "ok", each.reply
        yield kernel, ran


@pytest.fixture
def kernel(built: tuple[Kernel, dict[str, Ran]]) -> Kernel:
    return built[0]


def shown(ran: Ran) -> dict[str, Any]:
    assert ran.reply["status"] == "ok", ran.reply
    return dict(ran.of("display_data")[0]["data"])


def answer(ran: Ran) -> Any:
    assert ran.reply["status"] == "ok", ran.reply
    return json.loads(ran.text)


def test_ls_lists_a_folder_with_sizes_and_totals(kernel: Kernel) -> None:
    names = [e["path"] for e in answer(kernel.run("%ls /srv --json"))["entries"]]
    assert names == ["/srv/app.py", "/srv/h", "/srv/link", "/srv/logo.png"]
    before = answer(kernel.run("%ls /srv --at 2 --json"))["entries"]
    assert {e["path"]: e["total"] for e in before}["/srv/data"] == 300_000
    text = shown(kernel.run("%ls srv --at [2]"))["text/plain"]
    assert "300.0 kB" in text
    assert "link -> app.py" in text


def test_cat_shows_text_in_colours_a_picture_and_bytes(kernel: Kernel) -> None:
    python = shown(kernel.run("%cat /srv/link"))
    assert 'print("bye")' in python["text/plain"]
    assert "at /srv/app.py" in python["text/plain"]
    assert '<span style="color:' in python["text/html"]
    assert base64.b64decode(shown(kernel.run("%cat /srv/logo.png"))["image/png"]) == PNG
    assert "|.ELF" in shown(kernel.run("%cat /bin/busybox"))["text/plain"]
    hostile = shown(kernel.run("%cat /srv/h"))["text/html"]
    assert "&lt;b&gt;&amp;\\x1b" in hostile


def test_what_is_not_there_is_said_with_a_next_step(kernel: Kernel) -> None:
    assert kernel.run("%cat /nowhere").reply["evalue"] == 'there is no "/nowhere" in the snapshot'
    assert "%ls /srv" in kernel.run("%cat /srv").traceback
    assert "steps: 1 to 4" in kernel.run("%ls / --at nowhere").traceback


def test_find_knows_parts_and_patterns_of_names(kernel: Kernel) -> None:
    def found(arguments: str) -> list[str]:
        return [e["path"] for e in answer(kernel.run(f"%find {arguments} --json"))["entries"]]

    assert found("LOGO") == ["/srv/logo.png"]
    assert found("*.py") == ["/srv/app.py"]
    assert found("'/srv/[ah]*'") == ["/srv/app.py", "/srv/h"]


def test_path_is_followed_from_step_to_step(kernel: Kernel) -> None:
    def events(path: str) -> list[tuple[int, str]]:
        told = answer(kernel.run(f"%follow {path} --json"))["events"]
        return [(event["step"], event["change"]) for event in told]

    assert events("/srv/app.py") == [(2, "added"), (3, "modified")]
    assert events("/srv/data/big") == [(2, "added"), (3, "deleted")]
    assert events("/bin/busybox") == [(1, "there")]
    text = shown(kernel.run("%follow /srv/data/big"))["text/plain"]
    assert "deleted with /srv/data" in text


def test_wasted_bytes_have_their_steps_and_what_saves_them(kernel: Kernel) -> None:
    wasted = answer(kernel.run("%wasted --json"))["wasted"]
    big = wasted[0]
    assert (big["path"], big["bytes"], big["added_in"], big["lost_in"]) == (
        "/srv/data/big",
        300_000,
        2,
        3,
    )
    assert "same RUN" in big["advice"]
    assert [each["path"] for each in wasted[1:]] == ["/srv/app.py"]


def test_history_has_time_size_cache_and_files_of_every_step(kernel: Kernel) -> None:
    data = shown(kernel.run("%history"))
    assert "+300.0 kB" in data["text/plain"]
    assert "removed or replaced later" in data["text/html"], "what is lost is told in the picture"
    rows = answer(kernel.run("%history --json"))["steps"]
    assert [row["instruction"] for row in rows] == ["FROM", "RUN", "RUN", "COPY"]
    assert rows[1]["files"]["added"] == 5
    assert rows[3]["added_bytes"] == len(PNG)


def test_space_draws_the_folders_of_every_step(kernel: Kernel) -> None:
    tree = answer(kernel.run("%space --json"))
    by_name = {(node.get("step"), node["name"]): node for node in tree["children"]}
    assert by_name[1, "FROM"]["children"][0]["name"] == "/bin"
    assert by_name[2, "RUN"]["lost_bytes"] >= 300_000
    assert "/srv/data" in json.dumps(by_name[2, "RUN"])
    data = shown(kernel.run("%space", cell_id="space"))
    assert "/srv/data" in data["text/plain"]
    saved = data["application/vnd.dockernb.steps+json"]
    assert saved["space"]["children"][1]["lost"] >= 300_000
    assert saved["model_id"] == data[WIDGET]["model_id"]


def test_lines_of_a_file_differ_between_two_snapshots(kernel: Kernel) -> None:
    told = answer(kernel.run("%diff 2 3 /srv/app.py --json"))
    assert ["+", 'print("bye")'] in told["diff"]
    data = shown(kernel.run("%diff make take /srv/app.py"))
    assert '+print("bye")' in data["text/plain"]
    assert "+print(&quot;bye&quot;)" in data["text/html"]
    added = answer(kernel.run("%diff 2 4 /srv/h --json"))
    assert added["diff_note"].startswith("added")
    assert kernel.run("%diff 2 3 /nowhere").reply["ename"] == "LookError"


def test_lint_tells_by_cell_with_numbers_and_on_the_cards(kernel: Kernel) -> None:
    ran = kernel.run("%lint", cell_id="lint")
    told = shown(ran)["text/plain"]
    assert "[3] line 1: warning dnb-late-cleanup: /srv/data/big is removed here" in told
    assert "costs 300.0 kB in [2]" in told
    states = [content["data"].get("state", {}) for content in ran.of("comm_msg")]
    on_cards = [state["findings"] for state in states if state.get("findings")]
    assert ["warning", "dnb-late-cleanup"] in [[f[0], f[2]] for each in on_cards for f in each]


def open_on_card(kernel: Kernel, ran: Ran, message: dict[str, Any]) -> tuple[dict[str, Any], list]:
    """What the card's part in the browser sends, and the answer with its buffers."""
    outputs = [content["data"] for content in ran.of("display_data")]
    model_id = next(data[WIDGET]["model_id"] for data in outputs if WIDGET in data)
    content = {"comm_id": model_id, "data": {"method": "custom", "content": message}}
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_msg", content))
    while True:
        told = kernel.client.get_iopub_msg(timeout=30)
        data = told["content"].get("data", {})
        answer = data.get("content", {}) if data.get("method") == "custom" else {}
        if answer.get("kind") in ("file", "chunk"):
            return answer, [bytes(each) for each in told["buffers"]]


def test_file_opens_on_the_card_with_its_changes(built: tuple[Kernel, dict[str, Ran]]) -> None:
    kernel, ran = built
    file, _ = open_on_card(kernel, ran["take"], {"kind": "open", "path": "/srv/app.py"})
    assert file["show"] == "text"
    assert ["+", 'print("bye")'] in file["diff"]
    picture, buffers = open_on_card(kernel, ran["copy"], {"kind": "open", "path": "/srv/logo.png"})
    assert (picture["mime"], buffers) == ("image/png", [PNG])
    chunk, buffers = open_on_card(
        kernel, ran["copy"], {"kind": "download", "path": "/srv/logo.png", "offset": 0}
    )
    assert (chunk["total"], buffers) == (len(PNG), [PNG])


def test_card_opens_only_what_its_step_changed(built: tuple[Kernel, dict[str, Ran]]) -> None:
    kernel, ran = built
    refused, _ = open_on_card(kernel, ran["copy"], {"kind": "open", "path": "/bin/busybox"})
    assert refused["error"] == "this step has not changed such a path"
    folder, _ = open_on_card(kernel, ran["take"], {"kind": "open", "path": "/srv/data"})
    assert "a folder" in folder["error"]


def offered(kernel: Kernel, marked: str) -> set[str]:
    """What Tab offers at "‸"; a snapshot that is still being read is asked for again."""
    code, cursor = marked.replace("‸", ""), marked.index("‸")
    deadline = time.monotonic() + 20
    while not (found := kernel.ask("complete", code, cursor)["matches"]):
        assert time.monotonic() < deadline, f"nothing is offered for {marked}"
    return set(found)


def test_tab_offers_what_the_snapshot_has(kernel: Kernel) -> None:
    before = answer(kernel.run("%history --json"))
    assert "busybox" in offered(kernel, "RUN busy‸")
    assert offered(kernel, "RUN echo 🐳 \\\n  && wge‸t x") == {"wget"}
    assert offered(kernel, "RUN <<EOF\nset -e\nwge‸\nEOF") == {"wget"}
    # This is a cell's text: it stands on the snapshot above, which has no logo yet.
    assert offered(kernel, "COPY logo.png /srv/‸") == {"/srv/app.py", "/srv/h", "/srv/link"}
    assert offered(kernel, "RUN cat /srv/lo‸") == {"/srv/logo.png"}
    assert offered(kernel, "WORKDIR /sr‸") == {"/srv/"}
    assert offered(kernel, "COPY --chown=roo‸ a b") == {"root"}
    assert offered(kernel, "%cat /srv/a‸") == {"/srv/app.py"}
    assert answer(kernel.run("%history --json")) == before, "asking changes nothing"


def test_tab_offers_tags_of_the_registry(kernel: Kernel, registry: str) -> None:
    assert f"{registry}/busybox:noconfig" in offered(kernel, f"FROM {registry}/busybox:no‸")
    assert f"{registry}/debian:bookworm-slim" in offered(kernel, f"FROM {registry}/debian:‸")


def test_layers_of_the_base_image_count(kernel: Kernel) -> None:
    """The last test of this file: of the cells above nothing is known any more."""
    for cell_id, source in {
        "name": "%tag looked-into:base\n%reset",
        "upper": "FROM looked-into:base AS upper",
        "gone": "RUN rm /srv/app.py",
    }.items():
        assert kernel.run(source, cell_id=cell_id).reply["status"] == "ok"
    ran = kernel.run("%follow /srv/app.py --json")
    events = [(e["change"], e.get("layer")) for e in answer(ran)["events"]]
    assert events == [("added", 2), ("modified", 3), ("deleted", None)]
    assert "reading the layers of the base image" in shown(ran)["text/plain"]
    wasted = answer(kernel.run("%wasted --json"))["wasted"]
    lost = {w["path"]: (w["added_in_layer"], w.get("lost_in_layer")) for w in wasted}
    assert lost["/srv/data/big"] == (2, 3)
    assert all(w["in_base"] for w in wasted)
    assert "base layer 2" in shown(kernel.run("%follow /srv/app.py"))["text/plain"]
