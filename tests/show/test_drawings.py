"""Pictures of an equilibrium: they say what was solved and stand by themselves."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithaq import Chain, Change, DataError, Equilibrium, ModelError, pictures, solve
from mithaq.chain.folders import example
from mithaq.show import curves, grids
from mithaq.show.drawing import Drawing, picture_css
from mithaq.show.speech import speech
from tests.chain.folders import fill

SVG = "{http://www.w3.org/2000/svg}"
NARROWER = [Change("pipelines", "Strait-North", "capacity", 5)]
YEAR = [
    {"period": "spring", "share": 0.2, "level": 2.0, "injected": 2.0, "withdrawn": 0.0},
    {"period": "summer", "share": 0.3, "level": 5.0, "injected": 3.0, "withdrawn": 0.0},
    {"period": "winter", "share": 0.5, "level": 0.0, "injected": 0.0, "withdrawn": 5.0},
]


@pytest.fixture(scope="module")
def found() -> Equilibrium:
    return solve(example())


@pytest.fixture(scope="module")
def after() -> Equilibrium:
    return solve(example(), NARROWER)


def storage(_: Equilibrium, __: Equilibrium, lang: str, width: float) -> Drawing:
    drawn = curves.storage_picture(YEAR, 5.5, speech(lang), width, "s", "Cave")
    sheet = pictures.supply_curve(_, lang).sheet
    return Drawing.standing(drawn, sheet, pd.DataFrame(YEAR), width)


DRAWN: dict[str, Callable[[Equilibrium, Equilibrium, str, float], Drawing]] = {
    "map": lambda a, _, lang, w: pictures.flow_map(a, lang, w),
    "supply": lambda a, _, lang, w: pictures.supply_curve(a, lang, w),
    "duration": lambda a, _, lang, w: pictures.price_duration(a, ["North"], lang, w),
    "trade": lambda a, _, lang, w: pictures.trade_matrix(a, 2010, lang, w),
    "storage": storage,
    "prices": lambda a, b, lang, w: pictures.difference(a, b, "prices", lang, w),
    "sales": lambda a, b, lang, w: pictures.difference(a, b, "sales", lang, w),
    "flows": lambda a, b, lang, w: pictures.difference(a, b, "flows", lang, w),
    "payoffs": lambda a, b, lang, w: pictures.difference(a, b, "payoffs", lang, w),
    "none": lambda a, _, lang, w: pictures.difference(a, a, "prices", lang, w),
}


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru"])
@pytest.mark.parametrize("name", DRAWN)
def test_every_picture_stands_by_itself(
    name: str, lang: str, found: Equilibrium, after: Equilibrium, tmp_path: Path
) -> None:
    for width in (900.0, 358.0):
        drawing = DRAWN[name](found, after, lang, width)
        tree = ET.parse(drawing.save(tmp_path / "p.svg")).getroot()
        assert tree.tag == f"{SVG}svg"
        assert tree.get("direction") == ("rtl" if lang == "ar" else None)
        assert "nan" not in drawing.svg.lower().replace("finan", "") and "inf" not in [
            value for item in tree.iter() for value in item.attrib.values()
        ]
        for item in tree.iter():
            assert float(item.get("width", "0")) >= 0 and float(item.get("height", "0")) >= 0
        _, _, wide, high = map(float, (tree.get("viewBox") or "").split())
        for item in tree.iter(f"{SVG}text"):
            assert -1 <= float(item.get("x", "0")) <= wide + 1
            assert -1 <= float(item.get("y", "0")) <= high + 1
        assert tree.findtext(f"{SVG}title") and tree.findtext(f"{SVG}desc")
    assert drawing.svg == drawing._repr_svg_() and drawing.svg in drawing._repr_html_()
    assert name == "none" or (drawing.sheet.rows and len(drawing.frame))


def test_the_style_of_a_picture_touches_nothing_else() -> None:
    css = picture_css()
    assert ".supply" in css and ".land" in css and ".curve" in css
    for selectors in re.findall(r"([^{}]+)\{", css):
        assert all(one.strip().startswith(".picture") for one in selectors.split(","))
    # What a rule sets for itself (--c) may stay; the colours of the page must not be asked for.
    assert set(re.findall(r"var\((--\w+)\)", css)) <= {"--c"}


def test_every_class_that_is_drawn_has_a_rule(found: Equilibrium, after: Equilibrium) -> None:
    css = picture_css()
    plain = {"picture", "map", "label", "cell", "arrow", "full", "pipe", "lng", "model", "strong"}
    for name, draw in DRAWN.items():
        drawn = ET.fromstring(draw(found, after, "en", 900.0).svg)
        used = {c for item in drawn.iter() for c in item.get("class", "").split()}
        assert [c for c in used - plain if f".{c}" not in css] == [], name


@given(
    st.floats(0.5, 100), st.floats(-20, 200), st.floats(0, 10), st.floats(-50, 0), st.floats(0, 1)
)
def test_inverse_cost_undoes_marginal_cost(
    top: float, a: float, b: float, g: float, use: float
) -> None:
    item = {"capacity": top, "a": a, "b": b, "g": g}
    q = use * 0.99 * top
    cost = a + b * q + (g * math.log1p(-q / top) if g else 0.0)
    assert curves.inverse_cost(item, a - 1.0) == 0.0
    if b > 1e-3 or g < -1e-3:
        assert math.isclose(curves.inverse_cost(item, cost), q, rel_tol=1e-6, abs_tol=1e-6 * top)
    assert curves.inverse_cost(item, cost + 1.0) >= q * (1 - 1e-9)


def competitive() -> Equilibrium:
    """Price-takers at one hub, one of them with a Golombek cost and a royalty."""
    return solve(
        Chain.from_tables(
            {
                "nodes": pd.DataFrame({"name": ["Hub"]}),
                "firms": pd.DataFrame({"name": ["A", "B"], "conduct": 0}),
                "fields": pd.DataFrame(
                    {
                        "name": ["a", "b"],
                        "node": "Hub",
                        "owners": ["A:0.25;B:0.75", "B"],
                        "capacity": [20, 30],
                        "a": [10, 5],
                        "b": [1, 2],
                        "g": [-8, 0],
                        "royalty": [3, 0],
                        "user_cost": [0, 4],
                    }
                ),
                "markets": pd.DataFrame(
                    {
                        "name": ["Hub"],
                        "node": ["Hub"],
                        "reference_quantity": [30],
                        "reference_price": [40],
                        "elasticity": [-0.5],
                    }
                ),
            }
        )
    )


def test_price_takers_lift_where_their_marginal_cost_is_the_price() -> None:
    found = competitive()
    rows = pictures.supply_rows(found)
    price = float(found.prices["Hub"])
    assert [row["cost"] for row in rows] == pytest.approx([price] * 3, abs=1e-4)
    at_price = sum(curves.inverse_cost(row, price) for row in rows)
    assert at_price == pytest.approx(found.sales.sum(), rel=1e-5)
    assert pictures.mean_price(found) == pytest.approx(price)


def test_a_mean_price_below_zero_lies_below_the_axis() -> None:
    slices = [{"capacity": 10.0, "a": 20.0, "b": 1.0, "g": 0.0, "output": 5.0, "cost": 25.0}]
    drawn = ET.fromstring(str(curves.supply_picture(slices, -30.0, speech("en"), 900, "s")))
    (line,) = (i for i in drawn.iter("path") if i.get("class") == "curve price-line")
    (zero,) = (i for i in drawn.iter("line") if i.get("class") == "zero")
    height = float(line.get("d", "")[1:].split("L")[0].split()[1])
    assert height > float(zero.get("y1", "0")) + 20  # down on the page is below


def test_the_supply_curve_names_every_owner(found: Equilibrium) -> None:
    frame = pictures.supply_curve(found).frame
    assert frame["output"].sum() == pytest.approx(found.production.sum())
    assert frame["capacity"].sum() == pytest.approx(found.chain.table("fields")["capacity"].sum())
    assert list(frame["a"]) == sorted(frame["a"])


def test_the_area_under_price_duration_is_the_mean_price(found: Equilibrium) -> None:
    sales = [(sale["price"], sale["bcm"]) for sale in pictures.sold(found)]
    steps = curves._duration(sales)
    assert steps[0][0] == 0 and math.isclose(steps[-1][1], 1.0)
    assert all(a[1] == b[0] and a[2] >= b[2] for a, b in itertools.pairwise(steps))
    area = sum((end - start) * price for start, end, price in steps)
    assert area == pytest.approx(pictures.mean_price(found))


def test_trade_matrix_is_the_fit(found: Equilibrium) -> None:
    from mithaq.equilibrium.fit import fit

    frame = pictures.trade_matrix(found).frame.set_index(["exporter", "importer"])
    assert frame["model"].to_dict() == {k: v[0] for k, v in fit(found).pairs.items()}
    with pytest.raises(ModelError):
        pictures.trade_matrix(found, year=1999)


@pytest.mark.parametrize("what", ["prices", "sales", "flows", "payoffs"])
def test_a_difference_is_after_less_before(
    what: str, found: Equilibrium, after: Equilibrium
) -> None:
    frame = pictures.difference(found, after, what).frame
    assert (frame["change"] == frame["after"] - frame["before"]).all()
    back = pictures.difference(after, found, what).frame
    assert sorted(back["change"]) == pytest.approx(sorted(-frame["change"]))
    if what == "prices":
        north = frame.set_index("price")["change"]["North"]
        assert north == pytest.approx(after.prices["North"] - found.prices["North"]) and north > 0


def test_nothing_changes_between_a_scenario_and_itself(found: Equilibrium) -> None:
    for what in ("prices", "sales", "flows", "payoffs"):
        drawing = pictures.difference(found, found, what)
        assert not len(drawing.frame) and "Nothing changes." in drawing.svg


def test_what_cannot_be_drawn_is_said(found: Equilibrium) -> None:
    asked: list[tuple[Callable[[], Any], str]] = [
        (lambda: pictures.difference(found, found, "colours"), "known: prices"),
        (lambda: pictures.price_duration(found, ["Atlantis", "North"]), "'Atlantis'"),
        (lambda: pictures.storage_year(found, "Cave"), "no storage 'Cave'"),
        (lambda: pictures.storage_year(found), "no storage"),
        (lambda: pictures.flow_map(competitive()), "latitude"),
    ]
    for ask, words in asked:
        with pytest.raises(DataError, match=words):
            ask()


def test_a_name_with_markup_stays_text(found: Equilibrium) -> None:
    rows = [("<script>alert(1)</script>", 1.0, 2.0)]
    drawn = grids.change_picture(rows, speech("en"), 600, "k", "<b>", "&")
    assert "<script>" not in drawn and "<b>" not in drawn


@pytest.fixture(scope="module")
def seasons(tmp_path_factory: pytest.TempPathFactory) -> Equilibrium:
    """Two years of two periods with a storage."""
    return solve(Chain.from_folder(fill(tmp_path_factory.mktemp("seasons") / "chain")))


def test_a_storage_is_drawn_as_it_was_solved(seasons: Equilibrium) -> None:
    (name,) = (row["name"] for row in seasons.chain.rows("storages"))
    frame = seasons.by_slot.storage
    for year in (2010, 2015):
        drawing = pictures.storage_year(seasons, name, year, lang="fr")
        told, here = drawing.frame, frame[frame["year"] == year]
        levels = here.groupby("period", sort=False)["level"].sum()
        assert told.set_index("period")["level"].to_dict() == pytest.approx(levels.to_dict())
        assert told["injected"].sum() == pytest.approx(told["withdrawn"].sum(), abs=1e-6)
        assert name in drawing.svg
    with pytest.raises(DataError, match="1999"):
        pictures.storage_year(seasons, name, 1999)


def test_all_storages_together_are_their_sum(tmp_path: Path) -> None:
    folder = fill(tmp_path / "chain")
    path = folder / "storages.csv"
    head, row = path.read_text("utf-8").splitlines()
    name, rest = row.split(",", 1)
    path.write_text("\n".join([head, row, f"other,{rest}", ""]), encoding="utf-8")
    found = solve(Chain.from_folder(folder))
    parts = [pictures.storage_rows(found, one) for one in (name, "other")]
    for whole, *each in zip(pictures.storage_rows(found), *parts, strict=True):
        assert whole["level"] == pytest.approx(sum(item["level"] for item in each))
    assert pictures.working_gas(found) == 2 * pictures.working_gas(found, name)


def test_price_duration_covers_every_slot(seasons: Equilibrium) -> None:
    drawing = pictures.price_duration(seasons)
    assert len(drawing.frame) == len(seasons.by_slot.market_rows) == 8
    assert drawing.frame["bcm"].sum() == pytest.approx(seasons.deliveries["bcm"].sum())
    assert "2010 Winter" in {row[1].text for row in drawing.sheet.rows}


def test_the_level_of_a_storage_begins_where_the_year_ends() -> None:
    drawn = ET.fromstring(str(curves.storage_picture(YEAR, None, speech("en"), 900, "s", "Cave")))
    (line,) = (item for item in drawn.iter("path") if item.get("class") == "curve supply")
    places = [tuple(map(float, step.split())) for step in line.get("d", "")[1:].split("L")]
    assert len(places) == 4 and places[0][1] == places[-1][1]
    assert places[2][1] < places[1][1] < places[0][1]  # up on the page is more gas
