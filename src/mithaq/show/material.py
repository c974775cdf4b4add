"""What a report is made of, gathered from the rooms below as plain dictionaries.

The report is drawn from these dictionaries alone, so that it can be drawn without a gas chain (a
case that has none) and tested without solving anything.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mithaq import record as room
from mithaq.case import Case, chain_of, own_chain
from mithaq.errors import DataError, ModelError, Problem, SolveError
from mithaq.words.sentence import Sentence

if TYPE_CHECKING:
    from mithaq.chain import Chain
    from mithaq.equilibrium import Equilibrium
    from mithaq.record import Record

__all__ = ["Material", "cases", "events", "gather", "market", "names_of", "solved"]

Data = Mapping[str, Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Material:
    """Everything that one report shows; parts that a case does not have are None or empty.

    ``sources`` are dictionaries with id, publisher, published, lang, title, url; ``partners`` the
    keys of ``worth["parties"]`` that belong to the two sides; ``supply``, ``sold`` and ``storage``
    (all storages together) are rows of :mod:`mithaq.show.pictures`; ``run`` is the run record,
    label -> text.
    """

    case: Data
    state: Data
    check: Data
    timeline: Sequence[Data]
    sources: Sequence[Data]
    balance: Data | None = None
    market: Data | None = None
    worth: Data | None = None
    uncertain: Data | None = None
    bargain: Data | None = None
    forum: Data | None = None
    power: Data | None = None
    nodes: Sequence[Data] = ()
    observed_prices: Mapping[str, float] = field(default_factory=dict)
    supply: Sequence[Data] = ()
    sold: Sequence[Data] = ()
    storage: Sequence[Data] = ()
    working_gas: float = 0.0
    partners: Sequence[str] = ()
    run: Mapping[str, str] = field(default_factory=dict)


def names_of(record: Record, lang: str) -> Callable[[str], str | None]:
    """The names of a record's subjects in a language, by identifier or by name in the chain."""
    chain_names = {
        name: subject.id
        for subject in record.subjects("party")
        for name in record.texts(subject.id, "chain_name")
    }

    def name(key: str) -> str | None:
        subject = key if record.has(key) else chain_names.get(key)
        return record.name(subject, lang) if subject else None

    return name


def cases(records: Iterable[Record]) -> dict[str, Any]:
    """The cases of those records: ``{"cases": [{id, title, claims, sources}]}``."""
    found = [
        {
            "id": record.id,
            "title": dict(record.case.title),
            "claims": len(record.claims),
            "sources": len(record.sources),
        }
        for record in records
    ]
    return {"cases": found}


def events(record: Record) -> list[dict[str, Any]]:
    """The dated events of a record as dictionaries."""
    return [event.to_dict() for event in room.timeline(record)]


def market(
    record: Record | None,
    *,
    year: int = 2010,
    edits: Path | None = None,
    chain: Path | None = None,
    export: Path | None = None,
    calibration: str | None = None,
) -> dict[str, Any]:
    """The equilibrium of the gas market with its fit, as the command ``market`` prints it.

    The chain is that of the folder ``chain``, else the one of the case; ``chain`` may also be a
    shipped year, whole or in parts. ``calibration`` is one that it carries. Without an
    equilibrium, its status and the reasons; :func:`solved` raises for those. A chain of one's
    own that holds no observed trade of the year has no fit. With ``export`` it is also written
    there, and the key ``exported`` names the files.
    """
    from mithaq.chain import edits_from_file
    from mithaq.chain.folders import chain_at, shipped_year
    from mithaq.equilibrium import solve
    from mithaq.equilibrium.exports import check_export

    if export is not None:
        check_export(export)
    changes = edits_from_file(edits) if edits else ()
    if chain is not None:
        base = chain_at(chain)
        year = shipped_year(chain) or year
    elif record is not None:
        base = chain_of(record, year)
    else:
        raise DataError([Problem(what="neither a case nor a chain is named")])
    if calibration is not None:
        base = base.calibrated(calibration)
    found = solve(base, changes, check=False)
    own = chain is not None or (record is not None and own_chain(record) is not None)
    data = told(found, year, own=own)
    if export is not None and found.solved:
        data["exported"] = [str(path) for path in found.export(export)]
    return data


def told(found: Equilibrium, year: int, *, own: bool = False) -> dict[str, Any]:
    """An equilibrium as plain values with its fit, which a chain of one's ``own`` may lack."""
    return {**found.to_dict(), **(_fit_of(found, year, own=own) if found.solved else {})}


def _fit_of(found: Equilibrium, year: int, *, own: bool) -> dict[str, Any]:
    from mithaq.equilibrium.fit import fit

    try:
        return {"fit": fit(found, year=year).to_dict()}
    except ModelError:
        if own:
            return {}
        raise


def solved(data: Data) -> Data:
    """The equilibrium, if it is one. Raises SolveError with the reasons where it is not."""
    if data["status"] != "solved":
        message = Sentence("no equilibrium: {why}", why=data["explanation"])
        raise SolveError(message, outcome=data["status"], rows=data["reasons"])
    return data


def gather(
    case: Case | Record,
    *,
    at: date | None = None,
    known: date | None = None,
    year: int = 2010,
    draws: int = 0,
    progress: Progress | None = None,
    store: Path | None = None,
) -> Material:
    """Ask every room for what the report shows. A case without a scenario has no worth section.

    ``draws`` above 0 adds what costs many equilibria: draws, bargain, forum and network power;
    with ``store`` a folder each keeps draws, forum and network power.
    """
    from mithaq.chain.legs import scenario_ids

    case = case if isinstance(case, Case) else Case(case)
    record = case.as_of(known=known)
    dated = events(record)
    day = at or known or last_day(record)
    between = sides(record)
    scenarios = scenario_ids(record)
    valued = _worth(case, scenarios[0], known, progress) if scenarios else None
    chain = chain_of(record, year) if scenarios else None
    own = own_chain(record) is not None
    shown = _market_parts(chain, year, own=own) if chain else {}
    if valued and draws:
        shown |= _more(case, scenarios[0], known, draws, progress, store)
    return Material(
        case={
            "id": record.id,
            "title": dict(record.case.title),
            "description": dict(record.case.description),
        },
        state=case.state(day, known).to_dict(),
        check=room.check(record).to_dict(),
        timeline=dated,
        sources=[s.to_dict() for s in record.sources.values()],
        balance=room.balance(record, *between, at=day).to_dict() if between else None,
        worth=valued,
        nodes=chain.rows("nodes") if chain else (),
        observed_prices=observed_prices(chain, year) if chain else {},
        partners=partners(record, valued, between) if valued else (),
        run=run_record(record, chain, day)
        | (_valued_record(case, scenarios[0], shown.get("uncertain")) if valued else {}),
        **shown,
    )


def _market_parts(chain: Chain, year: int, *, own: bool) -> dict[str, Any]:
    """The equilibrium of a chain and what its curves are drawn from."""
    from mithaq.equilibrium import solve
    from mithaq.show.pictures import sold, storage_rows, supply_rows, working_gas

    found = solve(chain)
    stores = chain.rows("storages")
    return {
        "market": told(found, year, own=own),
        "supply": supply_rows(found),
        "sold": sold(found),
        "storage": storage_rows(found) if stores else (),
        "working_gas": working_gas(found),
    }


def _more(
    case: Case,
    name: str,
    known: date | None,
    draws: int,
    progress: Progress | None,
    store: Path | None,
) -> dict[str, dict[str, Any]]:
    """Draws, bargain, forum and network power; no forum where the record tells of none."""

    def kept(what: str) -> dict[str, Any]:
        return {"progress": progress, "store": store / what if store else None}

    found = {
        "uncertain": case.uncertain(name, known=known, draws=draws, **kept("draws")).to_dict(),
        "bargain": case.bargain(name, known=known, progress=progress).to_dict(),
        "power": case.power(**kept("power")).to_dict(),
    }
    try:
        members = case.forum_members(known=known)
    except DataError:  # nobody had founded one
        return found
    forum = case.forum(members, known=known, **kept("forum")).to_dict()
    drawn = case.forum_draws(members, known=known, draws=draws, **kept("forum draws"))
    return {**found, "forum": {**forum, "draws": drawn.to_dict()}}


def _worth(
    case: Case, name: str, known: date | None, progress: Progress | None
) -> dict[str, Any] | None:
    """The worth of a scenario; None where none of its rights could be known by then."""
    from mithaq.chain.hindsight import as_known
    from mithaq.chain.legs import load_scenario, told_claims

    if case.from_store or known is not None:
        scenario = load_scenario(case.files, case.chain, name)
        if not as_known(scenario, told_claims(case.as_of(known=known)))[0].legs:
            return None
    return case.worth(name, known=known, progress=progress).to_dict()


def last_day(record: Record) -> date:
    """The day up to which the record can speak: when its latest dated source was published."""
    days = [
        source.published.last
        for source in record.sources.values()
        if source.published and not source.published.open_end
    ]
    return max(days, default=date(2000, 1, 1))


def sides(record: Record) -> tuple[str, str] | None:
    """The two home states of the case, if it names them."""
    states = record.case.states
    return (states[0], states[1]) if len(states) == 2 else None


def observed_prices(chain: Chain, year: int) -> dict[str, float]:
    """Node -> observed price of ``year`` in USD per 1000 m³."""
    rows = chain.rows("prices_observed")
    return {str(r["node"]): float(r["price"]) for r in rows if int(r["year"]) == year}


def partners(record: Record, valued: Data, between: tuple[str, str] | None) -> list[str]:
    """The parties of the worth that belong to the two sides: their firms, then their states."""
    known = set(valued["parties"])
    ids = [s.id for s in record.subjects("party")]
    chain_names = {key: record.texts(key, "chain_name") for key in ids}
    firms = [n for key in ids if record.home(key) in (between or ()) for n in chain_names[key]]
    states = [name for key in between or () for name in (*chain_names[key], record.name(key, "en"))]
    found = {name for name in (*firms, *states) if name in known}
    order = list(valued["parties"])
    return sorted(found, key=lambda name: (name in states, order.index(name)))


def _valued_record(case: Case, name: str, drawn: Data | None) -> dict[str, str]:
    """What the worth was computed from beside record and chain: the scenario, and the draws."""
    from mithaq.chain.legs import load_scenario
    from mithaq.worth.batch import identity

    found = {"scenario": identity(load_scenario(case.files, case.chain, name))}
    if drawn:
        found |= {"draws": str(drawn["asked"]), "seed": str(drawn["seed"])}
    return found


def run_record(record: Record, chain: Chain | None, day: date) -> dict[str, str]:
    """What was computed from what: versions and hashes."""
    from importlib.metadata import version

    import mithaq.show.digest as digest

    found = {
        "date": day.isoformat(),
        "record": digest.of_record(record),
        "mithaq": version("mithaq"),
        "python": platform.python_version(),
    }
    if chain is not None:
        found["chain"] = chain.hash
        if chain.calibrations:
            found["calibrations"] = chain.ensemble_hash
        found |= {name: version(name) for name in ("clarabel", "piqp", "numpy", "scipy", "pandas")}
    return found
