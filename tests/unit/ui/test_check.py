from __future__ import annotations

from dockernb.checks.result import Answer, CheckResult
from dockernb.ui.check import check_html, check_text

RESULT = CheckResult(
    "hello",
    "Say <hello>",
    (
        Answer("there", "right", "The file is there."),
        Answer(
            "says",
            "missing",
            "It does not say hello.",
            2,
            found="it <printed> something \x1b[31melse",
            output="<script>alert(1)</script>\n\x1b]0;title\x07",
            hint="Read & `think`.",
            hint_number=1,
            hint_count=2,
        ),
        Answer("more", "waiting", "secret of the exercise"),
    ),
)


def test_text_says_what_is_right_what_is_missing_and_one_hint() -> None:
    assert check_text(RESULT).split("\n") == [
        "Say <hello>: 1 of 3 right, 1 of 4 points",
        "  right    The file is there.",
        "  missing  It does not say hello.",
        "           found: it <printed> something \\x1b[31melse",
        "           | <script>alert(1)</script>",
        "           | \\x1b]0;title\\x07",
        "           hint 1 of 2: Read & `think`.",
        "  1 more is looked at when the above is right",
    ]


def test_html_says_the_same_and_is_escaped() -> None:
    html = check_html(RESULT)
    assert "<script" not in html
    assert "\x1b" not in html
    assert "Say &lt;hello&gt;" in html
    assert "<b>Hint 1 of 2:</b> Read &amp; <code>think</code>." in html
    assert "it &lt;printed&gt; something" in html


def test_what_was_not_examined_is_not_told() -> None:
    for text in (check_text(RESULT), check_html(RESULT)):
        assert "secret of the exercise" not in text


def test_a_problem_stands_in_the_place_of_answers() -> None:
    result = CheckResult("x", "X", (Answer("a", "waiting", "-"),), "a cell above failed")
    assert check_text(result) == "X: 0 of 1 right\n  a cell above failed"
    assert not result.ok
