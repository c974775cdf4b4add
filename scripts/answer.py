"""Write the figures of docs/explanation/answer.md that come from draws.

    python scripts/answer.py --store DIR [--draws 200] [--every 200] [--only partnership|forum]

One run for each way in which the market may be set up; each draws all inputs at once and values the
parts of the partnership by themselves in the same draws. Then the forum of ten exporters in each
of these ways, and every coalition of it. What has been drawn is kept in the
folder, so that a run that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import mithaq
from mithaq.chain.legs import load_scenario
from mithaq.worth.batch import Pace
from mithaq.worth.forum_draws import ForumDraws
from mithaq.worth.plan import World
from mithaq.worth.uncertain import Spread, Uncertain, uncertain_of

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "answer.md"
CASE, SCENARIO = "algeria-russia", "revived-partnership"
MARKS = ("<!-- draws: written by scripts/answer.py -->", "<!-- end of draws -->")
FORUM = ("<!-- forum: written by scripts/answer.py -->", "<!-- end of forum -->")
TEN = (
    *("Algeria", "Egypt", "Equatorial Guinea", "Iran", "Libya", "Nigeria", "Qatar", "Russia"),
    *("Trinidad and Tobago", "Norway"),
)
FIRMS = ("Sonatrach", "Gazprom")
BUYERS = "consumers in Europe"
PARTS = {
    "joint-marketing.strength=0.25": "joint marketing at 0.25",
    "joint-marketing.strength=0.5": "joint marketing at 0.5",
    "joint-marketing.strength=1": "joint marketing at 1",
    "lng-for-pipeline-gas": "the swap",
    "baltic-lng": "Baltic LNG",
    "el-assel": "El Assel",
}
ALL = "all four legs"
#: At strength 1 only what the two earn together is unique.
MERGED = "joint-marketing.strength=1"
WAYS = {
    "as the scenario has it": (World(), 1.0),
    "with floors": (World(floors=True), 1.0),
    "with entry": (World(entry=True), 1.0),
    "others' capacity × 0.75": (World(), 0.75),
    "others' capacity × 1.25": (World(), 1.25),
}


def drawn(store: Path, draws: int) -> dict[str, Uncertain]:
    """The draws of every way, found or taken from the store."""
    case = mithaq.load(CASE)
    scenario = load_scenario(case.record, case.chain, SCENARIO)
    found = {}
    for place, (way, (world, spare)) in enumerate(WAYS.items()):
        pace = Pace()
        folder = store / f"{place}"
        found[way] = uncertain_of(
            scenario,
            case.chain,
            draws=draws,
            alone=tuple(PARTS),
            world=world,
            spare=spare,
            on="processes",
            progress=pace,
            store=folder,
        )
        print(f"{way}: {pace}", flush=True)
    return found


def figure(x: float) -> str:
    """A whole number with its sign, thousands apart."""
    told = f"{abs(x):,.0f}".replace(",", " ")
    return told if told == "0" else ("+" if x > 0 else "−") + told


def cell(spread: Spread) -> str:
    """Median, where nine of ten draws lie, and in how many there is a gain."""
    low, middle, high = (figure(spread.quantile(part)) for part in (0.05, 0.5, 0.95))
    return f"{middle} ({low} to {high}), {spread.gain:.0%}"


def spreads(found: Uncertain, name: str) -> list[Spread | None]:
    """The two firms, both together, all other sellers, Europe's buyers."""
    own = [None if name == MERGED else found.spread(firm, name) for firm in FIRMS]
    worth = found.alone[name] if name else found.worth
    others = [i for i, kind in enumerate(found.kinds) if kind == "seller"]
    outside = Spread(worth[:, others].sum(axis=1))
    return [*own, found.together(alone=name), outside, found.spread(BUYERS, name)]


def table(found: dict[str, Uncertain], name: str) -> list[str]:
    """One part in every way."""
    heads = ("the market", *FIRMS, "both together", "other sellers", "Europe's buyers")
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    for way, drawn_so in found.items():
        cells = ["not unique" if s is None else cell(s) for s in spreads(drawn_so, name)]
        lines.append("| " + " | ".join([way, *cells]) + " |")
    return lines


def written(found: dict[str, Uncertain]) -> str:
    """The part of the page between the marks."""
    first = next(iter(found.values()))
    fewest = min(len(one.worth) for one in found.values())
    worst = max(one.max_violation for one in found.values())
    lines = [
        f"{first.asked} draws of all inputs at once (seed {first.seed}) in each row, the same in "
        f"all; at least {fewest} of them with a certified answer (largest violation {worst:.0e}); "
        f"chain `{first.chain[:12]}`.",
        "",
    ]
    for name, title in {**PARTS, "": ALL}.items():
        lines += [f"### {title[0].upper()}{title[1:]}", "", *table(found, name), ""]
    return "\n".join(lines)


def forums(store: Path, draws: int, every: int) -> dict[str, ForumDraws]:
    """The forum of ten in every way; under "" with all its coalitions, as the scenario has it."""
    case, found = mithaq.load(CASE), {}
    asked = [(way, world, spare, draws) for way, (world, spare) in WAYS.items()]
    for place, (way, world, spare, count) in enumerate([*asked, ("", World(), 1.0, every)]):
        pace = Pace()
        found[way] = case.forum_draws(
            TEN,
            draws=count,
            floors=world.floors,
            entry=world.entry,
            spare=spare,
            every=not way,
            progress=pace,
            store=store / f"forum {place}",
        )
        print(f"forum, {way or 'all coalitions'}: {pace}", flush=True)
    return found


def forum_written(found: dict[str, ForumDraws]) -> str:
    """The part of the page between the marks of the forum."""
    whole = found[""]
    first = next(iter(found.values()))
    fewest = min(len(one.points) for way, one in found.items() if way)
    worst = max(one.max_violation for one in found.values())
    heads = ("the market", "the ten together", "other sellers", "consumers", "others gain more in",
             "held by transfers in")  # fmt: skip
    lines = [
        f"{first.asked} draws of the inputs of the market (seed {first.seed}) in each row, at "
        f"least {fewest} of them with a certified answer (largest violation {worst:.0e}); "
        f"strength 1; chain `{first.chain[:12]}`.",
        "",
        "| " + " | ".join(heads) + " |",
        "| --- |" + " ---: |" * (len(heads) - 1),
    ]
    for way, one in found.items():
        told = one.to_dict()
        cells = [cell(one.spread(name)) for name in ("gain", "outsiders", "consumers")]
        shares = (told["outsiders_gain_more"], told["held_by_transfers"])
        row = [way, *cells, *(f"{x:.0%}" for x in shares)]
        lines += ["| " + " | ".join(row) + " |"] if way else []
    sizes = whole.to_dict()["sizes"]
    often = [
        f"{', '.join(who) if who else 'none'} ({share:.0%})"
        for who, share in whole.largest_stable()[:4]
    ]
    return "\n".join(
        [
            *lines,
            "",
            f"Every coalition in the first {len(whole.points)} of these draws, as the scenario has "
            f"the market, in {figure(whole.equilibria)[1:]} equilibria:",
            "",
            "| members | the largest stable coalition has so many in | one of so many is held in |",
            "| ---: | ---: | ---: |",
            *(f"| {row['members']} | {row['largest']:.0%} | {row['held']:.0%} |" for row in sizes),
            "",
            f"The largest stable coalition, most often: {'; '.join(often)}.",
        ]
    )


def put(marks: tuple[str, str], text: str) -> None:
    """Set the part of the page between two marks."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(marks[0])
    after = rest.split(marks[1])[1]
    PAGE.write_text(f"{before}{marks[0]}\n\n{text}\n{marks[1]}{after}", encoding="utf-8")


def main() -> None:
    """Draw, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="folder that keeps the draws")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--every", type=int, default=200, help="draws of all coalitions of the ten")
    parser.add_argument("--only", choices=("partnership", "forum"))
    options = parser.parse_args()
    if options.only != "forum":
        put(MARKS, written(drawn(options.store, options.draws)))
    if options.only != "partnership":
        put(FORUM, forum_written(forums(options.store, options.draws, options.every)))


if __name__ == "__main__":
    main()
