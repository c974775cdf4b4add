"""Trade of a year by country of origin.

Statistics name the last country that sold the gas. Producers count as origins; what the countries
in ``RESELLERS`` sold on is given to the origins of their own imports, and taken off there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from gas.sources import OutRow, choice, number, spelled, table

Key = tuple[str, str, str]

LNG_YEAR = "2010"  # the year of which LNG is known by exporter and importer outside Europe
ROUNDS = 200
LEAST = 0.03  # bcm: smaller traced cells are noise of the proportional split

# Re-exports of one known origin; the others go by the mix of the reseller's imports.
RESELLERS: dict[str, str] = {
    "Austria": "Russia",
    "Turkey": "Azerbaijan",
    "Hungary": "Russia",
    "Slovenia": "Russia",
    "Germany": "",
    "Belgium": "",
    "France": "",
    "Italy": "",
}
NOT_NETTED = {"Austria"}  # its Russian row is a stand-in of 2008 for its own use
CENTRAL_ASIA = {"Turkmenistan", "Kazakhstan", "Uzbekistan"}  # reaches Europe as Gazprom's gas
LNG_NODES = {
    "United States": "North America",
    "Canada": "North America",
    "Mexico": "North America",
    "Argentina": "South America",
    "Brazil": "South America",
    "Chile": "South America",
    "Dominican Republic": "South America",
    "Japan": "Japan",
    "South Korea": "South Korea",
    "Taiwan": "Taiwan",
    "China": "China",
    "India": "India",
}


class Trade:
    """Origin-traced trade of one year: ``cells`` by (exporter, importer, mode), in bcm."""

    def __init__(self, year: str) -> None:
        self.year = year
        self.cells: dict[Key, float] = defaultdict(float)
        self.notes: dict[Key, list[str]] = defaultdict(list)
        self.sources: dict[Key, str] = {}
        self.unseen: set[tuple[str, str]] = set()  # needed for the balances, but not observed
        direct = _direct(year, self.sources, self.unseen)
        for (partner, importer, mode), bcm in direct.items():
            if partner not in RESELLERS:
                self.cells[partner, importer, mode] += bcm
        for (partner, importer, mode), bcm in direct.items():
            if partner in RESELLERS:
                self._trace(partner, importer, mode, bcm, direct)

    def _trace(
        self, seller: str, importer: str, mode: str, bcm: float, direct: dict[Key, float]
    ) -> None:
        for origin, share in _mix(seller, mode, direct).items():
            part = bcm * share
            if origin != importer:
                key = (origin, importer, mode)
                self.cells[key] += part
                self.sources.setdefault(key, "eurostat-trade;mithaq")
                self.notes[key].append(f"{part:.3f} through {seller}")
            if seller not in NOT_NETTED:
                key = (origin, seller, mode)
                self.cells[key] -= part
                self.notes[key].append(f"less {part:.3f} sold on to {importer}")

    def total(self, exporter: str) -> float:
        """What a country sold abroad, bcm."""
        return sum(
            bcm for (origin, _, _), bcm in self.cells.items() if origin == exporter and bcm >= LEAST
        )

    def into(self, importer: str) -> dict[str, float]:
        """What each country of origin sold to ``importer``, both modes, bcm."""
        found: dict[str, float] = defaultdict(float)
        for (origin, buyer, _), bcm in self.cells.items():
            if buyer == importer and bcm >= LEAST:
                found[origin] += bcm
        return dict(found)

    def rows(self) -> list[OutRow]:
        """Rows of the table ``observed``."""
        return [
            {
                "exporter": key[0],
                "importer": key[1],
                "year": self.year,
                "mode": key[2],
                "bcm": round(bcm, 3),
                "source": self.sources.get(key, "eurostat-trade;mithaq"),
                "note": "; ".join(self.notes.get(key, [])),
            }
            for key, bcm in sorted(self.cells.items())
            if bcm >= LEAST and key[:2] not in self.unseen
        ]


def _direct(year: str, sources: dict[Key, str], unseen: set[tuple[str, str]]) -> dict[Key, float]:
    found: dict[Key, float] = defaultdict(float)
    for row in table("trade"):
        if row["year"] != year or not row["source"].startswith("Eurostat nrg_ti_gas"):
            continue
        partner = spelled(row["exporter"])
        partner = "Russia" if partner in CENTRAL_ASIA else partner
        key = (partner, row["importer"], row["mode"])
        found[key] += float(row["bcm"])
        sources[key] = "eurostat-trade"
    for row in choice("extra_trade"):
        if row["year"] == year:
            key = (row["exporter"], row["importer"], row["mode"])
            found[key] += float(row["bcm"])
            sources[key] = row["source"]
            if row["observed"] == "no":
                unseen.add((row["exporter"], row["importer"]))
    world = _world_lng()
    if year != LNG_YEAR:
        europe: dict[str, float] = defaultdict(float)
        for (exporter, _, mode), bcm in found.items():
            europe[exporter] += bcm if mode == "lng" else 0.0
        world = _fitted(world, europe, year)
        unseen.update(world)
    for (exporter, importer), bcm in world.items():
        found[exporter, importer, "lng"] += bcm
        sources[exporter, importer, "lng"] = "comtrade" if year == LNG_YEAR else "mithaq"
    return found


def _world_lng() -> dict[tuple[str, str], float]:
    """LNG sold outside Europe in 2010, bcm, by exporter and importing node."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for row in table("lng_2010"):
        importer = LNG_NODES.get(row["importer"])
        exporter = spelled(row["exporter"]).replace(
            "Guinea(sic; probably EquatorialGuinea)", "Equatorial Guinea"
        )
        if importer is not None and _is_origin(exporter):
            found[exporter, importer] += float(row["bcm_40MJ"])
    return dict(found)


def _totals(direction: str, year: str) -> dict[str, float]:
    return {
        spelled(row["country"]): number(row["bcm"])
        for row in table("lng_totals")
        if (row["direction"], row["year"]) == (direction, year)
    }


def _fitted(
    world: Mapping[tuple[str, str], float], europe: Mapping[str, float], year: str
) -> dict[tuple[str, str], float]:
    """The matrix of 2010 fitted to another year's totals of exporters and importers.

    Biproportional (Deming and Stephan 1940). Exporters of which no total is told keep the growth
    of "Other Africa"; the last step meets the importers' totals.
    """
    made, before = _totals("export", year), _totals("export", LNG_YEAR)
    bought, bought_before = _totals("import", year), _totals("import", LNG_YEAR)
    nodes: dict[str, list[str]] = defaultdict(list)
    for country, node in LNG_NODES.items():
        if country in bought:
            nodes[node].append(country)
    sums: dict[str, float] = defaultdict(float)
    for (_, importer), bcm in world.items():
        sums[importer] += bcm
    want = {
        node: sums[node]
        * sum(bought[c] for c in countries)
        / sum(bought_before[c] for c in countries)
        for node, countries in nodes.items()
    }
    cells = dict(world)
    for _ in range(ROUNDS):
        for side, target in ((0, None), (1, want)):
            have: dict[str, float] = defaultdict(float)
            for key, bcm in cells.items():
                have[key[side]] += bcm
            for key in cells:
                name = key[side]
                if target is not None:
                    goal = target[name]
                elif name in made:
                    goal = max(made[name] - europe.get(name, 0.0), 0.0)
                else:
                    goal = sum(b for (e, _), b in world.items() if e == name)
                    goal *= made["Other Africa"] / before["Other Africa"]
                cells[key] *= goal / have[name] if have[name] > 0 else 0.0
    return cells


def _is_origin(exporter: str) -> bool:
    return not any(mark in exporter for mark in ("(", "unallocated", "unspecified")) and (
        exporter != "United States"
    )


def _mix(seller: str, mode: str, direct: dict[Key, float]) -> dict[str, float]:
    if RESELLERS[seller]:
        return {RESELLERS[seller]: 1.0}
    imports = {
        origin: bcm
        for (origin, buyer, way), bcm in direct.items()
        if buyer == seller and way == mode and origin not in RESELLERS
    }
    whole = sum(imports.values())
    return {origin: bcm / whole for origin, bcm in imports.items()}
