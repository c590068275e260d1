from __future__ import annotations

import fcntl
import gzip
import os
import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import zstandard

from dockernb.errors import (
    BuildInterruptedError,
    DigestMismatchError,
    EngineError,
    ImageNotFoundError,
    OciError,
    RegistryError,
    StorageFullError,
)
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistryClient

from .conftest import MakeClient
from .scripted import Handler, Reply, ScriptedServer, descriptor, failing, hang, ranged

DATA = os.urandom(300_000)
BLOB = descriptor(DATA)
PATH = f"/v2/team/app/blobs/{BLOB.digest}"


class Fetch:
    """Fetches BLOB to `target`, and keeps what was said of the progress."""

    def __init__(self, image: Reference, target: Path, cancel: threading.Event) -> None:
        self.image, self.target, self.cancel = image, target, cancel
        self.progress: list[int] = []

    def __call__(self, client: RegistryClient) -> None:
        client.fetch(self.image, BLOB, self.target, self.progress.append, self.cancel)

    @property
    def part(self) -> Path:
        return self.target.with_name(self.target.name + ".part")


@pytest.fixture
def fetch(image: Reference, tmp_path: Path, cancel: threading.Event) -> Fetch:
    return Fetch(image, tmp_path / "blob", cancel)


def test_blob_arrives_with_progress(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    server.on("GET", PATH, Reply(200, DATA))
    fetch(client)
    assert fetch.target.read_bytes() == DATA
    assert not fetch.part.exists()
    assert fetch.progress == sorted(fetch.progress)
    assert fetch.progress[-1] == len(DATA)


def test_empty_blob_arrives(
    server: ScriptedServer, client: RegistryClient, image: Reference, fetch: Fetch
) -> None:
    empty = descriptor(b"")
    client.fetch(image, empty, fetch.target, fetch.progress.append, fetch.cancel)
    assert fetch.target.read_bytes() == b""


def test_truncated_body_is_gone_on_with(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    server.on("GET", PATH, Reply(200, DATA, cut=100_000), ranged(DATA))
    fetch(client)
    assert fetch.target.read_bytes() == DATA
    assert [seen.headers["Range"] for seen in server.seen] == [None, "bytes=100000-"]


def test_part_of_an_earlier_pull_is_gone_on_with(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    fetch.part.write_bytes(DATA[:200_000])
    server.on("GET", PATH, ranged(DATA))
    fetch(client)
    assert fetch.target.read_bytes() == DATA
    assert [seen.headers["Range"] for seen in server.seen] == ["bytes=200000-"]
    assert fetch.progress[0] == 200_000


def test_whole_part_needs_no_request(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    fetch.part.write_bytes(DATA)
    fetch(client)
    assert fetch.target.read_bytes() == DATA
    assert server.seen == []


def test_registry_without_ranges_sends_all_again(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    fetch.part.write_bytes(DATA[:1000])
    server.on("GET", PATH, Reply(200, DATA))
    fetch(client)
    assert fetch.target.read_bytes() == DATA


@pytest.mark.parametrize(
    "answer",
    [
        Reply(416, b""),
        Reply(206, DATA[5:], {"Content-Range": f"bytes 5-{len(DATA) - 1}/{len(DATA)}"}),
        Reply(206, DATA[1000:], {"Content-Range": "bytes nonsense"}),
        Reply(206, DATA[1000:]),
    ],
    ids=["not satisfiable", "elsewhere", "nonsense", "silent"],
)
def test_wrong_range_makes_us_start_over(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch, answer: Reply
) -> None:
    fetch.part.write_bytes(DATA[:1000])
    server.on("GET", PATH, answer, ranged(DATA))
    fetch(client)
    assert fetch.target.read_bytes() == DATA
    assert [seen.headers["Range"] for seen in server.seen] == ["bytes=1000-", None]


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * len(DATA), b"x" * (len(DATA) + 1)])
def test_wrong_part_of_an_earlier_pull_is_replaced(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch, left: bytes
) -> None:
    fetch.part.write_bytes(left)
    server.on("GET", PATH, ranged(DATA))
    fetch(client)
    assert fetch.target.read_bytes() == DATA


def test_wrong_bytes_are_thrown_away(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    wrong = b"x" * len(DATA)
    server.on("GET", PATH, Reply(200, wrong))
    with pytest.raises(DigestMismatchError) as caught:
        fetch(client)
    assert BLOB.digest in str(caught.value.rule)
    assert descriptor(wrong).digest in str(caught.value.rule)
    assert not fetch.target.exists()
    assert not fetch.part.exists()


def test_more_bytes_than_promised_are_refused(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    server.on("GET", PATH, Reply(200, DATA + b"more"))
    with pytest.raises(DigestMismatchError, match=BLOB.digest):
        fetch(client)
    assert not fetch.part.exists()


def test_fewer_bytes_than_promised_fail_in_the_end(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    server.on("GET", PATH, Reply(200, DATA[:5000]))
    with pytest.raises(RegistryError) as caught:
        fetch(client)
    assert "tried 3 times" in str(caught.value.rule)
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("gzip", gzip.compress(DATA)), ("zstd", zstandard.compress(DATA))],
)
def test_compressed_blob_is_stored_as_it_came(
    server: ScriptedServer, client: RegistryClient, image: Reference, fetch: Fetch,
    encoding: str, data: bytes,
) -> None:  # fmt: skip
    blob = descriptor(data)
    path = f"/v2/team/app/blobs/{blob.digest}"
    server.on("GET", path, Reply(200, data, {"Content-Encoding": encoding}))
    client.fetch(image, blob, fetch.target, fetch.progress.append, fetch.cancel)
    assert fetch.target.read_bytes() == data
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


def test_chunked_body_arrives(server: ScriptedServer, client: RegistryClient, fetch: Fetch) -> None:
    def chunked(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in (DATA[:7], DATA[7:], b""):
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    server.on("GET", PATH, chunked)
    fetch(client)
    assert fetch.target.read_bytes() == DATA


def test_stall_counts_as_a_break(
    server: ScriptedServer, make_client: MakeClient, fetch: Fetch
) -> None:
    server.on("GET", PATH, Reply(200, DATA, cut=1000, stall=True), ranged(DATA))
    fetch(make_client(read_timeout=0.2))
    assert fetch.target.read_bytes() == DATA
    assert server.seen[-1].headers["Range"] == "bytes=1000-"


def test_registry_that_never_answers_is_named(
    server: ScriptedServer, make_client: MakeClient, fetch: Fetch
) -> None:
    server.on("GET", PATH, hang)
    with pytest.raises(RegistryError, match=server.host) as caught:
        fetch(make_client(read_timeout=0.2, attempts=2))
    assert "nothing arrived in time; nothing arrived in time" in str(caught.value.rule)


@pytest.mark.parametrize("answer", [hang, Reply(200, DATA, cut=1000, stall=True)])
@pytest.mark.timeout(15)
def test_cancel_ends_a_stall_and_keeps_the_part(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch, answer: Reply
) -> None:
    server.on("GET", PATH, answer)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(fetch, client)
        timer = threading.Timer(0.2, fetch.cancel.set)
        timer.start()
        with pytest.raises(BuildInterruptedError):
            running.result(timeout=2.2)
        timer.join()
    assert not fetch.target.exists()
    assert fetch.part.read_bytes() == DATA[: fetch.part.stat().st_size]


def test_cancel_ends_a_wait_for_the_next_attempt(
    server: ScriptedServer, make_client: MakeClient, fetch: Fetch
) -> None:
    def busy(handler: Handler) -> None:
        fetch.cancel.set()
        failing(503, "UNAVAILABLE", Retry_After="3600")(handler)

    server.on("GET", PATH, busy)
    with pytest.raises(BuildInterruptedError):
        fetch(make_client(longest_wait=3600.0))


def test_several_blobs_at_once(
    server: ScriptedServer, client: RegistryClient, image: Reference, tmp_path: Path,
    cancel: threading.Event,
) -> None:  # fmt: skip
    blobs = {descriptor(data): data for data in (os.urandom(200_000) for _ in range(8))}

    def get(blob_and_data: tuple) -> bool:
        blob, data = blob_and_data
        target = tmp_path / blob.digest[7:]
        server.on(
            "GET", f"/v2/team/app/blobs/{blob.digest}", Reply(200, data, cut=90), ranged(data)
        )
        client.fetch(image, blob, target, lambda _: None, cancel)
        return target.read_bytes() == data

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(get, blobs.items()))


def test_two_who_want_the_same_blob_ask_once(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    server.on("GET", PATH, Reply(200, DATA))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: fetch(client), range(4)))
    assert fetch.target.read_bytes() == DATA
    assert len(server.seen) == 1
    assert not fetch.part.exists()


def test_cancel_ends_the_wait_for_another_process(client: RegistryClient, fetch: Fetch) -> None:
    with fetch.part.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        fetch.cancel.set()
        with pytest.raises(BuildInterruptedError):
            fetch(client)


def test_part_that_is_a_symlink_is_not_followed(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    fetch.part.symlink_to(precious)
    with pytest.raises(EngineError, match="cannot be written") as caught:
        fetch(client)
    assert "symbolic links" in str(caught.value.rule)
    assert precious.read_text() == "mine"


def test_folder_that_is_missing_is_named(
    client: RegistryClient, image: Reference, tmp_path: Path, cancel: threading.Event
) -> None:
    target = tmp_path / "missing" / "blob"
    with pytest.raises(EngineError, match=str(target)) as caught:
        client.fetch(image, BLOB, target, lambda _: None, cancel)
    assert caught.value.rule == "No such file or directory"


def test_full_disk_keeps_what_has_arrived(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    server.on("GET", PATH, ranged(DATA))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(StorageFullError, match=BLOB.digest):
            fetch(client)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert fetch.part.read_bytes() == DATA[:100_000]
    fetch(client)
    assert fetch.target.read_bytes() == DATA
    assert server.seen[-1].headers["Range"] == "bytes=100000-"


def test_lost_blob_is_named(server: ScriptedServer, client: RegistryClient, fetch: Fetch) -> None:
    server.on("GET", PATH, failing(404, "BLOB_UNKNOWN"))
    with pytest.raises(RegistryError, match=f'lost "{BLOB.digest}"'):
        fetch(client)
    assert len(server.seen) == 1


def test_denied_blob_names_docker_login(
    server: ScriptedServer, client: RegistryClient, fetch: Fetch
) -> None:
    server.on("GET", PATH, failing(403, "DENIED"))
    with pytest.raises(ImageNotFoundError) as caught:
        fetch(client)
    assert f"docker login {server.host}" in str(caught.value.hint)


def test_small_blob_is_read(
    server: ScriptedServer, client: RegistryClient, image: Reference, cancel: threading.Event
) -> None:
    server.on("GET", PATH, Reply(200, DATA, cut=5), Reply(200, DATA))
    assert client.read(image, BLOB, cancel=cancel) == DATA


def test_small_blob_is_checked(
    server: ScriptedServer, client: RegistryClient, image: Reference, cancel: threading.Event
) -> None:
    server.on("GET", PATH, Reply(200, DATA[:-1] + b"x"))
    with pytest.raises(DigestMismatchError, match=BLOB.digest):
        client.read(image, BLOB, cancel=cancel)


def test_small_blob_that_is_large_is_not_asked_for(
    server: ScriptedServer, client: RegistryClient, image: Reference, cancel: threading.Event
) -> None:
    with pytest.raises(OciError, match="too large"):
        client.read(image, BLOB, cancel=cancel, limit=1000)
    assert server.seen == []


def test_small_blob_that_does_not_end_is_cut_off(
    server: ScriptedServer, client: RegistryClient, image: Reference, cancel: threading.Event
) -> None:
    small = descriptor(b"x" * 100)
    server.on("GET", f"/v2/team/app/blobs/{small.digest}", Reply(200, b"x" * 1_000_000))
    with pytest.raises(OciError):
        client.read(image, small, cancel=cancel, limit=1000)
