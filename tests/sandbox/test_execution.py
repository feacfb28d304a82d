"""Executing a cell as a notebook does, in this process: no fork, no container."""

import pytest

from ultrainteract.sandbox.execution import execute, short_traceback


@pytest.mark.parametrize(
    ("code", "status", "output"),
    [
        ("1 + 1", "ok", "2\n"),
        ("x = 1\nx; None", "ok", ""),
        ("for i in range(2): i", "ok", ""),
        ("x = 1; x + 1;", "ok", "2\n"),
        ("raise SystemExit", "ok", ""),
        ("raise SystemExit(0)", "ok", ""),
    ],
)
def test_a_last_expression_is_echoed(
    capsys: pytest.CaptureFixture[str], code: str, status: str, output: str
) -> None:
    assert execute(code, "Cell 1", {}) == status
    assert capsys.readouterr().out == output


def test_the_last_value_is_kept_under_a_name() -> None:
    namespace: dict[str, object] = {}
    execute("40 + 2", "Cell 1", namespace)
    assert namespace["_"] == 42


def raised(code: str, namespace: dict[str, object] | None = None) -> str:
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        exec(compile(code, "Cell 3", "exec"), {} if namespace is None else namespace)
    return short_traceback(caught.value)


def test_a_traceback_shows_frames_of_cells_alone() -> None:
    text = raised("import json\njson.loads('{')")
    assert text.splitlines()[:2] == ["Traceback (most recent call last):", "  Cell 3, line 2"]
    assert "decoder.py" not in text


def test_a_deep_traceback_is_cut() -> None:
    text = raised("def f(n): return g(n)\ndef g(n): return f(n)\nf(0)")
    assert "frames more" in text
    assert len(text) < 1000


def test_a_cause_within_the_cell_is_shown() -> None:
    text = raised("try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise ValueError('v') from e")
    assert text.index("ZeroDivisionError") < text.index("another error") < text.index("ValueError")


def test_a_cause_inside_a_library_is_not_shown() -> None:
    text = raised("from pathlib import Path\nimport json\nPath('/no').read_text()")
    assert "another error" not in text


def test_an_exception_that_cannot_be_printed_is_still_named() -> None:
    text = raised("class E(Exception):\n    def __str__(self): raise ValueError\nraise E")
    assert "E" in text.splitlines()[-1]
