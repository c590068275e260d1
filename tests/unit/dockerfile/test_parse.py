from __future__ import annotations

import sys
from subprocess import run

import pytest
from hypothesis import given, settings

from dockernb import dockerfile as d
from dockernb.errors import DockerfileError

from .strategies import any_texts


def only(text: str, *, escape: str | None = None) -> d.Instruction:
    (instruction,) = d.parse(text, escape=escape)
    return instruction


def test_cell_of_comments_has_no_instruction() -> None:
    assert d.parse("# only a remark\n\n") == ()


def test_cell_may_begin_without_from() -> None:
    assert only("RUN make").name == "RUN"


def test_cell_may_hold_several_instructions() -> None:
    names = [instruction.name for instruction in d.parse("FROM a\nRUN b\nCMD c\n")]
    assert names == ["FROM", "RUN", "CMD"]


def test_comments_above_belong_to_the_instruction_below() -> None:
    _, run_ = d.parse("FROM a\n# why\n\n# because\nRUN b\n")
    assert run_.comments == ("why", "because")


def test_empty_comment_line_parts_comments_from_the_instruction() -> None:
    assert only("# far\n#\n# near\nRUN b\n").comments == ("near",)


def test_comment_that_begins_with_an_arg_name_documents_it() -> None:
    arg = only("# VERSION of the tool\nARG VERSION=1 OTHER\n")
    assert isinstance(arg, d.ArgInstruction)
    assert arg.args == (d.Arg("VERSION", "1", "of the tool"), d.Arg("OTHER"))


def test_lines_cover_continuation_and_heredoc() -> None:
    run_ = only("\nRUN cat \\\n  # remark\n  <<EOF\nbody\nEOF\n")
    assert run_.lines == d.Lines(2, 6)
    assert run_.original == "RUN cat   <<EOF"


def test_chomped_heredoc_keeps_the_body_as_written_too() -> None:
    run_ = only("RUN 3<<-'EOF' cat\n\ta\n\t\tb\n\tEOF\n")
    assert isinstance(run_, d.RunInstruction)
    (heredoc,) = run_.command.heredocs
    assert heredoc == d.Heredoc(
        "EOF", "a\nb\n", expand=False, chomp=True, file_descriptor=3, marker="3<<-'EOF'",
        raw="\ta\n\t\tb\n",
    )  # fmt: skip


def test_copy_takes_heredocs_as_sources() -> None:
    copy = only("COPY <<A x.txt <<B /dir/\n1\nA\n2\nB\n")
    assert isinstance(copy, d.CopyInstruction)
    assert copy.sources == ("x.txt",)
    assert [(doc.name, doc.content) for doc in copy.heredocs] == [("A", "1\n"), ("B", "2\n")]


def test_directive_sets_the_escape_character() -> None:
    parsed = d.parse_document("# escape=`\nRUN a `\n b\n")
    assert parsed.escape == "`"
    assert parsed.directives == (d.ParserDirective("escape", "`", 1),)
    assert parsed.instructions[0].original == "RUN a  b"


def test_escape_of_a_cell_above_holds_and_ends_the_directives() -> None:
    parsed = d.parse_document("# escape=\\\nRUN a `\n b\n", escape="`")
    assert parsed.escape == "`"
    assert parsed.directives == ()
    assert parsed.instructions[0].original == "RUN a  b"
    assert parsed.instructions[0].comments == ("escape=\\",)


def test_flags_know_the_backslash_only() -> None:
    # BuildKit's splitCommand does not ask for the escape directive.
    from_ = only("FROM --platform=a`b x", escape="`")
    assert isinstance(from_, d.FromInstruction)
    assert from_.platform == "a`b"


def test_backslash_at_the_end_of_the_file_stays_out_of_the_words() -> None:
    copy = only("COPY a b \\")
    assert isinstance(copy, d.CopyInstruction)
    assert (copy.sources, copy.destination) == (("a",), "b")


def test_empty_continuation_line_warns() -> None:
    (warning,) = d.parse_document("RUN a \\\n\n  b\n").warnings
    assert warning == d.ParseWarning("Empty continuation line found in: RUN a   b", 3)


def test_onbuild_holds_its_trigger_as_text_and_parsed() -> None:
    onbuild = only("ONBUILD COPY <<EOF /a\nhello\nEOF\n")
    assert isinstance(onbuild, d.OnbuildInstruction)
    assert onbuild.expression == "COPY <<EOF /a\nhello\nEOF"
    assert isinstance(onbuild.inner, d.CopyInstruction)
    assert onbuild.inner.heredocs[0].content == "hello\n"


def test_onbuild_trigger_that_cannot_be_read_is_stored_with_a_warning() -> None:
    parsed = d.parse_document("ONBUILD RUM a")
    onbuild = parsed.instructions[0]
    assert isinstance(onbuild, d.OnbuildInstruction)
    assert (onbuild.expression, onbuild.inner) == ("RUM a", None)
    assert "unknown instruction" in parsed.warnings[0].message


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30.0), ("1m30s", 90.0), ("1.5h", 5400.0), ("500ms", 0.5), ("0", 0.0), ("", 0.0)],
)
def test_healthcheck_times_are_nanoseconds(text: str, seconds: float) -> None:
    check = only(f"HEALTHCHECK --interval={text} CMD a")
    assert isinstance(check, d.HealthcheckInstruction)
    assert check.interval == seconds * 1e9


def test_lone_surrogates_of_json_become_replacement_characters() -> None:
    cmd = only('CMD ["\\ud800a"]')
    assert isinstance(cmd, d.CmdInstruction)
    assert cmd.command.args == ("\ufffda",)


@pytest.mark.parametrize(
    ("text", "ignored"),
    [
        ('CMD ["a"] # b', "# b"),
        ('CMD ["a"]b', "b"),
        ('ENTRYPOINT ["a"] ["b"]', '["b"]'),
        ('RUN ["a"] && b', "&& b"),
        ('SHELL ["a"] x', "x"),
        ('VOLUME ["a"] /b', "/b"),
        ('COPY ["a", "b"] c', "c"),
        ('ADD --link ["a", "b"] c', "c"),
        ('HEALTHCHECK --retries=2 CMD  ["a"] b', "b"),
        ('CMD ["a"]', ""),
        ("CMD [a] b", ""),
        ("CMD [NaN] b", ""),
        ('EXPOSE ["80"] 1', ""),
    ],
)
def test_text_after_a_json_array_is_ignored_and_kept_for_a_warning(text: str, ignored: str) -> None:
    assert only(text).ignored == ignored
    assert (only(text) != only(text.removesuffix(ignored))) == bool(ignored)


def test_json_array_with_text_after_it_opens_no_heredoc() -> None:
    assert [found.name for found in d.parse('RUN ["a"] <<E\nCMD b')] == ["RUN", "CMD"]


def test_byte_order_mark_is_no_part_of_the_keyword() -> None:
    assert only("\ufeffRUN a").name == "RUN"


@settings(max_examples=200, deadline=None)
@given(any_texts)
def test_parse_answers_or_raises_a_dockerfile_error_with_a_place(text: str) -> None:
    error = error_of(text)
    if error is not None:
        assert error.where is not None
        assert 1 <= error.where.line <= text.count("\n") + 1
        assert error.format_message()


def error_of(text: str) -> DockerfileError | None:
    try:
        d.parse(text)
    except DockerfileError as err:
        return err
    return None


def test_import_loads_no_package_but_the_parser_library() -> None:
    program = (
        "import sys, dockernb.dockerfile\n"
        "known = {'dockernb', 'e2b_dockerfile_utils'} | set(sys.stdlib_module_names)\n"
        "roots = {name.split('.')[0] for name in sys.modules} - known\n"
        "print(sorted(root for root in roots if not root.startswith('_')))"
    )
    # -S: what .pth files of other packages import is not our doing; the paths are handed over.
    paths = f"import sys; sys.path[:0] = {sys.path!r}\n"
    done = run(
        [sys.executable, "-S", "-c", paths + program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
