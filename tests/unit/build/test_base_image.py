"""FROM: which image, of which platform, and how the stage begins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from dockernb.build.base_image import Base, find_base, parse_platform, start_stage
from dockernb.build.outcome import BuildOptions
from dockernb.build.remote_context import Fetching
from dockernb.build.state import BuildState
from dockernb.dockerfile.instructions import Arg, FromInstruction
from dockernb.engines.base import Image, OnProgress, Progress
from dockernb.errors import (
    DockerfileError,
    ImageNotFoundError,
    RegistryError,
    StageNotFoundError,
)
from dockernb.oci.config import ImageConfig, Platform, RuntimeConfig

from .building import IMAGE, one, stage

AMD = Platform("linux", "amd64")
ARM = Platform("linux", "arm64")
BUSYBOX = Image("sha256:b", ImageConfig(AMD, RuntimeConfig(env=("PATH=/bin",), cmd=("sh",))))


class Images:
    """The part of an engine that FROM needs: local images, and a registry with all of them."""

    def __init__(self, **local: Image) -> None:
        self.local = local
        self.pulled: list[tuple[str, Platform | None]] = []

    def image(self, image_id: str) -> Image | None:
        return next((image for image in self.local.values() if image.id == image_id), None)

    def find_image(self, reference: str, platform: Platform | None = None) -> Image | None:
        image = self.local.get(reference)
        if image is None or platform not in (None, image.config.platform):
            return None
        return image

    def pull(
        self,
        reference: str,
        platform: Platform | None,
        on_progress: OnProgress,
        cancel: threading.Event,
    ) -> Image:
        if reference.lower().startswith("nowhere"):
            raise ImageNotFoundError("no such image")
        self.pulled.append((reference, platform))
        on_progress(Progress("layer", "pulling"))
        return replace(BUSYBOX, id=f"sha256:pulled-{reference}")


def find(
    text: str,
    engine: Images,
    state: BuildState | None = None,
    *,
    on_pull: Callable[[str], OnProgress] | None = lambda _: lambda _: None,
    pull: bool = False,
) -> Base | None:
    options = BuildOptions(platform=AMD, pull=pull)
    return find_base(
        _from(text),
        state or BuildState(),
        options,
        engine,  # type: ignore[arg-type]
        on_pull,
        Fetching(),
    )


def test_local_image_is_not_pulled() -> None:
    engine = Images(busybox=BUSYBOX)
    assert find("FROM busybox", engine) == Base("busybox", BUSYBOX)
    assert not engine.pulled


def test_missing_image_is_pulled_and_its_name_told() -> None:
    engine, told = Images(), list[str]()

    def on_pull(name: str) -> OnProgress:
        told.append(name)
        return lambda _: None

    base = find("FROM busybox", engine, on_pull=on_pull)
    assert base is not None
    assert base.pulled
    assert (engine.pulled, told) == ([("busybox", None)], ["busybox"])
    assert find("FROM busybox", engine, on_pull=None) is None


def test_name_that_is_neither_stage_nor_image_says_both() -> None:
    state = BuildState(stages=(stage("web"), stage()))
    with pytest.raises(StageNotFoundError) as caught:
        find("FROM nowhere", Images(), state)
    text = caught.value.format_message()
    assert 'no stage "nowhere" stands above, and no image of that name was found' in text
    assert 'stages above: "web", "0"' in text
    assert "no such image" in text
    assert "move it above this cell" in text


def test_first_from_of_a_notebook_can_mean_no_stage() -> None:
    with pytest.raises(ImageNotFoundError):
        find("FROM nowhere", Images())


class NoRegistry(Images):
    def pull(self, *_: object) -> Image:
        raise RegistryError("the registry does not answer", hint="Try again.")


def test_a_registry_that_does_not_answer_is_not_taken_for_a_missing_image() -> None:
    with pytest.raises(RegistryError, match="does not answer") as caught:
        find("FROM nowhere", NoRegistry(), BuildState(stages=(stage("web"),)))
    hint = 'Try again.\nIf "nowhere" is a stage further down, move it above this cell.'
    assert caught.value.hint == hint


def test_from_wants_the_name_of_a_stage_in_lower_case() -> None:
    state = BuildState(stages=(stage("nowhere"),))
    with pytest.raises(StageNotFoundError) as caught:
        find("FROM Nowhere", Images(), state)
    assert caught.value.hint == "FROM wants the name of a stage in lower case: FROM nowhere"


def test_global_arg_without_a_value_is_set_and_empty() -> None:
    base = find("FROM ${A-x}b${A+c}", Images(), BuildState(global_args=(Arg("A"),)))
    assert base is not None
    assert base.reference == "bc"


def test_name_with_a_tag_is_no_stage() -> None:
    with pytest.raises(ImageNotFoundError):
        find("FROM nowhere:1", Images())


def test_image_of_another_platform_is_no_match() -> None:
    engine = Images(busybox=replace(BUSYBOX, config=ImageConfig(ARM)))
    find("FROM busybox", engine)
    find("FROM --platform=linux/amd64 busybox", engine)
    assert engine.pulled == [("busybox", None), ("busybox", AMD)]
    assert find("FROM --platform=arm64 busybox", engine) == Base("busybox", engine.local["busybox"])


def test_pull_option_asks_the_registry_but_never_for_a_replay() -> None:
    engine = Images(busybox=BUSYBOX)
    find("FROM busybox", engine, pull=True, on_pull=None)
    assert not engine.pulled
    find("FROM busybox", engine, pull=True)
    assert engine.pulled


def test_variables_of_from_are_the_args_before_the_first_from() -> None:
    engine = Images(**{"busybox:amd64": BUSYBOX})
    state = BuildState((Arg("A", "busybox"),), (stage().with_variable("TAG", "no"),))
    base = find("FROM ${A}:${TAG:-$TARGETARCH}", engine, state)
    assert base is not None
    assert base.reference == "busybox:amd64"


def test_blank_name_is_an_error_that_says_how_to_give_one() -> None:
    with pytest.raises(DockerfileError, match=r"base name \(\$A\) should not be blank") as caught:
        find("FROM $A", Images())
    assert "ARG NAME=" in (caught.value.hint or "")


def test_scratch_and_stages_need_no_registry() -> None:
    engine = Images()
    assert find("FROM scratch", engine) == Base("scratch", None)
    build = stage("build")
    base = find("FROM build", engine, BuildState(stages=(build,)))
    assert base is not None
    assert (base.stage, base.image) == (build, Image(build.image_id, build.config))
    assert not engine.pulled


def test_number_is_an_image_not_a_stage() -> None:
    engine = Images()
    find("FROM 0", engine, BuildState(stages=(stage("build"),)))
    assert engine.pulled == [("0", None)]


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", AMD),
        ("linux/x86_64", AMD),
        ("Linux/AArch64", ARM),
        ("arm64", ARM),
        ("linux", AMD),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
    ],
)
def test_platforms(text: str, platform: Platform) -> None:
    assert parse_platform(text) == platform


@pytest.mark.parametrize("text", ["a/b/c/d", "linux/", "/amd64", "linux//v7"])
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(DockerfileError, match="invalid platform"):
        parse_platform(text)


def test_stage_begins_with_the_bases_config() -> None:
    begun = start_stage(_from("FROM busybox AS Web"), Base("busybox", BUSYBOX), BuildState())
    assert (begun.name, begun.index, begun.image_id) == ("web", 0, BUSYBOX.id)
    assert begun.config == BUSYBOX.config
    assert begun.variables == {"PATH": "/bin"}
    assert not begun.cmd_set


def test_base_without_path_gets_one() -> None:
    bare = Image("sha256:c", ImageConfig(runtime=RuntimeConfig(env=("A=1",))))
    begun = start_stage(_from("FROM c"), Base("c", bare), BuildState())
    assert begun.config.runtime.env[0] == "A=1"
    assert begun.config.runtime.env[1].startswith("PATH=/usr/local/sbin:")


def test_triggers_of_the_base_are_taken_off_and_kept_to_be_run() -> None:
    config = BUSYBOX.config.with_runtime(onbuild=("RUN a", "COPY b /"))
    begun = start_stage(_from("FROM t"), Base("t", replace(BUSYBOX, config=config)), BuildState())
    assert begun.triggers == ("RUN a", "COPY b /")
    assert not begun.config.runtime.onbuild


def test_child_of_a_stage_inherits_arg_values_but_not_their_lines() -> None:
    parent = replace(stage("p").with_variable("V", "1"), args=(Arg("V", "1"),), cmd_set=True)
    base = Base("p", Image(IMAGE, parent.config), parent)
    begun = start_stage(_from("FROM p AS c"), base, BuildState(stages=(parent,)))
    assert begun.variables["V"] == "1"
    assert (begun.args, begun.cmd_set, begun.index, begun.name) == ((), False, 1, "c")


def _from(text: str) -> FromInstruction:
    instruction = one(text)
    assert isinstance(instruction, FromInstruction)
    return instruction
