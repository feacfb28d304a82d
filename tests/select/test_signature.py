"""Signatures: names and parameters, without what varies."""

import pytest

from ultrainteract.select.signature import signatures


@pytest.mark.parametrize(
    "text",
    [
        "def has_close_elements(numbers: List[float], threshold: float) -> bool:",
        "def  has_close_elements( numbers,threshold = 1 ):",
        "    def has_close_elements(self, numbers: Dict[str, Tuple[int, int]], threshold='a,b'):",
        "class A:\n  def has_close_elements(\n    self,\n    numbers,\n    threshold,\n  ): ...",
    ],
)
def test_annotations_and_defaults_do_not_count(text: str) -> None:
    assert list(signatures(text)) == ["has_close_elements(numbers,threshold)"]


@pytest.mark.parametrize("text", ["def add(x, y):", "def solve(s):", "define(it)", "", "def f("])
def test_what_says_nothing_is_none(text: str) -> None:
    assert list(signatures(text)) == []


def test_hostile_text_ends() -> None:
    assert list(signatures("def a" + "(" * 20_000)) == []
    assert list(signatures("def " * 20_000)) == []
