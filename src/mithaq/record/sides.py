"""Values that can and cannot hold together, and the sides into which they fall.

Two dates agree where they overlap, two figures where the intervals of their printed precision do
(of the same measure and dimension, never across currencies), two codes where they are equal. Claims
contradict only at valid times that meet; a claim without a valid time meets every other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from mithaq.record.claims import Claim, Office, Quantity, Rank, Share
from mithaq.record.names import fold
from mithaq.words.dates import Edtf

__all__ = ["Grouping", "Side", "agree", "components", "decided", "exclude", "group", "meet"]


@dataclass(slots=True)
class Side:
    """Claims that can hold together; ``value`` is the most precise of their values."""

    claims: list[Claim] = field(default_factory=list)

    @property
    def value(self) -> str:
        """The most precise value, as text; denied ones say so."""
        first = self.claims[0]
        return first.text if first.affirmed else f"not {first.text}"

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of the sources, sorted; ``unsourced`` where the side has none."""
        found = sorted({c.source for c in self.claims if c.source})
        return tuple(found) or ("unsourced",)

    def bounds(self) -> Edtf | None:
        """The narrowest date among the claims of a side of dates."""
        return self.claims[0].date

    @property
    def inferred(self) -> bool:
        """Whether every claim of the side is inferred."""
        return all(c.basis == "inferred" for c in self.claims)


@dataclass(slots=True)
class Grouping:
    """Sides that exclude each other, and the claims too coarse to take one of them."""

    sides: list[Side]
    undecided: list[Claim]


def meet(a: Claim, b: Claim) -> bool:
    """Whether the valid times of two claims meet."""
    return a.valid is None or b.valid is None or a.valid.meets(b.valid)


def agree(a: Claim, b: Claim) -> bool:
    """Whether the values of two claims of one property can both hold."""
    left, right = a.value, b.value
    if type(left) is Office and type(right) is Office:
        return _offices_agree(left, right)
    if left is None or right is None or left == right:
        return True
    if isinstance(left, Edtf) and isinstance(right, Edtf):
        return left.meets(right)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return left.agrees(right) is not False
    if isinstance(left, Share) and isinstance(right, Share):
        return left.party != right.party or left.quantity.agrees(right.quantity) is not False
    if a.language != b.language:
        return True
    return _words_agree(a, b) if a.language else False


def exclude(a: Claim, b: Claim) -> bool:
    """Whether two claims of one property contradict each other."""
    return not agree(a, b) and meet(a, b)


def _words_agree(a: Claim, b: Claim) -> bool:
    left, right = fold(a.text), fold(b.text)
    return left in right or right in left


def _offices_agree(left: Office, right: Office) -> bool:
    """Offices at different parties can be held at once; a source may name the role loosely."""
    if left.party and right.party and left.party != right.party:
        return True
    one, other = left.role, right.role
    return one == other or one.startswith(f"{other}_of_") or other.startswith(f"{one}_of_")


def group(claims: Iterable[Claim], conflict: Callable[[Claim, Claim], bool] = exclude) -> Grouping:
    """Sort claims of one property into sides.

    The narrowest values come first and found the sides; a coarser one joins the only side that it
    agrees with wholly. One that fits several is left undecided: it excludes none of them.
    """
    sides: list[Side] = []
    # Of the claims of each side that tell the same of the same time, one.
    heads: list[dict[tuple[object, ...], Claim]] = []
    undecided: list[Claim] = []
    for claim in sorted(claims, key=_width):
        same = _same(claim)
        fitting = [
            n
            for n, told in enumerate(heads)
            if not any(conflict(claim, other) for other in told.values())
        ]
        if len(fitting) > 1:
            fitting = [n for n in fitting if sides[n].claims[0].value == claim.value][:1]
            if not fitting:
                undecided.append(claim)
                continue
        if not fitting:
            fitting = [len(sides)]
            sides.append(Side())
            heads.append({})
        sides[fitting[0]].claims.append(claim)
        heads[fitting[0]].setdefault(same, claim)
    return Grouping(sides, undecided)


def _same(claim: Claim) -> tuple[object, ...]:
    """What decides whether a claim excludes another."""
    return claim.value, claim.language, claim.valid, claim.polarity


def components(claims: Sequence[Claim]) -> list[list[Claim]]:
    """The claims that contradict some other, in groups that contradictions connect."""
    # Hundreds of claims tell a handful of values of a few times: one of each stands for all.
    alike: dict[tuple[object, ...], list[int]] = {}
    for i, claim in enumerate(claims):
        alike.setdefault(_same(claim), []).append(i)
    if len(alike) < 2:
        return []
    members = {same[0]: same for same in alike.values()}
    edges: dict[int, list[int]] = {head: [] for head in members}
    for some, rest in _compared(claims, members):
        if not agree(claims[some[0]], claims[rest[0]]):
            for i, j in product(some, rest):
                if meet(claims[i], claims[j]):
                    edges[i].append(j)
                    edges[j].append(i)
    seen: set[int] = set()
    found: list[list[Claim]] = []
    for start in members:
        if start in seen or not edges[start]:
            continue
        reached, todo = {start}, [start]
        while todo:
            for other in edges[todo.pop()]:
                if other not in reached:
                    reached.add(other)
                    todo.append(other)
        seen |= reached
        found.append([claims[i] for i in sorted(i for head in reached for i in members[head])])
    return found


def _compared(
    claims: Sequence[Claim], heads: Iterable[int]
) -> Iterator[tuple[list[int], list[int]]]:
    """Pairs of values that may exclude each other, each by the numbers of claims that tell it.

    Offices at different parties agree.
    """
    telling: dict[str, dict[tuple[object, str], list[int]]] = {}
    for i in heads:
        value = claims[i].value
        told = telling.setdefault(value.party if isinstance(value, Office) else "", {})
        told.setdefault((value, claims[i].language), []).append(i)
    loose = list(telling.pop("", {}).values())
    yield from combinations(loose, 2)
    for told in telling.values():
        yield from combinations(told.values(), 2)
        yield from product(told.values(), loose)


def decided(sides: Sequence[Side]) -> Side | None:
    """The side that somebody preferred, or the only one not deprecated; None if undecided."""
    preferred = [s for s in sides if any(c.rank is Rank.PREFERRED for c in s.claims)]
    if len(preferred) == 1:
        return preferred[0]
    standing = [s for s in sides if any(c.rank is not Rank.DEPRECATED for c in s.claims)]
    if len(standing) == 1 and len(sides) > 1:
        return standing[0]
    return None


def _width(claim: Claim) -> tuple[float, str, str]:
    """Narrow values first, then by text and source; what is left stays in canonical order."""
    value = claim.value
    width = 0.0
    if isinstance(value, Edtf):
        width = float((value.last - value.first).days)
    elif isinstance(value, Quantity):
        low, high = value.bounds()
        width = float(high - low) / (abs(value.middle) or 1.0)
    elif isinstance(value, Office):
        width = 0.0 if value.party else 1.0
    return width, claim.text, claim.source
