"""Write the figures of docs/explanation/answer.md that come from draws.

    python scripts/answer.py --store DIR [--draws 256]

One run for each way in which the market may be set up; each draws all inputs at once and values the
parts of the partnership by themselves in the same draws. What has been drawn is kept in the folder,
so that a run that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import mithaq
from mithaq.chain.legs import load_scenario
from mithaq.worth.batch import Pace
from mithaq.worth.plan import World
from mithaq.worth.uncertain import Uncertain, uncertain_of

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "answer.md"
CASE, SCENARIO = "algeria-russia", "revived-partnership"
MARKS = ("<!-- draws: written by scripts/answer.py -->", "<!-- end of draws -->")
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


def main() -> None:
    """Draw, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True, help="folder that keeps the draws")
    parser.add_argument("--draws", type=int, default=256)
    options = parser.parse_args()
    drawn(options.store, options.draws)


if __name__ == "__main__":
    main()
