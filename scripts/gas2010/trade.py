"""Trade of 2009 and 2010 by country of origin.

Statistics name the last country that sold the gas. Producers count as origins; what the countries
in ``RESELLERS`` sold on is given to the origins of their own imports, and taken off there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from gas2010.sources import OutRow, choice, spelled, table

Key = tuple[str, str, str]

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
        direct = dict(_direct(year, self.sources))
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
            if bcm >= LEAST
        ]


def _direct(year: str, sources: dict[Key, str]) -> Iterator[tuple[Key, float]]:
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
    if year == "2010":
        for row in table("lng_2010"):
            importer = LNG_NODES.get(row["importer"])
            exporter = spelled(row["exporter"]).replace(
                "Guinea(sic; probably EquatorialGuinea)", "Equatorial Guinea"
            )
            if importer is None or not _is_origin(exporter):
                continue
            key = (exporter, importer, "lng")
            found[key] += float(row["bcm_40MJ"])
            sources[key] = "comtrade"
    yield from found.items()


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
