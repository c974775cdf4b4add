"""The parts of pictures that can be judged without looking."""

from __future__ import annotations

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from mithaq.show import atlas, timeline
from mithaq.show.bars import nice_ticks
from mithaq.show.speech import speech
from mithaq.show.svg import Canvas, fit_text, text_width
from tests.show import samples


@given(st.text(max_size=60), st.floats(0, 400))
def test_cut_text_fits(text: str, room: float) -> None:
    cut = fit_text(text, 12, room)
    assert cut == "" or text_width(cut, 12) <= room or cut == text


@given(st.floats(-1e7, 1e7), st.floats(0.01, 1e7))
def test_ticks_are_even_and_span_the_values(low: float, span: float) -> None:
    ticks = nice_ticks(low, low + span)
    step = ticks[1] - ticks[0]
    assert ticks[0] <= low + 1e-6 * step and ticks[-1] >= low + span - 1e-6 * step
    assert all(math.isclose(b - a, step, rel_tol=1e-6) for a, b in itertools.pairwise(ticks))
    assert len(ticks) <= 12


@given(st.floats(-20, 70), st.floats(15, 75))
def test_the_projection_keeps_areas(longitude: float, latitude: float) -> None:
    h = 1e-4
    x0, y0 = atlas.project(longitude, latitude)
    x1, y1 = atlas.project(longitude + h, latitude)
    x2, y2 = atlas.project(longitude, latitude + h)
    drawn = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    sphere = math.radians(h) ** 2 * math.cos(math.radians(latitude))
    assert math.isclose(drawn, sphere, rel_tol=1e-3)


def test_outlines_cover_the_countries_of_the_map() -> None:
    countries = atlas._atlas()["countries"]
    assert {"Algeria", "Russia", "Italy", "Turkey", "Norway", "Qatar", "Malta"} <= set(countries)
    for rings in countries.values():
        assert all(len(ring) >= 6 and len(ring) % 2 == 0 for ring in rings)
    assert atlas.outline_source()["licence"] == "public domain"


def test_a_mirrored_canvas_turns_positions_and_keeps_sizes() -> None:
    plain, mirrored = Canvas(100, 50), Canvas(100, 50, rtl=True)
    for canvas in (plain, mirrored):
        canvas.rect(10, 0, 30, 5)
    assert 'x="10"' in plain.render("a", "t", "d")
    assert 'x="60"' in mirrored.render("a", "t", "d")


def test_a_map_is_not_mirrored_in_arabic() -> None:
    canvas = Canvas(100, 50, rtl=True, mirror=False)
    canvas.text(10, 5, "غاز", "end")
    drawn = canvas.render("a", "t", "d")
    assert 'x="10"' in drawn and 'text-anchor="end"' not in drawn and 'direction="rtl"' in drawn


def test_markup_in_text_is_escaped() -> None:
    canvas = Canvas(10, 10)
    canvas.text(0, 0, "<script>", hint='"&<')
    drawn = canvas.render("a", "<b>", "<i>")
    assert "<script>" not in drawn and "<b>" not in drawn and "<i>" not in drawn


def test_open_dates_stay_inside_the_picture() -> None:
    event = {**samples.TIMELINE[0], "start": None, "end": "2007-01-01"}
    other = {**samples.TIMELINE[1], "start": "2007-01-01", "end": None, "lasting": True}
    drawn = timeline.timeline_picture([event, other], speech("en"), 600, "t")
    assert "NaN" not in drawn and 'width="-' not in drawn


def test_price_classes_rise() -> None:
    assert atlas.price_classes([100.0] * 5) == [100.0]
    assert atlas.price_class(99.0, [100.0, 200.0]) == 0
    assert atlas.price_class(200.0, [100.0, 200.0]) == 2
