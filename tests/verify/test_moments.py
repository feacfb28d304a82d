import pytest

from ultrainteract.verify.moments import numeric_date, same_time, time_of_day, written_date


@pytest.mark.parametrize(
    "text",
    [
        *("January 26, 1995", "Jan. 26 1995", "26 January 1995", "the 26th of January, 1995"),
        *("Thursday, January 26, 1995", "26 jan 1995"),
    ],
)
def test_a_day_is_read_in_every_order(text: str) -> None:
    assert written_date(text) == (1995, 1, 26)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("August 31", (-1, 8, 31)),
        ("October 2011", (2011, 10, -1)),
        ("May 1", (-1, 5, 1)),
        ("January 32", None),
        ("Smarch 3", None),
        ("1995", None),
    ],
)
def test_what_is_not_said_is_unknown(text: str, date: tuple[int, int, int] | None) -> None:
    assert written_date(text) == date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1995-01-26", (1995, 1, 26)),
        ("xxxx-08-31", (-1, 8, 31)),
        ("2011-10-XX", (2011, 10, -1)),
        ("xx-xx-xx", None),
        ("1995-13-01", None),
        ("1995-00-01", None),
        ("5-3", None),
    ],
)
def test_numeric_dates_are_those_of_the_official_evaluator(
    text: str, date: tuple[int, int, int] | None
) -> None:
    assert numeric_date(text) == date


@pytest.mark.parametrize(
    ("ours", "gold", "same"),
    [
        ("3:30 p.m.", "3:30 PM", True),
        ("15:30", "3:30 pm", True),
        ("3:30", "3:30 p.m.", True),
        ("9 a.m.", "9:00 AM", True),
        ("12:00 a.m.", "12:00 p.m.", False),
        ("15:30", "3:30 a.m.", False),
        ("3:31", "3:30", False),
        ("12:30", "12:30 am", True),
    ],
)
def test_times_are_compared_on_the_clock(ours: str, gold: str, same: bool) -> None:
    one, other = time_of_day(ours), time_of_day(gold)
    assert one is not None
    assert other is not None
    assert same_time(one, other) is same


@pytest.mark.parametrize("text", ["25:10", "3:75", "13 p.m.", "3", "3:4:5:6"])
def test_what_no_clock_shows_is_no_time(text: str) -> None:
    assert time_of_day(text) is None
