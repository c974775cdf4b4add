"""The report: one HTML file that asks nothing of the network and runs no script."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markupsafe import Markup

from mithaq.case import Case, load
from mithaq.errors import DataError, Problem
from mithaq.show import market_sheets as market
from mithaq.show import record_sheets as records
from mithaq.show import worth_sheets as value
from mithaq.show.atlas import map_picture, outline_source, places_of, price_bounds
from mithaq.show.bars import balance_picture, dots_picture, worth_picture
from mithaq.show.curves import duration_picture, storage_picture, supply_picture
from mithaq.show.material import Material, gather, names_of
from mithaq.show.speech import Speech, speech
from mithaq.show.story import Answer, answers, headlines, main_agreement
from mithaq.show.timeline import timeline_picture
from mithaq.show.value_sections import ValueSection, value_sections

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment

    from mithaq.record import Record

__all__ = ["Picture", "Report", "check_target", "render", "report"]

Data = Mapping[str, Any]
_WIDE, _NARROW = 1060.0, 358.0
_SHOWN_FIRST = 10  # contradictions; the others fold away


@dataclass(frozen=True, slots=True)
class Report:
    """What was written: the file, its size, the answer in sentences, notes on what is missing."""

    path: Path
    lang: str
    bytes: int
    answers: tuple[Answer, ...]
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> tuple[str, ...]:
        """The sentences of all answers."""
        return tuple(text for answer in self.answers for text in answer.sentences)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {
            "path": str(self.path),
            "lang": self.lang,
            "bytes": self.bytes,
            "summary": list(self.summary),
            "answers": [
                {"question": answer.question, "sentences": list(answer.sentences)}
                for answer in self.answers
            ],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, drawn for a wide and for a narrow screen."""

    wide: Markup
    narrow: Markup
    title: str = ""
    note: str = ""

    @classmethod
    def drawn(
        cls, draw: Callable[[float, str], Markup], key: str, title: str = "", note: str = ""
    ) -> Picture:
        """Both drawings of ``draw(width, key)``."""
        return cls(draw(_WIDE, f"{key}-w"), draw(_NARROW, f"{key}-n"), title, note)


def report(
    case: str | Path | Record | Case,
    *,
    lang: str = "en",
    out: str | Path = "report.html",
    at: date | None = None,
    known: date | None = None,
    draws: int = 0,
    progress: Callable[[int, int], None] | None = None,
    store: str | Path | None = None,
) -> Report:
    """Write the report of a case (a name, a folder, or what :func:`mithaq.load` gave) to ``out``.

    ``at`` is the day of the state (default: when the latest source was published), ``known`` leaves
    out what was published later. ``draws`` above 0 adds what costs many equilibria: so many draws
    over all inputs, the bargain, the forum and network power; ``store`` is a folder that keeps
    draws, forum and power for a report that was stopped. ``progress`` is told (done, total)
    equilibria. The file appears whole or not at all. Raises :class:`~mithaq.errors.DataError` where
    the case cannot be read or the file cannot be written.
    """
    target = Path(out)
    check_target(target)
    asked = load(case) if isinstance(case, (str, Path)) else case
    asked = asked if isinstance(asked, Case) else Case(asked)
    words = speech(lang, names_of(asked.record, lang))
    kept = Path(store) if store is not None else None
    material = gather(asked, at=at, known=known, draws=draws, progress=progress, store=kept)
    page = render(material, words).encode("utf-8")
    _write(target, page)
    notes = [] if material.worth else [_no_worth(material, words)]
    return Report(target, lang, len(page), tuple(answers(material, words)), tuple(notes))


def _no_worth(material: Material, words: Speech) -> str:
    if material.market:
        return words.say(
            "Nothing is said about worth: every right of the scenario rests on a figure that no "
            "claim had told by then."
        )
    return words.say(
        "This case has no scenario, so nothing is said about what an agreement would be worth."
    )


def check_target(path: Path) -> None:
    """Raise :class:`~mithaq.errors.DataError` where ``path`` cannot be written, before any work."""
    folder = path.parent
    what, hint = "", ""
    if not folder.is_dir():
        what, hint = f"there is no folder {str(folder)!r}", "make it first, or choose another --out"
    elif path.is_dir():
        what, hint = "is a folder", "give the name of a file"
    elif not os.access(path if path.exists() else folder, os.W_OK):
        what, hint = "may not be written", "choose another --out"
    if what:
        raise DataError([Problem(file=str(path), what=what, hint=hint)])


def _write(path: Path, page: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(page)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def render(material: Material, words: Speech) -> str:
    """The page as text, from the material alone."""
    more = value_sections(material, words)
    headings = _headings(words, more)
    numbers = {source["id"]: place for place, source in enumerate(material.sources, 1)}
    page = _environment(words.language.code).get_template("report.html.j2")
    return page.render(
        material=material,
        words=words,
        say=words.say,
        lang=words.language.code,
        direction=words.language.direction,
        css=Markup(_css()),  # noqa: S704  our own file
        title=words.value(material.case["title"]),
        description=words.value(material.case.get("description") or ""),
        headings=headings,
        contents=[(id_, text) for id_, text in headings.items() if _present(id_, material)],
        headlines=headlines(material, words),
        answers=answers(material, words),
        sheets=_sheets(material, words),
        pictures=_pictures(material, words),
        value_sections=[(section, _value_picture(section, words)) for section in more],
        timeline_note=_timeline_note(words),
        contradictions=_contradictions(material, words),
        shown_first=_SHOWN_FIRST,
        contradictions_note=records.check_sheets(material.check, words)[0].note,
        legs=value.legs_of(material.worth) if material.worth else [],
        general=value.general_assumptions(material.worth, words) if material.worth else [],
        price_key=_price_key(material, words),
        outline_source=outline_source(),
        numbers=numbers,
        sources=[_source(source, words) for source in material.sources],
        run=_run(material, words),
    )


@cache
def _environment(lang: str) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("mithaq.show"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_french if lang == "fr" else None,
    )
    made.globals["shade"] = _shade
    return made


def _french(value: Any) -> Any:
    """French puts a space before some marks, at which no line may break. Markup stays as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return re.sub("« ", "«\u00a0", re.sub(" (?=[:;!?»])", "\u00a0", value))


@cache
def _css() -> str:
    return files("mithaq.show").joinpath("templates/report.css").read_text(encoding="utf-8")


def _shade(value: float) -> str:
    """A tint between white and blue (less) or orange (more); text on it stays readable."""
    strength = round(min(abs(value), 1.0) ** 0.7 * 0.55, 3)
    return f"rgba(194,87,26,{strength})" if value > 0 else f"rgba(18,85,143,{strength * 0.8:.3f})"


def _headings(words: Speech, more: Sequence[ValueSection]) -> dict[str, str]:
    say = words.say
    return {
        "answer": say("The answer"),
        "timeline": say("Timeline"),
        "state": say("What stands"),
        "contradictions": say("Where the sources contradict each other"),
        "balance": say("Reciprocity"),
        "worth": say("What it would be worth, by leg and party"),
        **{section.id: section.heading for section in more},
        "map": say("The gas market: flows and prices"),
        "prices": say("Prices, model and observed"),
        "trade": say("Trade, model and observed"),
        "assumptions": say("Assumptions"),
        "sources": say("Sources"),
        "run": say("Run record"),
    }


def _value_picture(section: ValueSection, words: Speech) -> Picture:
    def draw(width: float, key: str) -> Markup:
        return section.draw(words, width, key)

    return Picture.drawn(draw, section.id, section.heading, section.key)


def _present(section: str, material: Material) -> bool:
    if section in ("worth", "assumptions"):
        return material.worth is not None
    if section in ("map", "prices", "trade"):
        return material.market is not None
    return section != "balance" or material.balance is not None


def _timeline_note(words: Speech) -> str:
    if words.rtl:
        return words.say("Time runs from right to left.")
    return words.say("Time runs from left to right.")


def _sheets(material: Material, words: Speech) -> dict[str, Any]:
    """Every table of the page by name."""
    check = records.check_sheets(material.check, words)
    found: dict[str, Any] = {
        "timeline": records.timeline_sheet(material.timeline, words),
        "state": records.state_sheets(material.state, words),
        "problems": check[1],
        "balance": records.balance_sheets(material.balance, words) if material.balance else [],
        "certificate": None,
        "notes": [],
    }
    if material.worth:
        found["worth"] = value.worth_sheets(material.worth, words)[:-1]
        found["assumptions"] = value.assumptions_sheet(material.worth, words, general=False)
    if data := material.market:
        flows = [flow for flow in data["flows"] if flow["bcm"] >= market.LEAST_SHOWN]
        found |= {
            "flows": market.flows_sheet(flows, words, words.say("Flows")),
            "prices": market.prices_sheet(data, words, material.observed_prices),
            "exporters": market.exporters_sheet(data, words),
            "matrix": market.matrix_sheet((data.get("fit") or {}).get("pairs", ()), words),
            "payoffs": market.payoffs_sheet(data, words),
            "certificate": market.certificate_sheet(data, words, timed=False),
            "notes": market.notes_sheets(data.get("notes", ()), words),
            "supply": market.supply_sheet(material.supply, words),
            "duration": market.duration_sheet(material.sold, words),
        }
        found["storage"] = market.storage_sheet(material.storage, words.say("all storages"), words)
    return found


def _pictures(material: Material, words: Speech) -> dict[str, Any]:
    """Every picture of the page by name; None where there is nothing to draw."""
    found: dict[str, Any] = dict.fromkeys(
        ("timeline", "balance", "map", "prices", "exporters", "supply", "duration", "storage"), None
    )
    found["worth"] = _worth_pictures(material, words)
    if told := material.timeline:
        found["timeline"] = Picture.drawn(
            lambda width, key: timeline_picture(told, words, width, key), "timeline"
        )
    balance = material.balance
    if balance and balance["grants"]:
        found["balance"] = Picture.drawn(
            lambda width, key: balance_picture(balance, words, width, key), "balance"
        )
    if material.market:
        found |= _market_pictures(material.market, material, words)
        found |= _curve_pictures(material, words)
    return found


def _worth_pictures(material: Material, words: Speech) -> list[Picture]:
    """The two sides, other sellers, all others: each on a scale of its own, so that no giant
    flattens the rest.
    """
    worth = material.worth
    if not worth:
        return []
    legs = value.legs_of(worth)
    sides = [key for key in material.partners if key in worth["parties"]]
    others = [key for key in worth["parties"] if key not in sides]
    others.sort(key=lambda key: -worth["parties"][key]["worth"])
    sellers = [key for key in others if worth["parties"][key].get("kind") == "seller"]
    rest = [key for key in others if key not in sellers]
    groups = (
        ("sides", sides, words.say("The two sides")),
        ("sellers", _visible(worth, sellers), words.say("Other sellers")),
        ("rest", _visible(worth, rest), words.say("Transit countries and consumers")),
    )
    note = words.say("Parties that hardly gain or lose are left to the table.")
    return [
        Picture.drawn(
            lambda width, key, some=some: worth_picture(worth, some, legs, words, width, key),  # type: ignore[misc]
            f"worth-{name}",
            title,
            "" if name == "sides" else note,
        )
        for name, some, title in groups
        if some
    ]


def _visible(worth: Data, keys: Sequence[str]) -> list[str]:
    """Those whose worth or its range reaches a fiftieth of the largest among them."""
    reach = {
        key: max(abs(item.get(end) or 0.0) for end in ("worth", "low", "high"))
        for key in keys
        if (item := worth["parties"][key])
    }
    largest = max(reach.values(), default=0.0)
    return [key for key in keys if reach[key] >= largest / 50]


def _market_pictures(data: Data, material: Material, words: Speech) -> dict[str, Picture]:
    found = {}
    places = places_of(material.nodes)
    fit = data.get("fit") or {}
    year = str(fit.get("year", ""))
    if places:
        found["map"] = Picture.drawn(
            lambda width, key: map_picture(data, places, words, width, key, year), "map"
        )
    prices = [
        (words.place(node), float(data["prices"][node]), seen)
        for node, seen in sorted(material.observed_prices.items(), key=lambda item: -item[1])
        if data["prices"].get(node) is not None
    ]
    if prices:
        title, unit = words.say("Prices, model and observed"), market.price_unit(words)
        found["prices"] = Picture.drawn(
            lambda width, key: dots_picture(prices, words, width, key, title, unit), "prices"
        )
    exports = [
        (words.place(item["exporter"]), float(item["model"]), item["observed"])
        for item in sorted(fit.get("exporters", ()), key=lambda item: -(item["observed"] or 0))
    ]
    if exports:
        title, unit = market.exports_title(fit, words), market.volume_unit(words)
        found["exporters"] = Picture.drawn(
            lambda width, key: dots_picture(exports, words, width, key, title, unit, 1), "exporters"
        )
    return found


def _curve_pictures(material: Material, words: Speech) -> dict[str, Picture]:
    """Supply against the mean price, and prices by share of the gas sold."""
    found, supply, sold = {}, material.supply, material.sold
    volume = sum(sale["bcm"] for sale in sold)
    if volume <= 0:
        return {}
    price = sum(sale["price"] * sale["bcm"] for sale in sold) / volume
    lines = market.duration_lines(sold, (), words)
    if supply:
        found["supply"] = Picture.drawn(
            lambda width, key: supply_picture(supply, price, words, width, key), "supply"
        )
    found["duration"] = Picture.drawn(
        lambda width, key: duration_picture(lines, words, width, key), "duration"
    )
    if rows := material.storage:
        name, room = words.say("all storages"), material.working_gas
        found["storage"] = Picture.drawn(
            lambda width, key: storage_picture(rows, room, words, width, key, name), "storage"
        )
    return found


def _price_key(material: Material, words: Speech) -> list[str]:
    if not material.market:
        return []
    bounds = price_bounds(material.market["prices"], places_of(material.nodes))
    if not bounds:
        return []
    ends = [words.say("below {price}", price=words.figure(bounds[0]))]
    ends += [f"{words.figure(a)}–{words.figure(b)}" for a, b in pairwise(bounds)]
    return [*ends, words.say("{price} and above", price=words.figure(bounds[-1]))]


def _contradictions(material: Material, words: Speech) -> list[dict[str, Any]]:
    """Every contradiction: first those of the main agreement, then by the number of sources."""
    main = main_agreement(material)
    first = set(main["contradictions"]) if main else set()
    ranked = sorted(
        material.check["contradictions"],
        key=lambda c: (c["id"] not in first, -sum(len(side["sources"]) for side in c["sides"])),
    )
    return [_contradiction(item, material, words) for item in ranked]


def _contradiction(item: Data, material: Material, words: Speech) -> dict[str, Any]:
    listed = {source["id"]: (place, source) for place, source in enumerate(material.sources, 1)}
    sides = []
    for side in item["sides"]:
        sources = []
        for key in side["sources"]:
            place, source = listed.get(key, (0, {}))
            publisher = source.get("publisher") or records.source_words(key, words)
            told = words.date(source["published"]) if source.get("published") else ""
            sources.append({"number": place, "publisher": publisher, "date": told})
        sides.append({"value": words.value(side["value"], item["property"]), "sources": sources})
    kind = words.term("contradiction_kind", item.get("kind"))
    return {
        "subject": words.name(item["subject"]),
        "what": f"{records.about(item, words)} · {kind}",
        "sides": sides,
        "decided": records.resolution(item, words),
    }


def _source(source: Data, words: Speech) -> dict[str, str]:
    url = str(source.get("url") or "")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # an address that is none
        parts, host = urlsplit(""), ""
    safe = parts.scheme in ("http", "https")
    published = source.get("published")
    when = words.date(published) if published else words.say("no date")
    if published and source.get("published_basis") == "inferred":
        when = words.say("{date} (inferred)", date=when)
    return {
        "publisher": str(source["publisher"]),
        "title": str(source.get("title") or ""),
        "lang": str(source.get("lang") or ""),
        "language": words.term("language", str(source.get("lang") or "")),
        "date": when,
        "url": url if safe else "",
        "host": host,
    }


def _run(material: Material, words: Speech) -> list[tuple[str, str]]:
    say = words.say
    labels = {
        "date": say("State of the record on"),
        "record": say("SHA-256 of the claims"),
        "chain": say("Hash of the gas chain"),
        "calibrations": say("SHA-256 of the calibrations"),
        "scenario": say("SHA-256 of the scenario"),
        "draws": say("Number of draws"),
        "seed": say("Seed of the draws"),
        "case": say("Case"),
        "tolerance": say("Tolerance of the certificate"),
    }
    found = [(labels["case"], str(material.case["id"]))]
    found += [(labels.get(key, key), value) for key, value in material.run.items()]
    certificate = (material.market or {}).get("certificate") or {}
    if certificate.get("tolerance") is not None:
        found.append((labels["tolerance"], f"{certificate['tolerance']:.0e}"))
    valued = (material.worth or {}).get("run") or {}
    if valued.get("max_violation") is not None:
        label = say("Largest violation of the conditions")
        found.append((label, f"{valued['max_violation']:.1e}"))
    if valued.get("calibrations"):
        label = words.term("driver", "calibration")
        found.append((label, words.list(map(str, valued["calibrations"]))))
    return found
