"""Promises about images and files: commit, diff, stat, read, write, lookup."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dockernb.engines.base import ContainerSpec
from dockernb.errors import ContextError, EngineError
from dockernb.oci.config import HistoryEntry, ImageConfig, Platform, RuntimeConfig
from dockernb.oci.diff import DiffEntry
from dockernb.oci.digest import EMPTY_LAYER_DIFF_ID
from tests.conformance.bench import Bench, next_config, run, shell, tar_of, untar


def check_commit_has_exactly_the_config(bench: Bench) -> None:
    runtime = RuntimeConfig(env=("A=1",), working_dir="/w", labels={"l": "1"}, volumes=("/v",))
    config = ImageConfig(runtime=runtime, history=(HistoryEntry(created_by="RUN"),), author="me")
    image = bench.step(bench.base, "echo hello >/f", config)
    assert image.config == replace(config, diff_ids=image.config.diff_ids)
    assert (image.id == image.config.image_id) == bench.named_by_config
    assert image.config.diff_ids[:-1] == bench.base.config.diff_ids
    found = bench.engine.image(image.id)
    assert found is not None
    assert found.config == image.config
    with bench.engine.open_image(image.id) as container:
        assert untar(container.read("/f")) == {"f": b"hello\n"}


def check_image_size_is_that_of_the_files(bench: Bench) -> None:
    assert bench.step(bench.base, "echo hello >/f").size == bench.base.size + 6


def check_commit_without_layer(bench: Bench) -> None:
    with bench.engine.create(bench.base.id, ContainerSpec()) as container:
        image = bench.commit(container, next_config(bench.base, "LABEL", layer=False), layer=False)
    assert image.config.diff_ids == bench.base.config.diff_ids


def check_empty_layer_is_kept(bench: Bench) -> None:
    image = bench.step(bench.base, "true")
    assert image.config.diff_ids == (*bench.base.config.diff_ids, EMPTY_LAYER_DIFF_ID)
    again = bench.step(image, "true")
    assert again.config.diff_ids[-2:] == (EMPTY_LAYER_DIFF_ID, EMPTY_LAYER_DIFF_ID)
    with bench.engine.create(again.id, shell("echo works")) as container:
        assert run(container) == (0, "works\n")


def check_volumes_keep_what_is_written(bench: Bench) -> None:
    """Line 39 of the semantics: the classic builder loses it, BuildKit keeps it."""
    config = next_config(bench.base, "VOLUME", layer=False).with_runtime(volumes=("/v", "/tmp"))
    with bench.engine.create(bench.base.id, ContainerSpec()) as container:
        parent = bench.commit(container, config, layer=False)
    image = bench.step(parent, "mkdir /v && echo run >/v/run")
    image = bench.files(image, [("v/copy", b"copy")])
    assert sorted(image.config.runtime.volumes) == ["/tmp", "/v"]
    with bench.engine.open_image(image.id) as container:
        assert untar(container.read("/v")) == {"v": None, "v/run": b"run\n", "v/copy": b"copy"}


def check_scratch(bench: Bench) -> None:
    image = bench.engine.scratch(
        ImageConfig(history=(HistoryEntry(created_by="FROM scratch", empty_layer=True),))
    )
    bench.made.append(image)
    assert image.config.diff_ids == ()
    image = bench.files(image, [("only", b"file")])
    assert len(image.config.diff_ids) == 1
    with bench.engine.open_image(image.id) as container:
        assert container.stat("/only") is not None
        assert container.stat("/bin") is None


def check_diff_of_everything(bench: Bench) -> None:
    parent = bench.step(
        bench.base,
        "mkdir -p /a/b/c /gone/deep /again /quiet /typed; echo 1 >/a/f; echo 1 >/a/b/g; "
        "echo 1 >/keep;"
        "echo 1 >/gone/deep/f; echo 1 >/again/old; echo 1 >/typed/x; ln -s f /a/l; echo 1 >/tofile",
    )
    script = (
        "echo 22 >/a/f; rm /a/b/g; rm -r /gone; rm -r /again; mkdir /again; echo 1 >/again/new;"
        "chmod 700 /a/b/c; touch /quiet/x; rm /quiet/x; rm -r /typed; echo 1 >/typed; rm /a/l;"
        "ln -s nowhere /a/l; mkfifo /pipe; chmod 644 /keep; mkdir /new; echo 333 >/new/f;"
        "rm /tofile; mkdir /tofile; echo 1 >/tofile/x; mkdir /never; rmdir /never"
    )
    assert bench.diff(script, parent) == [
        DiffEntry("/a/b/c", "M", "dir"),
        DiffEntry("/a/b/g", "D", "file"),
        DiffEntry("/a/f", "M", "file", 3),
        DiffEntry("/a/l", "M", "symlink", 7, "nowhere"),
        DiffEntry("/again/new", "A", "file", 2),
        DiffEntry("/again/old", "D", "file"),
        DiffEntry("/gone", "D", "dir"),
        DiffEntry("/new", "A", "dir"),
        DiffEntry("/new/f", "A", "file", 4),
        DiffEntry("/pipe", "A", "fifo"),
        DiffEntry("/tofile", "M", "dir"),
        DiffEntry("/tofile/x", "A", "file", 2),
        DiffEntry("/typed", "M", "file", 2),
    ]


def check_diff_of_nothing(bench: Bench) -> None:
    assert bench.diff("true") == []


def check_stat(bench: Bench) -> None:
    script = "mkdir /d; echo 12345 >/d/f; chmod 4711 /d/f; ln -s /d /link; ln -s ../x /d/l"
    parent = bench.step(bench.base, script)
    with bench.engine.open_image(parent.id) as container:
        found = container.stat("/link/f")
        assert found is not None
        assert (found.type, found.mode & 0o7777, found.size) == ("file", 0o4711, 6)
        link = container.stat("/d/l")
        assert link is not None
        assert (link.type, link.link_target) == ("symlink", "../x")
        directory = container.stat("/tmp")
        assert directory is not None
        assert directory.type == "dir"
        assert container.stat("/") is not None
        assert container.stat("/d/missing") is None
        assert container.stat("/d/f/below-a-file") is None
        assert container.stat("/no/such/parent") is None


def check_read_missing(bench: Bench) -> None:
    with (
        bench.engine.open_image(bench.base.id) as container,
        pytest.raises(FileNotFoundError),
    ):
        list(container.read("/missing"))


def check_write_keeps_owner_and_mode(bench: Bench) -> None:
    info = tarfile.TarInfo("opt/made/here")
    info.uid, info.gid, info.mode = 12, 34, 0o640
    with bench.engine.create(
        bench.base.id, shell("stat -c '%u:%g %a' /opt/made/here")
    ) as container:
        container.write(iter([tar_of([info])]))
        assert run(container) == (0, "12:34 640\n")


def check_write_that_breaks_off_says_why(bench: Bench) -> None:
    """An interrupt, or a file that changes while it is read: not that the archive is broken."""

    def pieces() -> Iterator[bytes]:
        yield tar_of([("opt/part", b"x" * 100_000)])[:50_000]
        raise ContextError("the file changed")

    with (
        bench.engine.create(bench.base.id, ContainerSpec()) as container,
        pytest.raises(ContextError, match="the file changed"),
    ):
        container.write(pieces())


def check_hostile_names(bench: Bench) -> None:
    """Names that are no UTF-8, hold newlines or look like markup; links out of the container."""
    raw = b"\xff\xfe".decode("utf-8", "surrogateescape")
    script = (
        "cd /; mkdir h; printf x >\"$(printf 'h/\\377\\376')\"; printf x >\"$(printf 'h/a\\nb')\";"
        "printf x >'h/<b>&\"'; printf x >h/.wh.x; ln -s /proc/self/root h/out; ln -s / h/root"
    )
    with bench.engine.create(bench.base.id, shell(script)) as container:
        assert run(container)[0] == 0
        paths = {entry.path: entry.size for entry in container.diff().entries}
        assert container.stat(f"/h/{raw}") is not None
    for name in ("a\nb", '<b>&"', raw):
        assert paths[f"/h/{name}"] == 1
    assert not {path for path in paths if path.startswith(("/h/out/", "/h/root/"))}


def check_platform_must_match(bench: Bench) -> None:
    engine, base = bench.engine, bench.base
    other = Platform("linux", "s390x" if base.config.platform.architecture != "s390x" else "amd64")
    assert engine.find_image(base.id) is not None
    assert engine.find_image(base.id, base.config.platform) is not None
    assert engine.find_image(base.id, other) is None
    assert engine.find_image("dockernb-no-such-image:ever") is None
    for name in ("Not A Name", "", "..", "../containers/x", "busybox//x", "a/../b"):
        assert engine.find_image(name) is None
    assert engine.image("sha256:" + "0" * 64) is None


def check_a_parent_that_is_gone(bench: Bench) -> None:
    with pytest.raises(EngineError), bench.engine.create("sha256:" + "0" * 64, shell("true")):
        pass


def check_a_layer_holds_no_more_than_it_says(bench: Bench) -> None:
    """Also where the command touched a folder that has nothing to do with the layer."""
    script = "echo same >/same; touch -d @0 /same; touch /etc/x; rm /etc/x; mkdir /d; rmdir /d"
    ran = bench.step(bench.base, script)
    bare = bench.engine.scratch(
        ImageConfig(history=(HistoryEntry(created_by="FROM scratch", empty_layer=True),))
    )
    bench.made.append(bare)
    copied = bench.files(bare, [("same", b"same\n")])
    assert ran.id != copied.id
    with bench.engine.open_image(copied.id) as view:
        names = {name.removeprefix("./").strip("/") for name in untar(view.read("/"))}
    assert names - {"", "."} == {"same"}
