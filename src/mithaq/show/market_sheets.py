"""Tables of the gas system: prices, trade, flows, payoffs, and what an agreement is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mithaq.show.sheets import Cell, Column, Sheet
from mithaq.show.speech import Speech

__all__ = ["market_sheets"]

Data = Mapping[str, Any]
LEAST_SHOWN = 0.05  # bcm a year; smaller flows are left out of tables
LEAST_BUILT = 1e-3  # bcm or bcm/yr below which nothing is built to speak of
TONES = {"below_zero": "bad", "undelivered": "warn", "rationed": "warn"}
MAIN_PLACES = 4
FULL = 0.995  # a flow above this share of its capacity is shown as congested


def market_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What the terminal shows of an equilibrium; ``--json`` carries the whole."""
    return [
        certificate_sheet(data, words),
        *notes_sheets(data.get("notes", ()), words),
        prices_sheet(data, words),
        sellers_sheet(data["sales"], words),
        *([exporters_sheet(data, words)] if data.get("fit") else []),
        congested_sheet(data, words),
        payoffs_sheet(data, words),
        *through_time_sheets(data, words),
    ]


def through_time_sheets(data: Data, words: Speech) -> list[Sheet]:
    """Seasons and years, and what is built, where there are any."""
    found = []
    if data.get("slots"):
        found.append(slots_sheet(data["slots"], words))
    if data.get("investments"):
        found.append(investments_sheet(data["investments"], words))
    return found


def _year(year: float | None) -> str:
    return "–" if year is None else f"{year:g}"


def slots_sheet(slots: Sequence[Data], words: Speech) -> Sheet:
    """One row for each period of each year: mean price, gas delivered and gas in store."""
    say, bcm = words.say, words.say("bcm")
    columns = (
        Column(say("Year")),
        Column(say("Period")),
        Column(say("Share of the year")),
        Column(say("Mean price"), price_unit(words), True),
        Column(say("Delivered"), volume_unit(words), True),
        Column(say("In store at its end"), bcm, True),
    )
    rows = []
    for slot in slots:
        by_node: dict[str, float] = {}
        for sale in slot["sales"]:
            by_node[sale["node"]] = by_node.get(sale["node"], 0.0) + sale["bcm"]
        sold = sum(by_node.values())
        worth = sum(slot["prices"].get(node, 0.0) * bcm for node, bcm in by_node.items())
        rows.append(
            (
                _year(slot["year"]),
                words.period(slot["period"]),
                words.share(slot["share"]),
                words.figure(worth / sold if sold > 0 else None),
                words.figure(sold, 1),
                words.figure(sum(row["level"] for row in slot["storage"]), 1),
            )
        )
    note = say("The mean price is weighted by what is delivered.")
    return Sheet.of(say("Seasons and years"), columns, rows, note=note)


def investments_sheet(built: Sequence[Data], words: Speech) -> Sheet:
    """What is built, where it is more than nothing."""
    say, bcm, rate = words.say, words.say("bcm"), volume_unit(words)
    columns = (
        Column(say("Year")),
        Column(say("What is built onto")),
        Column(say("Owner")),
        Column(say("Built"), "", True),
        Column(say("Unit")),
        Column(say("Cost"), say("million USD"), True),
    )
    rows = [
        (
            _year(row["year"]),
            words.place(row["row"]),
            words.place(row["firm"]) if row["firm"] else "",
            words.figure(row["built"], 1),
            bcm if row["unit"] == "bcm" else rate,
            words.figure(row["musd"]),
        )
        for row in built
        if row["built"] > LEAST_BUILT
    ]
    return Sheet.of(say("What is built"), columns, rows)


def price_unit(words: Speech) -> str:
    """USD per thousand cubic metres, in words."""
    return words.say("USD/1000 m³")


def volume_unit(words: Speech) -> str:
    """Billion cubic metres a year, in words."""
    return words.say("bcm a year")


def money_unit(words: Speech) -> str:
    """Million US dollars a year, in words."""
    return words.say("million USD a year")


def certificate_sheet(data: Data, words: Speech, *, timed: bool = True) -> Sheet:
    """Whether the answer is proven, and how long it took, unless that is not to be told.

    A report leaves the time out: it is to be the same bytes whenever it is made.
    """
    say = words.say
    seconds, size = data["seconds"] if timed else {}, data["size"]
    violation = data["certificate"]["max_violation"]
    rows = [
        (say("Outcome"), words.term("outcome", data["status"])),
        (say("Largest violation of the conditions"), words.short(violation)),
        (say("Variables"), words.figure(size["variables"])),
        (say("Rows"), words.figure(size["rows"])),
        *several_rows(data, words),
        *(
            (label, say("{seconds} s", seconds=words.figure(seconds[key], 3)))
            for key, label in (
                ("load", say("Loading")),
                ("build", say("Building")),
                ("solve", say("Solving")),
                ("certify", say("Certifying")),
            )
            if seconds.get(key) is not None
        ),
    ]
    columns = (Column(say("Measure")), Column(say("Value"), figures=True))
    return Sheet.of(say("Equilibrium"), columns, rows)


def several_rows(data: Data, words: Speech) -> list[tuple[str, str]]:
    """How many figures are one choice among several; ``--json`` lists them."""
    say = words.say
    counts = (
        (say("Prices and rents that are not unique"), data.get("price_intervals") or ()),
        (say("Ways whose flow could be otherwise"), data.get("open_routes") or ()),
    )
    return [(label, words.figure(len(found))) for label, found in counts if found]


def notes_sheets(notes: Sequence[Data], words: Speech) -> list[Sheet]:
    """What to know before the figures are used, where there is anything."""
    if not notes:
        return []
    say = words.say
    columns = (Column(say("Kind")), Column(say("What")))
    rows = [
        (
            Cell(words.term("note", note["kind"]), TONES.get(note["kind"], "")),
            words.tell(note["text"], names=True),
        )
        for note in notes
    ]
    return [Sheet.of(say("What to know about the answer"), columns, rows)]


def prices_sheet(data: Data, words: Speech, observed: Mapping[str, float] | None = None) -> Sheet:
    """Prices by node, beside what was observed where that is known."""
    say, observed = words.say, observed or {}
    unit = price_unit(words)
    columns = [Column(say("Node")), Column(say("Price"), unit, True)]
    if observed:
        columns += [Column(say("Observed"), unit, True), Column(say("Difference"), "%", True)]
    rows = []
    for node, price in sorted(data["prices"].items()):
        if price is None:
            continue
        seen = observed.get(node)
        row = [words.place(node), words.figure(price)]
        if observed:
            off = None if not seen else price / seen - 1
            row += [words.figure(seen), "–" if off is None else words.change(100 * off)]
        rows.append(row)
    return Sheet.of(say("Prices"), columns, rows)


def sellers_sheet(sales: Sequence[Data], words: Speech, most: int = 20) -> Sheet:
    """The largest sellers, what each sells in all and where most of it goes."""
    say = words.say
    sold: dict[str, dict[str, float]] = {}
    for sale in sales:
        if sale["bcm"] >= LEAST_SHOWN:
            sold.setdefault(sale["firm"], {})[sale["node"]] = sale["bcm"]
    ranked = sorted(sold.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    columns = (
        Column(say("Seller")),
        Column(say("Sold"), volume_unit(words), True),
        Column(say("Mainly to")),
    )
    rows = []
    for firm, places in ranked[:most]:
        main = sorted(places.items(), key=lambda item: (-item[1], item[0]))[:MAIN_PLACES]
        told = (f"{words.place(node)} {words.figure(bcm, 1)}" for node, bcm in main)
        rows.append(
            (
                words.place(firm),
                words.figure(sum(places.values()), 1),
                words.language.semicolon.join(told),
            )
        )
    hidden = len(ranked) - len(rows)
    note = ""
    if hidden:
        note = words.plural(
            "{n} smaller seller is left out.", "{n} smaller sellers are left out.", hidden
        )
    return Sheet.of(say("Who sells to whom"), columns, rows, note=note)


def exporters_sheet(data: Data, words: Speech) -> Sheet:
    """Sales of the main exporters against what was observed."""
    say, fit = words.say, data.get("fit") or {}
    unit = volume_unit(words)
    year = str(fit.get("other_year", ""))
    scaled = any(item.get("scaled") is not None for item in fit.get("exporters", ()))
    columns = (
        Column(say("Exporter")),
        Column(say("Model"), unit, True),
        Column(say("Observed"), unit, True),
        Column(say("Difference"), "%", True),
        *([Column(say("Trade of {year}, scaled", year=year), "%", True)] if scaled else []),
    )
    rows = [
        (
            words.place(item["exporter"]),
            words.figure(item["model"], 1),
            words.figure(item["observed"], 1),
            _off(item["model"], item["observed"], words),
            *([_off(item["scaled"], item["observed"], words)] if scaled else []),
        )
        for item in fit.get("exporters", ())
    ]
    return Sheet.of(exports_title(fit, words), columns, rows, note=fit_note(fit, words))


def exports_title(fit: Data, words: Speech) -> str:
    """What the exports are that were compared: into Europe, or all of a chain that has no such."""
    year = str(fit.get("year", ""))
    if fit.get("region", "Europe"):
        return words.say("Exports into Europe, {year}", year=year)
    return words.say("Exports, {year}", year=year)


def _off(model: float | None, observed: float, words: Speech) -> str:
    return words.change(100 * (model / observed - 1)) if observed and model is not None else "–"


def fit_note(fit: Data, words: Speech) -> str:
    """How far the model is from what was observed, beside simple benchmarks."""
    if fit.get("wape") is None:
        return ""
    note = words.say(
        "Weighted error over exporter–importer pairs: {wape}.", wape=words.share(fit["wape"], 1)
    )
    if fit.get("parameters") is not None:
        note += " " + words.say(
            "Calibrated numbers: {count}.", count=words.figure(fit["parameters"])
        )
    marks = fit.get("benchmarks") or {}
    labels = (
        ("unchanged", words.say("trade of {year}, unchanged", year=str(fit.get("other_year")))),
        ("scaled", words.say("the same, scaled to each country's imports")),
        ("ras", words.say("the same, fitted to both totals")),
    )
    told = [
        f"{label} {words.share(marks[key], 1)}"
        for key, label in labels
        if marks.get(key) is not None
    ]
    if told:
        note += " " + words.say(
            "For comparison: {benchmarks}.", benchmarks=words.language.semicolon.join(told)
        )
    return note


def is_full(flow: Data) -> bool:
    """Whether a flow fills its capacity."""
    capacity = flow.get("capacity") or 0.0
    return bool(capacity > 0.0 and flow["bcm"] >= FULL * capacity)


def flows_sheet(flows: Sequence[Data], words: Speech, title: str) -> Sheet:
    """Flows with their capacity; the full ones are marked."""
    say = words.say
    unit = volume_unit(words)
    columns = (
        Column(say("From")),
        Column(say("To")),
        Column(say("By")),
        Column(say("Flow"), unit, True),
        Column(say("Capacity"), unit, True),
        Column(say("Use")),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (
            words.place(item["from"]),
            words.place(item["to"]),
            words.term("mode", item["mode"]),
            words.figure(item["bcm"], 1),
            words.figure(item.get("capacity"), 1),
            Cell(say("full"), "bad", badge=True)
            if is_full(item)
            else words.share(item["bcm"] / item["capacity"] if item.get("capacity") else None),
        )
        for item in sorted(flows, key=lambda item: (-item["bcm"], item["from"], item["to"]))
    ]
    return Sheet.of(title, columns, rows)


def congested_sheet(data: Data, words: Speech) -> Sheet:
    """The arcs that are full."""
    full = [item for item in data["flows"] if is_full(item)]
    return flows_sheet(full, words, words.say("Full pipelines, terminals and routes"))


def payoffs_sheet(data: Data, words: Speech, least: float = 100.0) -> Sheet:
    """What every party earns; those below ``least`` million USD a year are left out and counted.

    Where nobody earns a hundred times as much, nobody is left out.
    """
    say = words.say
    columns = (Column(say("Party")), Column(say("Payoff"), money_unit(words), True))
    ranked = sorted(data["payoffs"].items(), key=lambda item: (-item[1], item[0]))
    if all(abs(value) < 100 * least for _, value in ranked):
        least = 0.0
    shown = [item for item in ranked if abs(item[1]) >= least]
    rows = [(words.party(key), words.figure(value)) for key, value in shown]
    hidden = len(ranked) - len(shown)
    note = ""
    if hidden:
        note = words.plural(
            "{n} party with less than {least} is left out.",
            "{n} parties with less than {least} are left out.",
            hidden,
            least=words.figure(least),
        )
    if any(row["kind"] != "market" for row in data.get("price_intervals") or ()):
        open_rents = say(
            "Some rents are not unique; who earns how much of them could be otherwise."
        )
        note = f"{note} {open_rents}".strip()
    return Sheet.of(say("Payoffs"), columns, rows, note=note)


def matrix_sheet(pairs: Sequence[Data], words: Speech) -> Sheet:
    """Importer by exporter: the model's sales, with the observed ones below, shaded by the gap."""
    say = words.say
    exporters = list(dict.fromkeys(item["exporter"] for item in pairs))
    importers = sorted({item["importer"] for item in pairs}, key=words.place)
    at = {(item["importer"], item["exporter"]): item for item in pairs}
    columns = (
        Column(say("Importer")),
        *(Column(words.place(name), "", True) for name in exporters),
    )
    rows: list[tuple[Cell | str, ...]] = [
        (words.place(row), *(_pair(at.get((row, column)), words) for column in exporters))
        for row in importers
    ]
    return Sheet.of(say("Trade by pair, model and observed"), columns, rows, kind="heat")


def _pair(item: Data | None, words: Speech) -> Cell:
    if item is None or not (item["model"] or item["observed"]):
        return Cell("")
    gap = (item["model"] or 0.0) - (item["observed"] or 0.0)
    return Cell(
        words.figure(item["model"], 1),
        below=words.figure(item["observed"], 1),
        shade=max(-1.0, min(1.0, gap / 8.0)),
    )


def supply_sheet(rows: Sequence[Data], words: Speech) -> Sheet:
    """Fields by owner: what they can lift, what they lift, at what marginal cost."""
    say = words.say
    volume, price = volume_unit(words), price_unit(words)
    columns = (
        Column(say("Field")),
        Column(say("Seller")),
        Column(say("Node")),
        Column(say("Capacity"), volume, True),
        Column(say("Lifted"), volume, True),
        Column(say("Marginal cost at rest"), price, True),
        Column(say("Marginal cost"), price, True),
    )
    lines = [
        (
            words.place(row["field"]),
            words.place(row["firm"]),
            words.place(row["node"]),
            words.figure(row["capacity"], 1),
            words.figure(row["output"], 1),
            words.figure(row["a"]),
            words.figure(row["cost"]),
        )
        for row in sorted(rows, key=lambda row: (row["a"], row["field"], row["firm"]))
    ]
    return Sheet.of(say("Supply curve"), columns, lines)


def duration_lines(
    sales: Sequence[Data], nodes: Sequence[str], words: Speech
) -> dict[str, list[tuple[float, float]]]:
    """(price, volume) of all sales and of those at each node, by name in the reader's words."""
    lines = {words.say("all markets"): [(sale["price"], sale["bcm"]) for sale in sales]}
    for node in nodes:
        here = [(sale["price"], sale["bcm"]) for sale in sales if sale["node"] == node]
        lines[words.place(node)] = here
    return lines


def duration_sheet(sales: Sequence[Data], words: Speech) -> Sheet:
    """Sales, the dearest first, with the share of the gas sold at that price or above."""
    say = words.say
    total = sum(sale["bcm"] for sale in sales) or 1.0
    several = len({(sale["year"], sale["period"]) for sale in sales}) > 1
    so_far, rows = 0.0, []
    for sale in sorted(sales, key=lambda sale: -sale["price"]):
        so_far += sale["bcm"]
        year = [] if sale["year"] is None else [f"{sale['year']:g}"]
        when = [" ".join([*year, words.period(str(sale["period"]))])] if several else []
        rows.append(
            (
                words.place(sale["market"]),
                *when,
                words.figure(sale["price"]),
                words.figure(sale["bcm"], 1),
                words.share(so_far / total),
            )
        )
    columns = (
        Column(say("Market")),
        *([Column(say("Period"))] if several else []),
        Column(say("Price"), price_unit(words), True),
        Column(say("Sold"), volume_unit(words), True),
        Column(say("Share sold at this price or above"), "", True),
    )
    return Sheet.of(say("Price duration"), columns, rows)


def storage_sheet(rows: Sequence[Data], name: str, words: Speech) -> Sheet:
    """Periods of a storage's year; ``name`` is already in the reader's words."""
    say, unit = words.say, words.say("bcm")
    columns = (
        Column(say("Period")),
        Column(say("Share of the year"), "", True),
        Column(say("Injected"), unit, True),
        Column(say("Withdrawn"), unit, True),
        Column(say("In store at its end"), unit, True),
    )
    lines = [
        (
            words.period(row["period"]),
            words.share(row["share"]),
            *(words.figure(row[key], 2) for key in ("injected", "withdrawn", "level")),
        )
        for row in rows
    ]
    return Sheet.of(say("The year of {storage}", storage=name), columns, lines)
