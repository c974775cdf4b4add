"""Write the figures of docs/explanation/answer.md that come from the central point.

    python scripts/answer_centre.py [--draws 256]

The legs one by one, the menu of deals, joint marketing and the forum as one thing at a time is
changed, every coalition of ten, and the draws of all legs together. Each table stands between two
marks of the page, and the command that prints its figures above it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from answer import CASE, FIRMS, PAGE, SCENARIO, TEN, figure

import mithaq
from mithaq.worth import Bargain, Coalition, Forum, Sway, Uncertain
from mithaq.worth.bargain import Deal

STATES = ("Algeria", "Russia")
LEGS = ("exploration", "production", "transport", "marketing")
PARTIES = (
    *(*FIRMS, *STATES, "NOC Libya", "NLNG", "Statoil", "Qatargas", "treasury of Ukraine"),
    "consumers in Europe",
)
MOVED = {
    "conduct": "conduct of all, times {}",
    "spare": "capacity of others, times {}",
    "calibration": "calibration `{}`",
    "strength": "strength {}",
    "floors": "{} floors",
    "entry": "{} entry",
}
Rows = Sequence[Sequence[str]]


def table(heads: Sequence[str], rows: Rows) -> str:
    """A table of which all but the first column are figures."""
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " ---: |" * (len(heads) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def legs(firms: Bargain, states: Bargain) -> str:
    """What each leg alone, and all of them, bring the two firms and the two states."""

    def gains(legs: Sequence[str]) -> list[str]:
        deals = [
            deal
            for found in (firms, states)
            for deal in found.packages
            if sorted(deal.legs) == sorted(legs)
        ]
        told = {party: x for deal in deals for party, x in deal.gains.items()}
        return [figure(told[party]) for party in (*FIRMS, *STATES)]

    rows = [[leg, *gains([leg])] for leg in LEGS]
    return table(["leg", *FIRMS, *STATES], [*rows, ["all four", *gains(LEGS)]])


def shared(firms: Bargain) -> str:
    """The menu of deals."""
    rows = [
        [
            ", ".join(deal.legs),
            _terms(deal),
            *(figure(deal.gains[firm]) for firm in FIRMS),
            figure(deal.joint),
            f"{deal.index or 0:.2f}",
        ]
        for deal in firms.menu
    ]
    return table(["legs", "terms", *FIRMS, "together", "index"], rows)


def _terms(deal: Deal) -> str:
    if deal.payment:
        payer, to = deal.payment.payer, deal.payment.payee
        return f"{payer} pays {to} {deal.payment.amount:,.0f}"
    return ", ".join(f"`{key}` {x:.4g}" for key, x in deal.terms.items()) or "nothing passes"


def moved(found: Sequence[Sway], who: str, names: Sequence[str] = ()) -> str:
    """A forum of all as one thing at a time is changed; with ``names`` each member's own gain."""
    heads = [
        "what is changed",
        *names,
        "together" if names else "members together",
        *("other sellers", "consumers", "held by transfers", "transfers"),
    ]
    rows = []
    for one in found:
        setting = one.setting
        words = {**MOVED, "capacity": f"capacity of {who}, times {{}}"}
        told = words.get(setting.what, "").format(setting.value)
        rows.append(
            [
                told or f"as asked ({setting.strength:g})",
                *(figure(one.gains[name]) for name in names),
                *(figure(x) for x in (one.gain, one.outsiders, one.consumers)),
                "yes" if one.held_by_transfers else "no",
                "–" if one.transfers is None else f"{one.transfers:,.0f}",
            ]
        )
    return table(heads, rows)


def ten(found: Forum) -> str:
    """By size: how many coalitions, how many gain together, how many transfers can hold."""
    sizes: dict[int, list[Coalition]] = {}
    for one in found.coalitions:
        sizes.setdefault(len(one.members), []).append(one)
    rows = [
        [
            str(size),
            str(len(own)),
            str(sum(one.gain > 0.5 for one in own)),
            str(sum(one.held_by_transfers for one in own)),
            str(sum(one.held_by_transfers and abs(one.gain) > 0.5 for one in own)),
        ]
        for size, own in sorted(sizes.items())
    ]
    heads = ["members", "coalitions", "gain together", "held by transfers", "and change something"]
    whole, held = found.coalitions[0], [one for one in found.coalitions if one.held_by_transfers]
    real = [one for one in held if abs(one.gain) > 0.5]
    best = max(real, key=lambda one: (len(one.members), one.gain))
    dearest = sorted(whole.price_effect.items(), key=lambda pair: -pair[1])[:6]
    said = (
        f"All ten together: {figure(whole.gain)}, the sellers outside {figure(whole.outsiders)}, "
        f"consumers {figure(whole.consumers)}; prices "
        f"{', '.join(f'{node} {x:+.0f} %' for node, x in dearest)}. The largest coalition that is "
        f"held and changes something: {', '.join(best.members)} ({figure(best.gain)} together). "
        f"Consumers lose in {sum(one.consumers < -0.5 for one in found.coalitions)}, sellers "
        f"outside gain in {sum(one.outsiders > 0.5 for one in found.coalitions)}. "
        f"{found.equilibria} certified equilibria (largest violation {found.max_violation:.0e})."
    )
    return f"{table(heads, rows)}\n\n{said}"


def inputs(found: Uncertain) -> str:
    """All legs in draws of all inputs."""
    rows = []
    for party in PARTIES:
        spread = found.spread(party)
        low, middle, high = (figure(spread.quantile(x)) for x in (0.05, 0.5, 0.95))
        rows.append([party, middle, f"{low} to {high}", f"{spread.gain:.0%}"])
    return table(["party", "median", "5 % to 95 %", "gains in"], rows)


def put(parts: Mapping[str, str]) -> None:
    """Set the parts of the page between their marks."""
    page = PAGE.read_text(encoding="utf-8")
    for name, text in parts.items():
        first, last = f"<!-- {name}: written by scripts/answer_centre.py -->", f"<!-- end of {name}"
        before, rest = page.split(first)
        after = rest.split(last)[1]
        page = f"{before}{first}\n\n{text}\n\n{last}{after}"
    PAGE.write_text(page, encoding="utf-8")


def main() -> None:
    """Solve, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=256)
    options = parser.parse_args()
    case = mithaq.load(CASE)
    firms, states = (case.bargain(SCENARIO, states=states) for states in (False, True))
    put({"legs": legs(firms, states), "menu": shared(firms)})
    both = FIRMS[::-1]
    put({"joint": moved(case.forum_moves(both, 0.5), "the two", FIRMS)})
    put({"moves": moved(case.forum_moves(), "the members")})
    put({"ten": ten(case.forum(TEN))})
    put({"inputs": inputs(case.uncertain(SCENARIO, draws=options.draws))})


if __name__ == "__main__":
    main()
