"""What a guided rationale hides and what it keeps, and where a code block ends."""

from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.number_words import spelled
from ultrainteract.replies import answer_line, fenced_python, hide_answer

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@pytest.mark.parametrize(
    ("answer", "rationale", "outline"),
    [
        ("\\text{Evelyn}", "Evelyn is fastest.", "[?] is fastest."),
        ("\\text{Evelyn}", "So it is EVELYN's turn.", "So it is [?]'s turn."),
        ("Evelyn", "So \\text{Evelyn}.", "So \\text{[?]}."),
        ("\\text{Ann and Bob}", "Bob, then Ann and Carl.", "[?], then [?] and Carl."),
        ("\\text{not prime}", "It is not\nprime.", "It is [?]."),
        ("\\text{even}", "Even, not uneven; evenly.", "[?], not uneven; evenly."),
        ("\\text{June 20}", "20 June", "[?] [?]"),
        ("\\text{(C)}", "Choice C, a Cube.", "Choice [?], a Cube."),
        ("\\mathrm{yes}", "Yes.", "[?]."),
    ],
)
def test_the_words_of_an_answer_are_hidden(answer: str, rationale: str, outline: str) -> None:
    assert hide_answer(rationale, "Evelyn, Ann, 20 in June?", answer) == outline


@pytest.mark.parametrize(
    ("answer", "rationale", "outline"),
    [
        ("42", "That is forty-two.", "That is [?]."),
        ("42", "Forty Two boxes", "[?] boxes"),
        ("42", "six and forty-two", "[?]"),
        ("42", "six of seven", "six of seven"),
        ("12", "a dozen, or 12.0", "[?], or [?]"),
        ("-7", "minus seven", "[?]"),
        ("\\frac{1}{2}", "a half, 0.5, half", "[?], [?], [?]"),
        ("\\frac34", "three quarters of 34", "[?] of [?]"),
        ("1/3", "one third", "[?]"),
        ("1,200", "one thousand two hundred; 1200", "[?]; [?]"),
        ("\\text{forty-two}", "42", "[?]"),
        ("3/0", "nothing", "nothing"),
    ],
)
def test_the_number_of_an_answer_is_hidden_in_digits_and_words(
    answer: str, rationale: str, outline: str
) -> None:
    assert hide_answer(rationale, "Six times 7?", answer) == outline


@pytest.mark.parametrize(
    ("answer", "rationale"),
    [
        ("10\\text{ cm}", "Each side in cm."),
        ("42 apples", "Count the apples, two by two."),
        ("x", "An axis and \\xi, by extension."),
        ("\\sin x", "The sine."),
        ("", "Nothing to hide, 6 and 7.0."),
        ("\\text{A man}", "Add 6 and 7."),
    ],
)
def test_the_rest_of_a_rationale_stays(answer: str, rationale: str) -> None:
    assert hide_answer(rationale, "6 times seven?", answer) == rationale


def test_a_number_that_the_statement_does_not_give_is_hidden() -> None:
    assert hide_answer("6 * 7 = 42, less 2", "Six times 7, less 2?", "40") == "6 * 7 = [?], less 2"


def test_an_answer_is_hidden_where_the_statement_gives_it() -> None:
    assert hide_answer("It stays 6, that is six.", "6 less 0?", "6") == "It stays [?], that is [?]."


def test_white_space_does_not_save_a_formula() -> None:
    assert hide_answer("So $x^2 + 3x+2$.", "1 2 3", "x^2+3x+2") == "So $[?]$."


@given(st.sampled_from(_TENS), st.sampled_from(_ONES), st.sampled_from("- "))
def test_any_spelling_of_the_answer_is_hidden(ten: str, one: str, joint: str) -> None:
    word = f"{ten}{joint}{one}"
    outline = hide_answer(f"It is {word} then.", "How many?", str(spelled(word)))
    assert outline == "It is [?] then."


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_any_text_can_be_hidden_in(rationale: str, statement: str, answer: str) -> None:
    assert isinstance(hide_answer(rationale, statement, answer), str)


def test_a_number_of_any_length_can_be_hidden() -> None:
    assert hide_answer("9" * 6000, "8" * 6000, "7" * 6000) == "[?]"


def test_the_first_python_block_counts_and_an_open_one_unless_truncated() -> None:
    closed = fenced_python("Do.\n```python\nprint(1)\n```\n```python\nprint(2)\n```")
    assert closed is not None
    assert closed.code == "print(1)"
    assert closed.text == "Do.\n```python\nprint(1)\n```"
    assert fenced_python("```py\nprint(1)") is not None
    assert fenced_python("```py\nprint(1)", truncated=True) is None
    assert fenced_python("no code") is None


@pytest.mark.parametrize(
    "reply",
    [
        *("Answer: 42", "answer:42", "**Answer:** 42", "**Answer: 42**", "> Answer: 42"),
        *("Final Answer: 42", "**Final Answer:** 42", "The answer is: 42", "So, the answer is: 42"),
        *("Thus the final answer: 42", "My answer: 42", "Final Answer: The answer is: 42"),
        *(
            "### Final Answer\n\n42",
            "**Answer**\n42",
            "Answer:\n42\n",
            "Final Answer:\n\nAnswer: 42",
        ),
    ],
)
def test_the_variants_of_an_answer_line_say_their_answer(reply: str) -> None:
    found = answer_line(f"1. Six times seven.\n{reply}")
    assert found is not None
    assert found.answer == "42"
    assert answer_line(found.text) == found


@pytest.mark.parametrize(
    "reply",
    [
        *("The answer is 42.", "The answer is the larger one: 42.", "It is easy to answer: 42."),
        *(
            "We know the answer: it is 42.",
            "The answer depends on: 42",
            "Answers: 42",
            "Answer key: 42",
        ),
        *("Answer:", "**Answer**\nWe think.\nIt is 42.", "Answer:\nFirst add.\nThen get 42."),
    ],
)
def test_no_answer_is_guessed_out_of_prose(reply: str) -> None:
    assert answer_line(f"1. Six times seven.\n{reply}") is None


@pytest.mark.parametrize("reply", ["Answer: 4", "Final Answer: 4", "### Answer\n4"])
def test_an_answer_line_that_the_token_limit_cut_is_none(reply: str) -> None:
    assert answer_line(reply, truncated=True) is None


@pytest.mark.parametrize("text", ["*" * 20_000, "answer" + " " * 20_000, "Answer:\n" * 5_000])
def test_an_answer_line_is_sought_in_no_time(text: str) -> None:
    begun = thread_time()
    assert answer_line(text) is None
    assert thread_time() - begun < 5
