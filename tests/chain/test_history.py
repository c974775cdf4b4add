"""History's experiments have the right sign and size (docs/explanation/history.md)."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from gas import history  # noqa: E402


@cache
def nord_stream(name: str) -> history.Pair:
    return history.nord_stream(name)


@pytest.mark.parametrize("name", ["lean", "full"])
def test_nord_stream_takes_gas_off_ukraine_and_adds_little(name: str) -> None:
    pair = nord_stream(name)
    _, flow = pair.flow("Nord Stream")
    ukraine = pair.change(history.lines_from(pair.before.chain, "Ukraine"))
    # 23.8 bcm in 2013, above 30 in 2014, of a capacity of 55.
    assert 20 < flow < 45
    assert -1.0 < ukraine / flow < -0.6
    assert -0.05 < pair.price("Germany") < 0
    assert pair.payoff("Gazprom") > 0


@pytest.mark.parametrize("name", ["lean", "full"])
def test_medgaz_fills_and_takes_gas_off_the_line_through_morocco(name: str) -> None:
    pair = history.medgaz(name)
    assert pair.flow("Medgaz")[1] == pytest.approx(8.0, abs=0.1)
    assert pair.change(["GME (Morocco)"]) < -1
    assert 0 < pair.sales("Sonatrach", ["Spain"]) < 4
    assert -0.05 < pair.price("Spain") < 0
    assert pair.payoff("Sonatrach") > 0


@pytest.mark.parametrize("name", history.LEAN)
def test_the_loss_of_russian_gas_after_2022(name: str) -> None:
    pair = history.after_2022(name)
    lost = pair.sales("Gazprom", history.europe(pair.before.chain))
    assert -110 < lost < -70  # about 80 between 2021 and 2022, 114 to 2023
    # Demand fell by 13 %, LNG rose, prices too.
    assert -0.16 < history.demand(pair.after) / history.demand(pair.before) - 1 < -0.06
    assert history.landed(pair.after) / history.landed(pair.before) > 1.03
    for node in ("Germany", "Italy", "United Kingdom"):
        assert 0.05 < pair.price(node) < 1.5
    assert pair.payoff("Gazprom") < 0 < pair.payoff("Statoil")


@pytest.mark.parametrize("name", history.LEAN)
def test_the_ways_of_2021_open_in_2023_bring_russian_gas_back_and_prices_down(name: str) -> None:
    pair = history.reopened(name)
    back = pair.sales("Gazprom", history.europe(pair.before.chain))
    assert 60 < back < 110  # about 140 bcm in 2021, 29 in 2023
    assert history.landed(pair.after) < history.landed(pair.before) - 20
    assert history.demand(pair.after) > history.demand(pair.before)
    for node in ("Netherlands", "United Kingdom", "Japan"):
        assert -0.6 < pair.price(node) < -0.05, node
    assert pair.payoff("Equinor") < 0 < pair.payoff("Gazprom")
    assert pair.payoff("American LNG") < 0


@pytest.mark.slow
def test_a_stop_of_transit_through_ukraine_in_january_2009() -> None:
    prepared, usual = history.ukraine_2009()
    ukraine = history.lines_from(prepared.before.chain, "Ukraine")
    for pair in (prepared, usual):
        assert history.stopped_flow(pair.after, ukraine) == pytest.approx(0, abs=1e-6)
        # 14 days at 270 million m3 were 3.8 bcm.
        assert 1.5 < history.stopped_flow(pair.before, ukraine) < 5
    stores = history.stopped_store
    assert stores(prepared.after) - stores(prepared.before) > 1.5
    rise = {
        node: history.stopped_price(usual.after, node) / history.stopped_price(usual.before, node)
        for node in ("Slovakia", "Bulgaria", "Germany", "France")
    }
    assert rise["Slovakia"] > rise["Bulgaria"] > rise["Germany"] > rise["France"] > 1
    assert rise["Bulgaria"] > 1.2
    assert rise["Germany"] < 1.2


def test_the_page_tells_what_the_script_finds() -> None:
    """Figures of the page that are found at once; the whole is written by the script."""
    text = history.PAGE.read_text(encoding="utf-8")
    flows = [f"{nord_stream(name).flow('Nord Stream')[1]:.1f}" for name in ("lean", "full")]
    row = next(line for line in text.splitlines() if line.startswith("| flow of Nord Stream"))
    cells = [float(cell) for cell in row.split("|")[2:6]]
    assert [cells[0], cells[3]] == pytest.approx([float(flow) for flow in flows], abs=0.15)
