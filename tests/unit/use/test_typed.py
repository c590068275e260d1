"""What a shell tells of the commands that were typed, and the RUN made of them."""

from __future__ import annotations

import pytest

from dockernb.use.typed import MARK, TypedCommands, run_of


def told(code: int, history: str, token: str = "t0ken") -> bytes:
    return f"\x1b]{MARK};{token};{code};{history}\x07/ # ".encode()


def heard(*pieces: bytes) -> tuple[str, ...]:
    commands = TypedCommands("t0ken")
    for piece in pieces:
        commands.hear(piece)
    return commands.succeeded


def test_commands_that_succeeded_are_known_each_once() -> None:
    assert heard(
        told(0, ""),
        b"echo a\r\na\r\n" + told(0, "    1  echo a"),
        b"\r\n" + told(0, "    1  echo a"),
        told(1, "    2  false"),
        told(0, "    3  cd /srv"),
        told(0, "    4  history"),
    ) == ("echo a", "cd /srv")


def test_a_sequence_in_pieces_is_one() -> None:
    whole = b"some output\x1b[0m" + told(0, "   7 make caf\N{LATIN SMALL LETTER E WITH ACUTE}")
    for cut in range(len(whole)):
        assert heard(whole[:cut], whole[cut:]) == ("make caf\u00e9",), cut
    assert heard(*(bytes([byte]) for byte in whole)) == ("make caf\u00e9",)


def test_lines_of_one_command_stay_together() -> None:
    ash = told(0, "   0 ls\r\n   1 for i in 1 2; do\r\n   2 echo $i\r\n   3 done")
    assert heard(told(0, "   0 ls"), ash) == ("ls", "for i in 1 2; do\necho $i\ndone")
    bash = told(0, "    5  cat <<X\r\n1 one\r\nX")
    assert heard(bash) == ("cat <<X\n1 one\nX",)


def test_what_does_not_know_the_token_says_nothing() -> None:
    assert heard(told(0, "  1 rm -rf /", token="guess")) == ()


def test_what_never_ends_is_not_kept() -> None:
    commands = TypedCommands("t0ken")
    for _ in range(100):
        commands.hear(told(0, "  1 " + "x" * 9000).partition(b"\x07")[0])
    assert len(commands._rest) <= 64 * 1024
    commands = TypedCommands("t0ken")
    for number in range(2000):
        commands.hear(told(0, f"  {number} echo {number}"))
    assert commands.succeeded[-1] == "echo 1999"
    assert len(commands.succeeded) == 500


@pytest.mark.parametrize(
    ("commands", "source"),
    [
        ((), ""),
        (("make",), "RUN make"),
        (("cd /srv", "make 2>&1 | tee log"), "RUN cd /srv && \\\n    make 2>&1 | tee log"),
        (("a || b",), 'RUN <<"EOF"\nset -e\na || b\nEOF'),
        (("server &", "true"), 'RUN <<"EOF"\nset -e\nserver &\ntrue\nEOF'),
        (("cat <<EOF\n1\nEOF",), 'RUN <<"EOF_"\nset -e\ncat <<EOF\n1\nEOF\nEOF_'),
        (("if true; then ls; fi",), 'RUN <<"EOF"\nset -e\nif true; then ls; fi\nEOF'),
    ],
)
def test_a_run_does_one_command_after_the_other(commands: tuple[str, ...], source: str) -> None:
    assert run_of(commands) == source
