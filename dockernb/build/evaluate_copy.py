"""COPY and ADD: which files go where. Source: `dispatchCopy` in BuildKit's `convert.go`."""

from __future__ import annotations

from ..dockerfile.instructions import AddInstruction, CopyInstruction, Heredoc
from .copy_mode import parse_chmod
from .copy_request import CopyRequest, InlineFile
from .named_contexts import NamedContext
from .outcome import CopyFiles, Frame, Outcome

__all__ = ["evaluate_add", "evaluate_copy"]


def evaluate_copy(instruction: CopyInstruction, frame: Frame) -> Outcome:
    """COPY, from the build context, a stage or an image."""
    source = NamedContext()
    if instruction.from_image:
        source = frame.other_source(instruction.from_image, numbers=True)
    request = _request(
        instruction,
        frame,
        parents=instruction.parents,
    )
    return _outcome("COPY", instruction, request, frame, source)


def evaluate_add(instruction: AddInstruction, frame: Frame) -> Outcome:
    """ADD: as COPY; local archives are unpacked, URLs fetched."""
    request = _request(
        instruction,
        frame,
        is_add=True,
        unpack=instruction.unpack,
        checksum=frame.expander.word(instruction.checksum),
        keep_git_dir=bool(instruction.keep_git_dir),
    )
    return _outcome("ADD", instruction, request, frame, NamedContext())


def _request(
    instruction: CopyInstruction | AddInstruction, frame: Frame, **more: object
) -> CopyRequest:
    expand = frame.expander.word
    return CopyRequest(
        sources=tuple(expand(source) for source in instruction.sources),
        destination=expand(instruction.destination),
        working_dir=frame.stage.config.runtime.working_dir or "/",
        heredocs=tuple(_inline_file(heredoc, frame) for heredoc in instruction.heredocs),
        chown=expand(instruction.chown),
        chmod=expand(instruction.chmod),
        link=instruction.link,
        excludes=tuple(expand(pattern) for pattern in instruction.excludes),
        **more,  # type: ignore[arg-type]
    )


def _inline_file(heredoc: Heredoc, frame: Frame) -> InlineFile:
    text = frame.expander.body(heredoc.content) if heredoc.expand else heredoc.content
    return InlineFile(heredoc.name, text.encode("utf-8", "surrogateescape"))


def _outcome(
    name: str,
    instruction: CopyInstruction | AddInstruction,
    request: CopyRequest,
    frame: Frame,
    source: NamedContext,
) -> Outcome:
    parse_chmod(request.chmod)  # what is wrong is said before anything is read
    words = [name]
    words += [f"--chown={request.chown}"] if request.chown else []
    words += [f"--chmod={request.chmod}"] if request.chmod else []
    words += [*request.sources, *(f"<<{heredoc.name}" for heredoc in request.heredocs)]
    text = " ".join([*words, request.destination]) + " # buildkit"
    from_name = getattr(instruction, "from_image", "")
    action = CopyFiles(request, source, from_name)
    return Outcome(
        frame.stage,
        action,
        text,
        layer=True,
        used_args=frame.used_args(),
    )
