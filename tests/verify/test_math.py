import string
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ultrainteract.verify.math import equal

SAME = [
    ("sqrt(3)*2", r"\sqrt{12}"),
    ("14.142135623730951", r"10\sqrt{2}"),
    ("(x + 5)**2", "x^2 + 10x + 25"),
    ("2*cos(20*x)**2 - 1", r"\cos(40x)"),
    ("(-5+4j)", "-5+4i"),
    ("{2, 1}", "1,2"),
    ("-8 and 1", "-8,1"),
    (r"1 \pm \sqrt{2}", "1+\\sqrt{2}, 1-\\sqrt{2}"),
    ("(-1.0, 6.0)", "(-1,6)"),
    ("[70, 110]", "70,110"),
    ("10080*1", r"10,\!080"),
    ("[[1, 2], [6, -1]]", r"\begin{pmatrix} 1 & 2 \\ 6 & -1 \end{pmatrix}"),
    ("Matrix([[1], [3]])", r"\begin{pmatrix} 1 \\ 3 \end{pmatrix}"),
    ("Interval.Ropen(-4, 0)", "[-4,0)"),
    ("Union(Interval(4, oo), Interval(-oo, 0))", r"(-\infty,0]\cup[4,\infty)"),
    ("k < -5", r"(-\infty,-5)"),
    ("(0, 1)", "$0<f(x)<1$"),
    ("Eq(y, 2*x)", "y = 2x"),
    ("2*x", "y = 2x"),
    (r"-\frac{x^2}{8} + \frac{2y^2}{9} = -2", r"\frac{x^2}{16} - \frac{y^2}{9} = 1"),
    ("x = 11", "11"),
    ("pi/2", r"90^\circ"),
    ("log(x, 10)", r"\log x"),
    ("11:21", "V_{1}:V_{2}=11:21"),
    ("{x: 5}", "5"),
    ("a=1.68, b=0.45", "1.68,0.45"),
]
DIFFERENT = [
    ("2*sqrt(6)", r"2\sqrt{3}"),
    ("6y", "6x"),
    ("102", r"10\sqrt{2}"),
    ("(2, 1)", "(1, 2)"),
    ("1", "1,-2"),
    ("1, -2, 17", "1,-2"),
    ("(-4,0)", "[-4,0)"),
    (r"(-\infty,-2] \cap [2,\infty)", r"(-\infty,-2] \cup [2,\infty)"),
    ("y = 2*x + 1", "y = 2x"),
    ("k > -5", r"(-\infty,-5)"),
    ("Matrix([[1, 6], [2, -1]])", r"\begin{pmatrix} 1 & 2 \\ 6 & -1 \end{pmatrix}"),
    (r"\frac{1}{2^{98}}", r"\frac{1}{2^{99}}"),
    ("exp(-201)", "e^{-200}"),
    ("1:00", "12:00"),
    ("4,5", "x=5, y=4"),
]
HESITANT = [
    ("sqrt(x**2)", "x"),
    ("cos(pi*n)", "(-1)^n"),
    ("[1, 2]", "(1, 2)"),
    ("14.14", r"10\sqrt{2}"),
    ("log(2)", r"\log 2"),
    ("9**9**9", "1"),
    ("10!!!!!!", "1"),
    ("exp(exp(exp(99)))" * 200, "1"),
    ("5 m", "5"),
    ("7 (since 3+4)", "7"),
    ("evil", "live + 1"),
]


@pytest.mark.parametrize(("predicted", "gold"), SAME)
def test_the_same_value_in_another_form_is_correct(predicted: str, gold: str) -> None:
    assert equal(predicted, gold).judgement == "correct"


@pytest.mark.parametrize(("predicted", "gold"), DIFFERENT)
def test_another_value_is_incorrect(predicted: str, gold: str) -> None:
    assert equal(predicted, gold).judgement == "incorrect"


@pytest.mark.parametrize(("predicted", "gold"), HESITANT)
def test_what_cannot_be_told_is_unverified(predicted: str, gold: str) -> None:
    finding = equal(predicted, gold)
    assert finding.judgement == "unverified"
    assert finding.reason


@pytest.mark.parametrize(
    "code",
    [
        "__import__('os').system('touch {}')",
        "[c for c in ().__class__.__base__.__subclasses__()]",
        "eval(\"open('{}', 'w')\")",
        "\\sum_{{k=1}}^{{3}} open('{}','w')",
    ],
)
def test_no_code_of_an_answer_runs(code: str, tmp_path: Path) -> None:
    mark = f"{tmp_path}/ran"
    assert equal(code.format(mark), "1").judgement == "unverified"
    assert not Path(mark).exists()


def test_math_verify_judges_what_our_reader_does_not_read() -> None:
    finding = equal(r"\sum_{k=1}^{3} k", "6")
    assert (finding.judgement, finding.rule) == ("correct", "math-verify")


PIECES = [
    *(r"\frac", "{", "}", r"\sqrt", "(", ")", "[", "]", "0", "1", "7", "x", "i", "oo", "!", "^"),
    *("_", ",", "=", "<", r"\pm", r"\cup", r"\in", "floor(", "log(", "**", "/", "|"),
]
_maths = st.text(alphabet=string.digits + "xyi+-*/^(){}[],=<>|!%._ \\", max_size=40) | st.lists(
    st.sampled_from(PIECES),
    max_size=15,
).map(" ".join)


@settings(max_examples=150)
@given(_maths, _maths)
def test_every_text_gets_a_finding(predicted: str, gold: str) -> None:
    assert equal(predicted, gold).rule


@settings(max_examples=100)
@given(st.integers(-50, 50), st.integers(1, 50), st.integers(2, 50))
def test_a_value_and_its_neighbour_are_told_apart(a: int, b: int, c: int) -> None:
    gold = rf"\frac{{{a}+\sqrt{{{b}}}}}{{{c}}}"
    assert equal(f"{a}/{c} + sqrt({b})/{c}", gold).judgement == "correct"
    assert equal(f"({a + 1} + sqrt({b}))/{c}", gold).judgement == "incorrect"


def test_neither_long_unions_nor_huge_powers_take_seconds() -> None:
    union = r" \cup ".join(f"({n}, {n + 1})" for n in range(100))
    started = time.process_time()
    assert equal(union, union + r" \cup (3, 4)").judgement == "correct"
    assert equal("10^{99999}", "x^2 + 1").judgement == "incorrect"
    assert time.process_time() - started < 1.5
