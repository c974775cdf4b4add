"""The reference page of the data of a base year, written from the tables themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gas import build, network
from gas.calibrate import chain_of
from gas.conduct import PARAMETERS
from gas.sources import CELLS_OF, OutRow
from mithaq import Chain, Change, calibrate, solve
from mithaq.equilibrium.calibrate import observed_sales
from mithaq.equilibrium.fit import FORECASTS, Fit, fit
from mithaq.equilibrium.recipes import NOMINATED

FIT_START, FIT_END = "<!-- fit -->", "<!-- end of fit -->"
Parameters = Mapping[str, Mapping[str, float]]

INTRO = """\
# Data of {year}

This page is written by `scripts/build_gas.py` from the tables that it builds; change the
sources and run the script again rather than the page.

**Basis.** Gas is in bcm a year at 15 °C and 40 MJ/m³ (gross), money in US dollars of the year that
the source names, costs and prices in USD per 1000 m³. Eurostat terajoules are divided by 40,000;
Russian cubic metres (20 °C, 37.7 MJ) are converted; the copied tables under `data/sources` say how,
row by row. Every row of every table names its sources in the column `source`: identifiers of the
list below, or `assumption:` with the reason. `mithaq` stands for arithmetic on the named sources.

**Age.** Production, consumption, trade and prices are of {year} (small producers and the use by
sector: 2011). Border capacities without a year are of 2015, with what was built after 2010 taken
out; terminals are those in service in {year} with the capacities that their registers give later
(2019 in Europe, 2024 elsewhere); tariffs and cost functions are of about 2015; transit fees of
2009-2011 (Bulgaria: 2005). LNG sold outside Europe is known by seller and buyer for 2010; for
another year that matrix is fitted to the year's totals of exporters and importers.
"""

METHODS = """\
## How the tables are made

- **Trade by origin.** `observed` holds every base year. What Austria, Belgium, France, Germany,
  Hungary, Italy, Slovenia and Turkey sold on is given to the countries of origin and taken off the
  reseller's own imports: Austrian, Hungarian and Slovenian re-exports are Russian, Turkish ones
  Azeri, the others go by the mix of the reseller's imports. Central Asian gas counts as Russian.
  Producers (Netherlands, United Kingdom, Denmark, Norway) count as origins of all that they sell.
  Austria's imports are a stand-in of 2008. A cell that is not there is missing, not zero.
  What the balances of a year need and nobody observed (stand-ins, LNG fitted to totals) is not in
  that table.
- **Statistical differences.** Demand is consumption. What production and traced imports leave open
  is a field called "Statistical difference (country)", lifted at no cost by the domestic fringe;
  where supply exceeds consumption the excess counts as demand. Both are named in the notes.
- **Sellers.** Exporters sell abroad (and at home where the home price is free); price-taking
  fringes sell the domestic gas of each producing country; home markets of exporters with a price
  set by the state have an obliged supplier. Exporters have a field for home supply, sized to what
  they owe, and one for export, sized to what they sold in {year} and a spare capacity.
- **Central Asian gas** that Gazprom bought is a field of Gazprom at the Caspian node. It was bought
  under take-or-pay, so its transfer price is a fixed yearly payment to the countries of origin.
- **Export duty.** {duty} USD per 1000 m³ on the lines that leave the CIS to the west: 30 % of the
  mean price of Russian gas in Europe, weighted by volume, as a fixed amount. Blue Stream and LNG
  are exempt.
- **LNG.** European terminals stand one by one, others are added up by country. Sea distances are
  computed between ports; freight is {fixed} USD and {slope} USD a nautical mile per 1000 m³, fitted
  to the shipping costs of SeasonalFlex. LNG sold to North and South America, India and China, and
  what sellers of the Atlantic and the Mediterranean shipped to the Far East, stands as contracts at
  the market's mean price: it was bound by old terms, which no netback explains.
- **Long-term contracts** stand in `contracts` by buyer where the annual quantity is told; what a
  seller delivers in a market beyond them is one row of other terms. In the base and the lean
  calibrations none of this gas is nominated: a seller's conduct counts it. The calibration `full`
  takes {nominated:.0%} of what was delivered in 2010 as nominated at the border price, since
  Cedigaz counts 263 + 87 + 61 bcm a year under such contracts to Europe at the start of 2015 (rows
  of `data/sources/tables/contracts.csv`), nine tenths of what it imports. Take-or-pay shares are
  entered where a source tells them.
- **Parts of the year.** `{year}/seasons` (3) and `{year}/months` (12) stand beside the whole year
  (`mithaq market --chain {year}/seasons`), with periods, demand by period and storages. In each
  market whose use by sector is known a part of demand follows degree days (a shape of the year in
  central Europe, from memory) and the rest is even; home markets at a price of the state, and those
  outside Europe, are even. Contracts follow demand. Storages are those of the register of 2018 that
  stood in 2010; the sellers of the country's market may use them. Injection rates and tariffs are
  assumptions.
- **Left out.** Losses and fuel gas (tariffs carry them), Kuwait's LNG, exports
  of Turkmenistan to China and Iran, Russian gas for Kazakhstan, Croatian gas sold to Italy (it
  counts in Italy's statistical difference), Gazprom's half of Sakhalin II as a stake.
"""

CALIBRATED = """\
## What was calibrated, and what was not

`lean` (with `low_elasticity` and `high_elasticity`): **{count} numbers**, by damped least squares
on the trade cells, the exporters' totals and the price targets of 2010, with a scan of the numbers
that a binding limit hides ([method](../explanation/calibration.md)). Conduct is one of eight
numbers by kind of market and weight of the seller; user cost (the scarcity of gas in the ground)
is one of ten by seller. Rows that share a number carry its name in their note. Not calibrated:
elasticities, reference demand and prices, costs, tariffs, capacities, contracts; conduct in the
Far East (Cournot), of price-takers, and of the sellers of closed cells. There is no number for a
single cell but one: Gazprom in Ukraine.

A seller may enter a market (`may_sell`) where it sold at least 0.2 bcm or a tenth of demand in
2010. Every other cell that it could reach is closed in the base and stands in `conduct` with the
conduct of a newcomer; `OpenMarket` opens it.

The count leaves out what the base takes from 2010 without fitting: which cells are open, what is
sold as contracts (markets served by contracts alone reproduce their price by construction), and
the reference point of each market. So the table of the fit also gives the error with every cell
open.

`full`: user costs as in `lean`, contracts as nominated, Cournot beyond them, and **{adders}
adders**, one for each open cell with trade: USD per 1000 m³ that shape what a seller sells there
and are no cash. One number a cell makes the base year fit and proves nothing; what it is worth
shows in the error on another year. `mithaq calibrate` finds all of these numbers again.

Nothing is fitted to another year than 2010. Its chain takes over cells, conduct, user costs and
adders; nominations follow what each importer needs from abroad, and for sellers of LNG alone what
they shipped in all, so that nothing of the year's trade by seller and market enters.

Fit does not tell which conduct or elasticity is true: calibrations with a mean elasticity of 0.25,
0.45 and 0.70 fit about equally well. Results are ranges over them.

"Alone" is a share of demand of at least 55 %, "small" below 17 %, both in 2010; hubs are the
United Kingdom, the Netherlands and Belgium; the south is Bulgaria, Croatia, Greece, Italy,
Portugal, Romania, Serbia, Slovenia, Spain, Switzerland and Turkey.
"""


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = (str(cell).replace("|", "\\|").replace("\n", " ") for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def listing(title: str, head: Sequence[str], columns: Sequence[str], rows: list[OutRow]) -> str:
    """A section with some columns of a table."""
    return f"## {title}\n\n" + markdown(head, [[row[c] for c in columns] for row in rows])


def counts(built: build.Tables) -> str:
    """The section on how many rows each table has."""
    rows = [[f"`{name}`", len(rows)] for name, rows in built.items()]
    return "## Tables\n\n" + markdown(["table", "rows"], rows)


def _targets(base: build.Fixed) -> str:
    head = ["node", "price", "target", "row or reason", "source"]
    rows = [
        [m.name, m.price, "yes" if m.target else "no", m.price_note, m.price_source]
        for m in base.markets
    ]
    text = (
        "## Prices and targets\n\n"
        "USD per 1000 m³. The price of a market is its reference price; a target is also in\n"
        "`prices_observed`. Rows are those of `data/sources/tables`: Gazprom's contract price\n"
        "where it is known, else the customs value; the hubs of the Netherlands and the United\n"
        "Kingdom. Spain is a choice (its customs value was under arbitration).\n\n"
    )
    return text + markdown(head, rows)


def _parameters(parameters: Parameters) -> str:
    names = list(build.MEAN_ELASTICITIES)
    rows = [[name, *(parameters[c][name] for c in names)] for name in PARAMETERS]
    adders = parameters[build.FULL]
    intro = CALIBRATED.format(count=len(PARAMETERS), adders=len(adders))
    means = ", ".join(f"`{name}` {mean}" for name, mean in build.MEAN_ELASTICITIES.items())
    base = parameters[build.BASE]
    idle = [name for name in PARAMETERS if base[name] == build.START[name]]
    note = (
        "Where a seller's capacity binds, trade does not tell its user cost: where a scan finds\n"
        "nothing better either, the number stays where the search began;\n"
        f"in `{build.BASE}`: {', '.join(idle) or 'none'}.\n\n"
    )
    shown = [[name.removeprefix("adder: "), value] for name, value in adders.items()]
    table = markdown(["number", *names], rows)
    more = "\nAdders of `full`, USD per 1000 m³:\n\n" + markdown(
        ["seller in market", "adder"], shown
    )
    return f"{intro}\nMean elasticities: {means}, `full` as `{build.BASE}`.\n\n{note}{table}{more}"


def _cells(built: build.Tables) -> str:
    cells: dict[str, list[str]] = defaultdict(list)
    for row in built["conduct"]:
        if row["may_sell"] == "true":
            label = str(row["note"]).removeprefix("calibrated: ") or str(row["source"])
            cells[label].append(f"{row['firm']} in {row['market']}")
    rows = [[label, len(found), "; ".join(found)] for label, found in cells.items()]
    closed = sum(row["may_sell"] == "false" for row in built["conduct"])
    return (
        "## Open cells by number\n\n"
        + markdown(["number", "cells", "seller in market"], rows)
        + f"\nClosed cells in the table: {closed}.\n"
    )


def assumptions(built: build.Tables) -> str:
    """The section that gathers every assumption of the tables."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, rows in built.items():
        if name in ("conduct", "calibrations", "contracts", "sources"):
            continue
        for row in rows:
            for part in str(row["source"]).split("; "):
                if "assumption:" in part:
                    key = " | ".join((name, part[part.index("assumption:") :]))
                    found[key].append(
                        str(row.get("name") or row.get("node") or row.get("importer"))
                    )
    listed = [[*key.split(" | ", 1), "; ".join(rows)] for key, rows in sorted(found.items())]
    return "## Assumptions\n\n" + markdown(["table", "assumption", "rows"], listed)


def _entry(chain: Chain) -> list[Change]:
    """Edits that let every exporter sell in every market that it can reach."""
    return [
        Change("conduct", f"{row['firm']}|{row['market']}", "may_sell", "true")
        for row in chain.rows("conduct")
        if not row["may_sell"]
    ]


def _percent(part: float) -> str:
    return f"{part:+.0%}"


def _mean_error(found: Fit) -> float:
    errors = [abs(model / seen - 1) for model, seen in found.prices.values()]
    return sum(errors) / len(errors)


def fits(year: str, parameters: Parameters) -> str:
    """The section on the fit, solved anew."""
    chains = {name: chain_of(year, name, parameters) for name in parameters}
    found = {name: fit(solve(chain), int(year)) for name, chain in chains.items()}
    entered = {
        name: fit(solve(chain.with_edits(_entry(chain))), int(year))
        for name, chain in chains.items()
        if name != build.FULL  # whose adders are those of open cells
    }
    first = next(iter(found.values()))
    names = list(found)
    marks = {k: "-" if v is None else f"{v:.3f}" for k, v in first.benchmarks.items()}
    rows: list[list[object]] = [
        ["calibrated numbers", *(found[n].parameters for n in names), 0, 0],
        ["WAPE over pairs", *(f"{found[n].wape:.3f}" for n in names), *map(marks.get, FORECASTS)],
        [
            "WAPE with every cell open",
            *(f"{entered[n].wape:.3f}" if n in entered else "-" for n in names),
            "",
            "",
        ],
        ["mean absolute error of prices", *(f"{_mean_error(found[n]):.1%}" for n in names), "", ""],
    ]
    for exporter, (_, seen) in first.exporters.items():
        errors = [_percent(found[n].exporters[exporter][0] / seen - 1) for n in names]
        plain = [
            _percent(first.forecasts[k][exporter] / seen - 1)
            if exporter in first.forecasts[k]
            else "-"
            for k in FORECASTS
        ]
        rows.append([f"{exporter} into Europe ({seen:.1f} bcm)", *errors, *plain])
    for node, (_, seen) in first.prices.items():
        errors = [_percent(found[n].prices[node][0] / seen - 1) for n in names]
        rows.append([f"price in {node} ({seen:.0f})", *errors, "", ""])
    how = (
        "The numbers were found on this year."
        if year == CELLS_OF
        else f"No number was found on this year: this is how {CELLS_OF} foretells it."
    )
    return (
        f"{FIT_START}\n## Fit\n\n"
        f"{how} Measured on the ten main exporters into Europe, origin-traced, cells observed in\n"
        f"{year}; exporters and prices as model over observed. Forecasts without economics, for\n"
        f"comparison: trade of {first.other_year} unchanged {marks['unchanged']}, scaled to each\n"
        f"importer's imports {marks['scaled']}, fitted to the true totals of {year} (RAS, a\n"
        f"floor) {marks['ras']}. The chain of a year knows its demand, reference prices and\n"
        "capacities, export capacity among them (what was sold in all, and a spare).\n\n"
        + markdown(["", *names, f"{first.other_year} unchanged", "scaled"], rows)
        + _without_contracts(year, parameters, found[build.FULL])
        + f"{FIT_END}\n"
    )


def _without_contracts(year: str, parameters: Parameters, full: Fit) -> str:
    """What adders absorb where no contract is entered, against where contracts are."""
    base = {build.BASE: parameters[build.BASE]}
    known = chain_of(CELLS_OF, build.BASE, base)
    found = calibrate(known, "full", int(CELLS_OF), nominated=0.0)
    size = observed_sales(solve(known), int(CELLS_OF))

    def mean(adders: Mapping[str, float]) -> float:
        weight = {name: size[_cell(name)] for name in adders}
        whole = sum(weight.values())
        return sum(abs(value) * weight[name] for name, value in adders.items()) / whole

    other = chain_of(year, build.BASE, base)
    there = {f"{row['firm']}|{row['market']}" for row in other.rows("conduct")}
    kept = [change for change in found.changes if change.key in there]
    without = fit(solve(other.with_edits(kept)), int(year))
    return (
        "\n**What contracts explain.** The same recipe with nothing nominated needs adders of\n"
        f"{mean(found.values):.0f} USD per 1000 m³ (mean absolute value by volume, on 2010), and\n"
        f"is then off by {without.wape:.3f} on {year} ({_mean_error(without):.1%} on prices).\n"
        f"With contracts as nominated the adders are {mean(parameters[build.FULL]):.0f}, the\n"
        f"error {full.wape:.3f} ({_mean_error(full):.1%}): what adders would otherwise absorb.\n"
    )


def _cell(name: str) -> tuple[str, str]:
    firm, _, market = name.removeprefix("adder: ").partition(" in ")
    return firm, market


def page(year: str, parameters: Parameters, fitted: str) -> str:
    """The whole page, as Markdown, around the section on the fit."""
    base = build.fixed(year)
    built = build.tables(base, parameters)
    fixed, slope = network.shipping_cost()
    methods = METHODS.format(
        year=year,
        duty=network.export_duty(base.trade),
        fixed=fixed,
        slope=slope,
        nominated=NOMINATED,
    )
    parts = [
        INTRO.format(year=year),
        counts(built),
        methods,
        _targets(base),
        _parameters(parameters),
        fitted,
        _cells(built),
        *lists(built),
        seasons_part(build.divided(base, built)["seasons"]),
        assumptions(built),
        listing("Sources", *SOURCES_SHOWN, built["sources"]),
    ]
    return "\n".join(parts)


def seasons_part(parts: build.Tables) -> str:
    """The section on the seasons and storages."""
    names = [str(row["name"]) for row in parts["periods"]]
    factor = {(r["market"], r["period"]): r["quantity"] for r in parts["demand_factors"]}
    markets = list(dict.fromkeys(market for market, _ in factor))
    rows = [[market, *(f"{factor[market, name]:.2f}" for name in names)] for market in markets]
    shares = ", ".join(f"{row['name']} {float(row['share']):.3f}" for row in parts["periods"])
    columns = ["name", "working_gas", "injection", "withdrawal", "source", "note"]
    head = ["name", "working gas (bcm)", "injection", "withdrawal (bcm/yr)", "source", "note"]
    return (
        f"## Seasons\n\nShares of the year: {shares}. Factors on demand:\n\n"
        + markdown(["market", *names], rows)
        + "\n"
        + listing("Storages", head, columns, parts["storages"])
    )


SOURCES_SHOWN = (
    ["id", "citation", "where", "date", "terms", "note"],
    ["id", "citation", "url", "date", "terms", "note"],
)


def lists(built: build.Tables) -> list[str]:
    """The tables themselves, one section each."""
    return [
        listing(
            "Sellers",
            ["name", "home", "fringe", "note"],
            ["name", "home", "fringe", "note"],
            built["firms"],
        ),
        listing(
            "Fields (bcm/yr; USD per 1000 m³)",
            ["name", "owner", "capacity", "a", "b", "g", "user cost", "entry", "source", "note"],
            [
                "name",
                "owners",
                "capacity",
                "a",
                "b",
                "g",
                "user_cost",
                "entry_payment",
                "source",
                "note",
            ],
            built["fields"],
        ),
        listing(
            "Lines (bcm/yr; USD per 1000 m³)",
            ["name", "from", "to", "capacity", "tariff", "fee", "duty", "source", "note"],
            [
                "name",
                "from",
                "to",
                "capacity",
                "tariff",
                "transit_fee",
                "export_duty",
                "source",
                "note",
            ],
            built["pipelines"],
        ),
        listing(
            "Terminals (bcm/yr; USD per 1000 m³)",
            ["name", "node", "kind", "capacity", "tariff", "source", "note"],
            ["name", "node", "kind", "capacity", "tariff", "source", "note"],
            built["terminals"],
        ),
        listing(
            "Markets (bcm/yr; USD per 1000 m³)",
            ["name", "demand", "price", "elasticity", "regulated", "source", "note"],
            [
                "name",
                "reference_quantity",
                "reference_price",
                "elasticity",
                "regulated_price",
                "source",
                "note",
            ],
            built["markets"],
        ),
        listing(
            "Contracts (bcm/yr; USD per 1000 m³)",
            ["name", "quantity", "nominated", "take or pay", "price", "source", "note"],
            [
                "name",
                "annual_quantity",
                "nominated",
                "take_or_pay",
                "price",
                "source",
                "note",
            ],
            built["contracts"],
        ),
        listing(
            "Observed trade (bcm)",
            ["exporter", "importer", "year", "mode", "bcm", "source", "note"],
            ["exporter", "importer", "year", "mode", "bcm", "source", "note"],
            built["observed"],
        ),
    ]
