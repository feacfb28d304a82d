"""Annotated formulas are computed, or have no value; none of them hangs or raises."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.seeds.formula import agrees, computed


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("multiply(divide(4, 3), inverse(divide(3, 4)))", 16 / 9),
        ("add(n0,1)", None),
        ("divide(180, multiply(72, const_0_2778))", 180 / (72 * 0.2778)),
        ("multiply(const_pi,power(2, const_2))", 4 * math.pi),
        ("reminder(1000, 37)", 1),
        ("choose(8, 3)", 56),
        ("add(1,000, 2)", None),
        ("multiply(2,3)", 6),
        ("subtract(-3, 4)", -7),
        ("divide(1, 0)", None),
        ("sqrt(-1)", None),
        ("factorial(100000000)", None),
        ("power(9, power(9, 9))", None),
        ("add(1, 2", None),
        ("add(1, 2) 3", None),
        ("unknown(1)", None),
        ("add(1)", None),
        ("", None),
        ("(" * 3000, None),
        ("sqrt(" * 100 + "2" + ")" * 100, None),
    ],
)
def test_a_formula_has_its_value_or_none(formula: str, value: float | None) -> None:
    assert computed(formula) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("formula", "option", "same"),
    [
        ("divide(15, 2)", "7 1/2 days", True),
        ("divide(16, 9)", "16:9", True),
        ("divide(24, const_100)", "24%", True),
        ("multiply(24, 1)", "24%", True),
        ("divide(24, const_100)", "24", False),
        ("multiply(8250, 1)", "8,250", True),
        ("add(10, 0.05)", "10", True),
        ("add(10, 2)", "10", False),
        ("add(1, 2)", "x + 3", False),
        ("add(1, 2)", "3/0", False),
        ("", "3", False),
    ],
)
def test_agreement_is_of_values_within_one_percent(formula: str, option: str, same: bool) -> None:
    assert agrees(formula, option) is same


@given(st.text("()addmultiply,0123456789._ const-", max_size=80), st.text(max_size=20))
def test_any_text_is_read(formula: str, option: str) -> None:
    value = computed(formula)
    assert value is None or math.isfinite(value)
    assert agrees(formula, option) in (True, False)
