"""The reference page of 2023, written from the tables and from equilibria solved anew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pandas as pd

from gas import build, page, recent
from gas.page import FIT_END, FIT_START, markdown
from mithaq import Chain, Equilibrium, solve

EUROPE_SELLERS = {  # exporter of the sources: the firms that sell its gas in the chain
    "Norway": ("Equinor",),
    "Russia, by line": ("Gazprom",),
    "Russia, LNG": ("Novatek", "Sakhalin Energy"),
    "Algeria": ("Sonatrach",),
    "United States": ("American LNG",),
    "Qatar": ("QatarEnergy",),
    "Azerbaijan": ("SOCAR",),
    "Libya": ("NOC Libya",),
    "Iran": ("NIGEC",),
    "Nigeria": ("NLNG",),
}
EUROPEAN_BUYERS = ("Belgium", "France", "Italy", "Spain", "Turkey", "United Kingdom", "Other EU")

INTRO = """\
# Data of 2023

This page is written by `scripts/build_gas.py` from the tables that it builds; change the
sources and run the script again rather than the page. Basis, units and the meaning of `source`
are those of the page of [2010](data-2010.md).

## What is observed, and what is not

- **Observed** (Energy Institute 2024): production and use by country; LNG by exporter and importer
  (the EU outside Belgium, France, Italy and Spain as one importer); gas by line from each exporter
  to the EU and to the rest of Europe as two totals; four prices (TTF, NBP, Japan, Henry Hub).
- **Observed by others** (press on official statistics, row by row in `observed`): Turkey's
  suppliers, Algeria to Spain, Russia to Italy, Azerbaijan to Georgia, and that no Russian gas
  reached Germany, Poland, Denmark and the Baltic states by line.
- **Not observed**: who sold to whom inside the EU. Hubs trade gas on, LNG is booked where it lands,
  and no open table of 2023 tells origin by country of use. So the other cells are missing, not
  zero; what was landed in Belgium, France, Italy and the United Kingdom stands in `observed` under
  names of its own ("(landed)"). An error over pairs such as that of 2010 cannot be told: the one
  that `mithaq market --json` gives for 2023 rests on some pairs of Italy, Spain and Turkey. What
  can be told stands under "Fit".
- **Assumed**: every European price but TTF and NBP; prices and use of the Caucasus, Belarus,
  Moldova and the Western Balkans; capacities of lines built or turned round after 2015 that the
  register does not tell (marked "from memory"); costs, which are those of 2010 and of about 2015;
  who may sell where. Changes of stocks are left out, and so is trade outside the chain: North
  America, the Middle East, South Asia but India, South East Asia, pipelines to China, Morocco.

**Closed routes** stand in `pipelines` with capacity 0 and the reason: Nord Stream, Yamal-Europe and
the other lines from Belarus, those from Russia to Finland and the Baltic states, those from Ukraine
but to Slovakia and Moldova, and the line through Morocco. What passes through Ukraine is bounded by
what did: 15.28 Russian bcm. **New**: TurkStream, TANAP and TAP, Baltic Pipe, Medgaz,
Balticconnector, the line from Poland to Lithuania, flows turned round between the west and the
east, terminals in Germany, the Netherlands, Poland, Lithuania, Croatia and Finland, sellers in the
United States, on Yamal, in Angola and in Papua New Guinea.

**Conduct.** No number was found on 2023. Conduct is that of the calibrations of 2010 by kind of
seller (a large seller by line as a main seller at a hub, one of LNG as a small seller at a hub);
user costs are zero, since nearly every exporter sells what it can. American LNG takes prices. What
sellers near Asia shipped there stands as contracts, and so do, as observed, Russian gas and
Algerian LNG to Turkey, Algerian gas to Tunisia and Azeri gas to Georgia: of these the chain
foretells nothing.

**Parts of the year** (`2023/seasons`, `2023/months`): demand by degree days with the use by sector
of 2011, storages of the register of 2018 that stood in 2010; both are older than the year.
"""

FIT = """\
The chain knows each country's demand and each exporter's capacity (what it sold in all, and a
spare), so totals of exporters whose capacity binds follow from it; what is foretold is where the
gas goes, how much comes by line and by ship, and at what price. It is off where the chain sends
Norwegian gas through Britain, which then needs little LNG: the cheapest way on paper, while in
2023 the direct lines to the continent ran fuller. Less LNG lands than did: Algeria ships less and
sends more by line, and what went into stores or was lost on the way is nobody's demand. Europe is
the nodes of that region, Turkey among them, with Ukraine and Moldova; bcm, model over observed in
brackets.
"""


@cache
def chain_of(calibration: str) -> Chain:
    """The chain of 2023 under one calibration, as the shipped tables give it."""
    built = recent.tables(build.all_stored())
    frames = {key: pd.DataFrame(rows) for key, rows in built.items() if rows}
    return Chain.from_tables(frames).calibrated(calibration)


@cache
def equilibria() -> dict[str, Equilibrium]:
    """The year solved under each calibration."""
    return {name: solve(chain_of(name)) for name in recent.CALIBRATIONS}


def sold_in_europe(found: Equilibrium, firms: Sequence[str]) -> float:
    """What firms sold in Europe, bcm."""
    region = {row["name"]: row["region"] for row in found.chain.rows("nodes")}
    nodes = {n for n, r in region.items() if r == "Europe"} | {"Ukraine", "Moldova"}
    sales = found.sales
    rows = sales[sales.index.get_level_values("node").isin(nodes)]
    return float(rows[rows.index.get_level_values(0).isin(firms)].sum())


def landed(found: Equilibrium) -> dict[str, float]:
    """LNG landed by importer of the Energy Institute's matrix, bcm."""
    flows = found.flows
    ships = flows[flows["mode"] == "lng"].groupby("to")["bcm"].sum()
    rest = {"Other EU": sum(float(ships.get(node, 0.0)) for node in recent.OTHER_EU)}
    named = (b for b in (*EUROPEAN_BUYERS, *recent.ASIA) if b != "Other EU")
    return {**{buyer: float(ships.get(buyer, 0.0)) for buyer in named}, **rest}


def seen_landed() -> dict[str, float]:
    """LNG landed by importer as observed, bcm."""
    sums: dict[str, float] = {}
    for (_, buyer), bcm in recent.year().lng.items():
        sums[buyer] = sums.get(buyer, 0.0) + bcm
    return sums


def seen_in_europe() -> dict[str, float]:
    """What each exporter sold in Europe as observed, by line and ship, bcm."""
    ships: dict[str, float] = {}
    for (exporter, buyer), bcm in recent.year().lng.items():
        if buyer in EUROPEAN_BUYERS:
            ships[exporter] = ships.get(exporter, 0.0) + bcm
    lines = {
        exporter: recent.piped(exporter, "EU") + recent.piped(exporter, "Rest of Europe")
        for exporter in ("Norway", "Russia", "Algeria", "Azerbaijan", "Libya", "Iran")
    }
    # The Energy Institute counts Georgia to Europe; in the chain it is not.
    lines["Azerbaijan"] -= recent.observed("Azerbaijan", "Georgia")
    found = {name: lines.get(name, 0.0) + ships.get(name, 0.0) for name in EUROPE_SELLERS}
    found["Russia, by line"], found["Russia, LNG"] = lines["Russia"], ships["Russia"]
    return found


def _cell(model: float, seen: float) -> str:
    return f"{model:.1f} ({model / seen - 1:+.0%})"


def fit() -> str:
    """The section on the fit, solved anew."""
    found = equilibria()
    names = list(found)
    rows: list[list[object]] = []
    for node, seen in _prices().items():
        cells = [f"{e.prices[node]:.0f} ({e.prices[node] / seen - 1:+.1%})" for e in found.values()]
        rows.append([f"price in {node}, USD per 1000 m³", f"{seen:.0f}", *cells])
    for name, seen in seen_in_europe().items():
        sold = [sold_in_europe(e, EUROPE_SELLERS[name]) for e in found.values()]
        rows.append([f"{name} into Europe", f"{seen:.1f}", *(_cell(s, seen) for s in sold)])
    whole = sum(seen_landed()[buyer] for buyer in EUROPEAN_BUYERS)
    came = [sum(landed(e)[buyer] for buyer in EUROPEAN_BUYERS) for e in found.values()]
    rows.append(["LNG landed in Europe", f"{whole:.1f}", *(_cell(s, whole) for s in came)])
    for buyer, seen in seen_landed().items():
        came = [landed(e)[buyer] for e in found.values()]
        rows.append([f"LNG landed in {buyer}", f"{seen:.1f}", *(_cell(s, seen) for s in came)])
    return (
        f"{FIT_START}\n## Fit\n\n{FIT}\n"
        + markdown(["", "observed", *(f"`{name}`" for name in names)], rows)
        + f"{FIT_END}\n"
    )


def _prices() -> dict[str, float]:
    return {market.name: market.price for market in recent.year().markets if market.target}


def text(fitted: str) -> str:
    """The whole page, as Markdown, around the section on the fit."""
    built = recent.tables(build.all_stored())
    parts = [
        INTRO,
        page.counts(built),
        fitted,
        *page.lists(built),
        page.seasons_part(recent.divided(built)["seasons"]),
        page.assumptions(built),
        page.listing("Sources", *page.SOURCES_SHOWN, built["sources"]),
    ]
    return "\n".join(parts)
