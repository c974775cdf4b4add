"""Four experiments of history: what the chain says, beside what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gas.network import RUNNING_SHARE
from gas.page import markdown
from gas.sources import ROOT
from mithaq import Add, Chain, Change, Equilibrium, solve
from mithaq.chain import Edit

PAGE = ROOT / "docs" / "explanation" / "history.md"
LEAN = ("lean", "low_elasticity", "high_elasticity")
ONSHORE = 29.7  # USD per 1000 m3 from the fields to the Russian border, as on the other lines
NORD_STREAM = 31.2  # cost of ship-or-pay contracts (tables/transit_tariffs_2010.csv)
MEDGAZ = 15.0  # 1.2 billion USD for 8 bcm a year at a tenth of the cost a year (assumption)
STOP, STOPPED = "stop in January", 14  # days without transit, from the 7th to the 20th
# Russian bcm at 37.7 of 40 MJ: 55 of Nord Stream, 33 of Yamal-Europe, 40 of ship-or-pay.
WAYS = {"Nord Stream": 51.8, "Yamal-Europe": 31.1, "Russia-Ukraine": 37.7}
LEFT = {"Ukraine-Slovakia": 12.0, "Ukraine-Romania": 14.0}  # as much as reached the EU in 2023


@dataclass(frozen=True, slots=True)
class Pair:
    """An equilibrium without and with an event."""

    before: Equilibrium
    after: Equilibrium

    def flow(self, name: str) -> tuple[float, float]:
        """Flow of a line, bcm a year, before and after."""
        found = []
        for one in (self.before, self.after):
            sent = one.flows.set_index("name")["bcm"]
            found.append(float(sent.get(name, 0.0)))
        return found[0], found[1]

    def change(self, names: Sequence[str]) -> float:
        """Change of the flow of several lines together, bcm a year."""
        return sum(self.flow(name)[1] - self.flow(name)[0] for name in names)

    def price(self, node: str) -> float:
        """Change of a price as a share."""
        return float(self.after.prices[node] / self.before.prices[node] - 1)

    def payoff(self, party: str) -> float:
        """Change of a party's payoff, million USD a year."""
        return float(self.after.payoffs()[party] - self.before.payoffs()[party])

    def sales(self, firm: str, nodes: Sequence[str]) -> float:
        """Change of what a firm sells at some nodes, bcm a year."""
        found = [one.sales.get((firm, node), 0.0) for one in (self.after,) for node in nodes]
        then = [self.before.sales.get((firm, node), 0.0) for node in nodes]
        return float(sum(found) - sum(then))


def _line(name: str, ends: tuple[str, str], capacity: float, tariff: float, duty: float) -> Add:
    owner = "Gazprom" if ends[0] == "Russia" else "Sonatrach"
    return Add(
        "pipelines",
        {
            "name": name,
            "from": ends[0],
            "to": ends[1],
            "capacity": capacity,
            "tariff": tariff,
            "operating_cost": round(RUNNING_SHARE * tariff, 2),
            "export_duty": duty,
            "duty_receiver": "Russia" if duty else "",
            "owner": owner,
            "access": owner,
        },
    )


def nord_stream(calibration: str) -> Pair:
    """Nord Stream (55 bcm a year, November 2011 and October 2012) in the market of 2010."""
    chain = Chain.shipped(2010).calibrated(calibration)
    duty = max(row["export_duty"] for row in chain.rows("pipelines"))
    line = _line("Nord Stream", ("Russia", "Germany"), 55.0, ONSHORE + NORD_STREAM, duty)
    return Pair(solve(chain), solve(chain, [line]))


def medgaz(calibration: str) -> Pair:
    """Medgaz (8 bcm a year, April 2011) in the market of 2010."""
    chain = Chain.shipped(2010).calibrated(calibration)
    line = _line("Medgaz", ("Algeria", "Spain"), 8.0, MEDGAZ, 0.0)
    return Pair(solve(chain), solve(chain, [line]))


def ukraine_2009() -> tuple[Pair, Pair]:
    """No transit through Ukraine from the 7th to the 20th of January 2009, a period of its own.

    First as everybody knew beforehand and could fill stores for it; then with stores that give no
    more in those days than they would have given.
    """
    months = Chain.shipped(2009, "months")
    part = STOPPED / 365
    whole = next(row["share"] for row in months.rows("periods") if row["name"] == "January")
    cold = [row for row in months.rows("demand_factors") if row["period"] == "January"]
    chain = months.with_edits(
        [
            Change("periods", "January", "share", whole - part),
            Add("periods", {"name": STOP, "position": 1.5, "share": part}),
            *(
                Add(
                    "demand_factors",
                    {"market": row["market"], "period": STOP, "quantity": row["quantity"]},
                )
                for row in cold
            ),
        ]
    )
    shut = [
        Add("availability", {"table": "pipelines", "row": name, "period": STOP, "factor": 0.0})
        for name in lines_from(chain, "Ukraine")
    ]
    before = solve(chain)
    rate = {row["name"]: row["withdrawal"] for row in chain.rows("storages")}
    stores = before.by_slot.storage
    used = stores[stores["period"] == STOP].groupby("storage")["withdrawal"].sum()
    usual = [
        Add(
            "availability",
            {
                "table": "storages",
                "row": name,
                "period": STOP,
                "factor": min(float(used.get(name, 0.0)) / limit, 1.0) if limit else 1.0,
            },
        )
        for name, limit in rate.items()
    ]
    return Pair(before, solve(chain, shut)), Pair(before, solve(chain, [*shut, *usual]))


def after_2022(calibration: str) -> Pair:
    """The market of 2010 with no more Russian pipeline gas in the EU than in 2023."""
    chain = Chain.shipped(2010).calibrated(calibration)
    region = {row["name"]: row["region"] for row in chain.rows("nodes")}
    kept = {"Blue Stream", "Russia-Finland", "Russia-Estonia", "Russia-Latvia"}
    cut: list[Edit] = []
    for row in chain.rows("pipelines"):
        west = row["from"] in ("Russia", "Belarus", "Ukraine") and region[row["to"]] == "Europe"
        if west and row["name"] not in kept and row["to"] not in ("Lithuania", "Latvia"):
            capacity = min(row["capacity"], LEFT.get(row["name"], 0.0))
            cut.append(Change("pipelines", row["name"], "capacity", capacity))
    return Pair(solve(chain), solve(chain, cut))


def reopened(calibration: str) -> Pair:
    """The market of 2023 as it is and with the closed Russian ways open again.

    Nord Stream, Yamal-Europe and the ship-or-pay volume through Ukraine come back, and Gazprom
    may sell wherever it could carry gas, as it does in Italy. Nothing else changes.
    """
    chain = Chain.shipped(2023).calibrated(calibration)
    open_to = europe(chain)
    theta = {(row["firm"], row["market"]): row["theta"] for row in chain.rows("conduct")}
    edits: list[Edit] = [
        Change("pipelines", name, "capacity", capacity) for name, capacity in WAYS.items()
    ]
    for row in chain.rows("conduct"):
        if row["firm"] == "Gazprom" and row["market"] in open_to and not row["may_sell"]:
            key = f"Gazprom|{row['market']}"
            edits.append(Change("conduct", key, "may_sell", "true"))
            edits.append(Change("conduct", key, "theta", theta["Gazprom", "Italy"]))
    return Pair(solve(chain), solve(chain, edits))


def europe(chain: Chain) -> list[str]:
    """Nodes of Europe but Turkey and Norway."""
    return [
        row["name"]
        for row in chain.rows("nodes")
        if row["region"] == "Europe" and row["name"] not in ("Turkey", "Norway")
    ]


def lines_from(chain: Chain, node: str, *, west: bool = True) -> list[str]:
    """Lines that leave a node for Europe, or all."""
    region = {row["name"]: row["region"] for row in chain.rows("nodes")}
    return [
        row["name"]
        for row in chain.rows("pipelines")
        if row["from"] == node and (not west or region[row["to"]] == "Europe")
    ]


def landed(equilibrium: Equilibrium) -> float:
    """LNG landed in Europe but Turkey, bcm a year."""
    nodes = set(europe(equilibrium.chain))
    flows = equilibrium.flows
    return float(flows[(flows["mode"] == "lng") & flows["to"].isin(nodes)]["bcm"].sum())


def demand(equilibrium: Equilibrium) -> float:
    """Gas used in Europe but Turkey and Norway, bcm a year."""
    nodes = europe(equilibrium.chain)
    return float(
        equilibrium.sales[equilibrium.sales.index.get_level_values("node").isin(nodes)].sum()
    )


def stopped_flow(one: Equilibrium, names: Sequence[str]) -> float:
    """What lines carried during the stop, bcm."""
    flows = one.by_slot.flows
    rows = flows[(flows["period"] == STOP) & flows["name"].isin(names)]
    return float(rows["bcm"].sum()) * STOPPED / 365


def stopped_price(one: Equilibrium, node: str) -> float:
    """Price during the stop, USD per 1000 m3."""
    prices = one.by_slot.prices
    return float(prices[(prices["period"] == STOP) & (prices["node"] == node)]["price"].iloc[0])


def stopped_store(one: Equilibrium) -> float:
    """What came out of storage outside Ukraine during the stop, bcm."""
    rows = one.by_slot.storage
    rows = rows[(rows["period"] == STOP) & (rows["storage"] != "Storage in Ukraine")]
    return float(rows["withdrawal"].sum()) * STOPPED / 365


INTRO = """\
# Four experiments of history

This page is written by `scripts/build_history.py`, which solves every case anew; tests check signs
and sizes. Each experiment changes one thing in a base year and leaves demand, costs and conduct
alone, so that it is set beside the size of what happened rather than beside a year's statistics,
in which everything moved. Calibrations are those of the [data page](../reference/data-2010.md).
"""


def _rows(found: dict[str, Pair], measures: Sequence[tuple[str, Callable[[Pair], str]]]) -> str:
    names = list(found)
    rows = [[label, *(measure(found[name]) for name in names)] for label, measure in measures]
    return markdown(["", *(f"`{name}`" for name in names)], rows)


def _nord_stream() -> str:
    found = {name: nord_stream(name) for name in (*LEAN, "full")}
    chain = Chain.shipped(2010)
    ukraine, belarus = lines_from(chain, "Ukraine"), lines_from(chain, "Belarus")
    text = _rows(
        found,
        [
            ("flow of Nord Stream, bcm", lambda p: f"{p.flow('Nord Stream')[1]:.1f}"),
            ("lines from Ukraine to the west, bcm", lambda p: f"{p.change(ukraine):+.1f}"),
            ("lines from Belarus to the west, bcm", lambda p: f"{p.change(belarus):+.1f}"),
            ("price in Germany", lambda p: f"{p.price('Germany'):+.1%}"),
            ("payoff of Gazprom, million USD", lambda p: f"{p.payoff('Gazprom'):+,.0f}"),
        ],
    )
    return (
        "## Nord Stream opens\n\n"
        "The line of 55 bcm a year (November 2011, October 2012) in the market of 2010.\n\n"
        f"{text}\n"
        "**What happened.** Nord Stream carried 23.8 bcm in 2013, its first full year with both\n"
        "strings (its operator, [TASS](https://tass.com/economy/716481/amp)), and over 30 bcm in\n"
        "the first eleven months of 2014 (Gazprom,\n"
        "[Nakanune](https://nakanune.ru/news/2014/12/05/22379629)). New contracts for it were\n"
        "for 15.5 bcm (`data/sources/tables/contracts.csv`): most of what it carries came off\n"
        "other ways, as here; transit through Ukraine was 98.6 bcm in 2010.\n"
    )


def _medgaz() -> str:
    found = {name: medgaz(name) for name in (*LEAN, "full")}
    text = _rows(
        found,
        [
            ("flow of Medgaz, bcm", lambda p: f"{p.flow('Medgaz')[1]:.1f}"),
            ("line through Morocco, bcm", lambda p: f"{p.change(['GME (Morocco)']):+.1f}"),
            (
                "Algerian LNG to Spain, bcm",
                lambda p: f"{p.change(['Algeria~Spain']):+.1f}",
            ),
            (
                "Sonatrach's sales in Spain, bcm",
                lambda p: f"{p.sales('Sonatrach', ['Spain']):+.2f}",
            ),
            ("price in Spain", lambda p: f"{p.price('Spain'):+.1%}"),
            ("payoff of Sonatrach, million USD", lambda p: f"{p.payoff('Sonatrach'):+,.0f}"),
        ],
    )
    return (
        "## Medgaz opens\n\n"
        "The line of 8 bcm a year (April 2011) in the market of 2010.\n\n"
        f"{text}\n"
        "**What happened.** It filled within a few years and took gas off the line through\n"
        "Morocco, which carried about 80 bcm to Spain in the eleven years from 2010 to 2020, and\n"
        "less than Medgaz from 2019 on\n"
        "([MEES](https://www.mees.com/2021/5/14/power-water/"
        "clock-runs-down-on-key-algeria-morocco-spain-pipeline-contract/"
        "52845260-b4b0-11eb-a568-6b0f61de2451)).\n"
    )


def _ukraine() -> str:
    pairs = ukraine_2009()
    chain = pairs[0].before.chain
    ukraine = lines_from(chain, "Ukraine")
    others = [*lines_from(chain, "Belarus"), "Blue Stream"]
    measures: list[tuple[str, Callable[[Equilibrium], float]]] = [
        ("lines from Ukraine to the west, bcm", lambda one: stopped_flow(one, ukraine)),
        ("other Russian lines, bcm", lambda one: stopped_flow(one, others)),
        ("out of storage to the west of Ukraine, bcm", stopped_store),
    ]
    rows = [
        [label, *(f"{measure(p.after) - measure(p.before):+.2f}" for p in pairs)]
        for label, measure in measures
    ]
    for place in ("Bulgaria", "Slovakia", "Hungary", "Austria", "Italy", "Germany", "France"):
        changes = [stopped_price(p.after, place) / stopped_price(p.before, place) for p in pairs]
        rows.append([f"price in {place}", *(f"{change - 1:+.0%}" for change in changes)])
    return (
        "## No transit through Ukraine in January 2009\n\n"
        "The year 2009 in months (`lean`), the days from the 7th to the 20th of January as a\n"
        "period of their own, in which the lines that leave Ukraine to the west are shut. The\n"
        "truth lies between two cases: everybody knows it beforehand and fills stores for it, or\n"
        "stores give no more in those days than they would have given. Changes in those days:\n\n"
        + markdown(["", "stores prepared", "stores as usual"], rows)
        + "\n**What happened.** Flows to the west through Ukraine fell from 270 to 92 million m³\n"
        "a day on the 6th (Naftogaz,\n"
        "[EUobserver](https://euobserver.com/green-economy/ar02a7d937)) and to nothing on the\n"
        "7th ([OGJ](http://www.ogj.com/content/ogj/en/articles/2009/01/"
        "russian-gas-supplies-through-ukraine-shut-down.html)):\n"
        "14 days at 270 million m³ are 3.8 bcm. Stores and other ways made up for most of it in\n"
        "the west; Bulgaria, Slovakia and the Balkans had few and went short.\n"
    )


def _after_2022() -> str:
    found = {name: after_2022(name) for name in LEAN}
    text = _rows(
        found,
        [
            (
                "Russian gas by line to Europe but Turkey, bcm",
                lambda p: f"{p.sales('Gazprom', europe(p.before.chain)):+.0f}",
            ),
            ("demand of Europe", lambda p: f"{demand(p.after) / demand(p.before) - 1:+.0%}"),
            ("LNG landed in Europe", lambda p: f"{landed(p.after) / landed(p.before) - 1:+.0%}"),
            ("price in Germany", lambda p: f"{p.price('Germany'):+.0%}"),
            ("price in Italy", lambda p: f"{p.price('Italy'):+.0%}"),
            ("price in the United Kingdom", lambda p: f"{p.price('United Kingdom'):+.0%}"),
            ("payoff of Gazprom, million USD", lambda p: f"{p.payoff('Gazprom'):+,.0f}"),
            ("payoff of Statoil, million USD", lambda p: f"{p.payoff('Statoil'):+,.0f}"),
        ],
    )
    return (
        "## The loss of Russian pipeline gas after 2022\n\n"
        "The market of 2010 in which no more Russian gas by line can reach the EU than the 25.7\n"
        "bcm of 2023 (Energy Institute); Turkey, Finland and the Baltic states, which had no\n"
        "other way in 2010, are left alone. Nothing is built, no new seller comes.\n\n"
        f"{text}\n"
        "**What happened.** Between 2021 and 2022 demand of the EU fell by 13.2 %\n"
        "([Eurostat](https://sofiaglobe.com/2023/05/04/"
        "eurostat-natural-gas-demand-in-eu-down-13-in-2022-in-cutback-efforts/)), its LNG\n"
        "purchases rose by 58 %, and Russian gas by line fell from about 140 to 60 bcm\n"
        "(Refinitiv, [UBN](https://ubn.news/de/"
        "die-eu-ist-weltweit-der-groesste-importeur-von-fluessigerdgas-lng-geworden/)); prices at\n"
        "the hubs were two to three times those of 2021. The model says what is left when the\n"
        "year has settled: LNG of 2010 was a third of that of 2022, so that demand gives way\n"
        "more.\n\n" + _reopened()
    )


def _reopened() -> str:
    found = {name: reopened(name) for name in LEAN}

    def tell(measure: Callable[[Equilibrium], float]) -> Callable[[Pair], str]:
        return lambda p: f"{measure(p.before):.0f} → {measure(p.after):.0f}"

    def ways(one: Equilibrium) -> float:
        return sum(one.sales.get(("Gazprom", node), 0.0) for node in europe(one.chain))

    def hub(one: Equilibrium) -> float:
        return float(one.prices["Netherlands"])

    text = _rows(
        found,
        [
            ("Russian gas by line to Europe but Turkey, bcm", tell(ways)),
            ("demand of Europe, bcm", tell(demand)),
            ("LNG landed in Europe, bcm", tell(landed)),
            ("price in the Netherlands, USD per 1000 m³", tell(hub)),
            ("price in Japan", lambda p: f"{p.price('Japan'):+.0%}"),
            ("payoff of Gazprom, million USD", lambda p: f"{p.payoff('Gazprom'):+,.0f}"),
            ("payoff of Equinor, million USD", lambda p: f"{p.payoff('Equinor'):+,.0f}"),
            ("payoff of American LNG, million USD", lambda p: f"{p.payoff('American LNG'):+,.0f}"),
        ],
    )
    return (
        "**The other way round.** The [market of 2023](../reference/data-2023.md), with its LNG,\n"
        "terminals and lines, as it is and with Nord Stream, Yamal-Europe and the ship-or-pay\n"
        "volume through Ukraine open again and Gazprom selling where it can reach:\n\n"
        f"{text}\n"
        "About 140 bcm came by line in 2021 (Refinitiv, above). LNG that Europe does without goes\n"
        "to Asia, so that prices there fall with those of Europe; demand, costs, conduct and what\n"
        "was built since stay as they were in 2023.\n"
    )


def page() -> str:
    """The page, every figure computed."""
    return "\n".join([INTRO, _nord_stream(), _medgaz(), _ukraine(), _after_2022()])
