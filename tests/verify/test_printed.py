import pytest

from ultrainteract.verify.printed import plain


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("[[6 0]\n [12 6]]", "[[6, 0], [12, 6]]"),
        ("[[ 0.5 -1. ]\n [ 2.   3. ]]", "[[0.5, -1.], [2., 3.]]"),
        ("[1.+2.j 3.-1.j]", "[1.+2.j, 3.-1.j]"),
        ("[ True False]", "[True, False]"),
        ("[[[1 2]\n  [3 4]]]", "[[[1, 2], [3, 4]]]"),
        ("array([1, 2], dtype=int64)", "array([1, 2])"),
        ("np.float64(3.5)", "3.5"),
        ("[np.int64(3), np.int64(4)]", "[3, 4]"),
        ("np.sqrt(2)", "sqrt(2)"),
        ("mpf('3.5')", "3.5"),
        ("(x < 1) | (x > 2)", r"(x < 1) \cup (x > 2)"),
        ("{'x': 1, 'y_1': 2}", "{x: 1, y_1: 2}"),
    ],
)
def test_wrappers_go_and_commas_come(printed: str, read: str) -> None:
    assert plain(printed) == read


@pytest.mark.parametrize(
    "text",
    [
        *("[1, 2]", "[5]", "[0, 1)", r"[\frac{1}{2} 3]", "[x + 1]", "x [1 2]", "[1 2 ... 9]"),
        *("[]", "[ ]", "|x| + 1", "['a' 'b']"),
    ],
)
def test_what_numpy_does_not_print_is_left_alone(text: str) -> None:
    assert plain(text) == text
