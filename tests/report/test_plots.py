"""Plots are the same bytes wherever they are drawn, and safe to put into any page."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from tests.report.runs import HOSTILE, facts, overview
from ultrainteract.report.canvas import VARIABLES, label
from ultrainteract.report.charts import MOST, Chart, Series, Unit, charts, shortened
from ultrainteract.report.overview import Overview
from ultrainteract.report.plots import as_png, as_svg
from ultrainteract.report.quality import quality_of

NAMES = ("turns", "pass-rate", "lengths", "failures", "looks", "tokens", "time")


def drawn() -> tuple[Chart, ...]:
    seen = overview()
    return charts(seen, quality_of(seen))


@cache
def svgs() -> tuple[str, ...]:
    """As text, drawn once."""
    return tuple(map(as_svg, drawn()))


def elements() -> Iterator[ET.Element]:
    return chain.from_iterable(ET.fromstring(one).iter() for one in svgs())


def test_there_is_a_plot_of_each_thing_to_see() -> None:
    assert tuple(one.name for one in drawn()) == NAMES
    assert charts(Overview(), quality_of(Overview())) == ()


def test_equal_overviews_give_equal_bytes_whatever_the_order_and_the_users_settings() -> None:
    back = Overview.of(reversed(list(facts())))
    one = [(as_svg(chart), as_png(chart)) for chart in drawn()]
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30, "svg.fonttype": "path"}):
        other = [(as_svg(chart), as_png(chart)) for chart in charts(back, quality_of(back))]
        assert mpl.rcParams["font.size"] == 30
    assert one == other


def fingerprint() -> str:
    pictures = (as_svg(one).encode() + as_png(one) for one in drawn())
    return hashlib.sha256(b"".join(pictures)).hexdigest()


def test_another_process_draws_the_same_bytes() -> None:
    script = "from tests.report.test_plots import fingerprint; print(fingerprint())"
    other = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == fingerprint()


def test_a_plot_has_no_style_no_script_and_no_reference_to_anything_outside() -> None:
    for one in elements():
        assert one.tag.split("}")[-1] in {
            *("svg", "g", "path", "text", "use", "defs", "clipPath", "rect", "line"),
        }
        for name, value in one.attrib.items():
            assert name != "style"
            assert not name.startswith("on")
            assert "url(" not in value or value.startswith("url(#")
            assert not name.endswith("href") or value.startswith("#")


def test_colours_are_the_variables_of_the_page() -> None:
    colours = {one.get(name) for one in elements() for name in ("fill", "stroke")} - {None, "none"}
    assert colours <= {f"var({name})" for name in VARIABLES.values()}


def test_ids_are_used_and_no_two_plots_share_one() -> None:
    named = [one.get("id") for one in elements() if one.get("id")]
    assert len(named) == len(set(named))
    text = "".join(svgs())
    assert set(re.findall(r'(?:href="|url\()#([^")]*)', text)) == set(named)


def test_a_name_is_shown_as_it_is_and_never_read_as_markup() -> None:
    shown = [one.text or "" for one in elements() if one.tag.endswith("text")]
    assert any(text.startswith("<script>alert") for text in shown)
    assert all("<script" not in one for one in svgs())
    assert label(f"a\n{HOSTILE}").startswith("a <script>")
    assert label("漢\x00") == "\ufffd\ufffd"
    assert len(label(HOSTILE)) == 24


@pytest.mark.parametrize("unit", [Unit.COUNT, Unit.SHARE])
def test_a_picture_has_room_for_so_many_bars_and_the_table_for_all(unit: Unit) -> None:
    values = tuple(float(40 - place) for place in range(40))
    labels = tuple(f"n{place}" for place in range(40))
    chart = Chart("c", "C", "", "name", labels, (Series("s", values),), unit=unit)
    short = shortened(chart)
    assert len(short.labels) == MOST
    assert len(chart.rows) == 40
    if unit is Unit.COUNT:
        assert sum(short.series[0].values) == sum(values)
    assert shortened(short) == short


def test_an_error_bar_is_about_its_value_and_ends_where_shares_end() -> None:
    """However few it is told from; what stands beside a bar stands beyond."""
    few = Overview.of(facts(3, longer=9.0))
    for chart in (*drawn(), *charts(few, quality_of(few))):
        for (low, high), value in zip(chart.errors, chart.series[0].values, strict=False):
            assert 0 <= low <= value <= high <= 1


def test_a_picture_is_told_in_words() -> None:
    first = drawn()[0]
    assert first.shows.startswith("Pairs by turn: turn 1 200; turn 2 ")
    assert first.rows[0] == ("turn 1", "200")
