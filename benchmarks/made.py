"""A record made up for measuring: as many claims as asked for, the same for the same seed.

States with companies and people, partnerships between pairs of states, fifty claims a subject: the
mixture of kinds, properties and precision of the shipped cases, names in three scripts, sources
with and without dates, a word list in which a few words are common and most are rare.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations

from mithaq.record import Claim, Office, Quantity, Share, Source, Subject
from mithaq.record.claims import Basis, Modality, Polarity, Rank, Value
from mithaq.record.properties import Property, codes, properties
from mithaq.words.dates import parse

__all__ = ["Part", "parts"]

CLAIMS_A_SUBJECT = 50
CLAIMS_A_SOURCE = 40
SUBJECTS_A_PARTNERSHIP = {
    "agreement": 25, "leg": 6, "commitment": 10, "project": 12, "tender": 4, "award": 8,
    "presence": 5, "meeting": 15, "statement": 8, "judgement": 2,
}  # fmt: skip
COMPANIES, PEOPLE = 6, 12
LATIN = ["ba", "dor", "gas", "kel", "lu", "mi", "nor", "pet", "ra", "sol", "ta", "ven", "zar"]
ARABIC = ["با", "دور", "غاز", "كل", "لو", "مي", "نور", "بت", "را", "سول", "تا", "فن", "زار"]
RUSSIAN = ["ба", "дор", "газ", "кел", "лу", "ми", "нор", "пет", "ра", "сол", "та", "вен", "зар"]
SCRIPTS = (("en", LATIN), ("ar", ARABIC), ("ru", RUSSIAN))
FIRST_DAY = date(1990, 1, 1)
# What gives a subject its shape; the rest is drawn from the table of properties.
ALWAYS = {
    "agreement": ("parties", "parties", "agreement_kind", "signed", "term", "expires"),
    "leg": ("agreement", "segment", "parties"),
    "commitment": ("agreement", "debtor", "creditor", "promised", "due", "principle"),
    "project": ("parties", "parties", "agreement", "project_status", "proposed"),
    "tender": ("grantor", "winner", "territory", "awarded"),
    "award": ("grantor", "winner", "territory", "awarded", "agreement", "amount"),
    "presence": ("party", "territory", "opened", "presence_kind"),
    "meeting": ("parties", "parties", "date", "persons", "meeting_kind"),
    "statement": ("text", "by", "date", "about"),
    "judgement": ("a", "b", "judgement"),
    "person": ("office",),
    "party": (),
}
# Told once at most: several of them would make another thing of the subject.
ONCE = {"home", "party_kind", "part_of", "chain_name", "agreement_kind", "label", "a", "b",
        "judgement", "under", "twin", "tacit_renewal", "superseded_by", "reason", "terminated",
        "superseded", "revived", "agreement", "project", "meeting_kind", "presence_kind", "note",
        "aliases", "name", "statement_kind"}  # fmt: skip

# How often a property is passed over; a label is to name one subject only.
RARE = {"terminated": 0.8, "superseded": 0.8, "revived": 0.8, "superseded_by": 0.8, "label": 0.999}


@dataclass
class Part:
    """Things to append together: a partnership, or the states with their companies and people."""

    sources: list[Source] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    between: tuple[str, str] = ("", "")


def parts(claims: int, seed: int = 2006, each: int = CLAIMS_A_SUBJECT) -> Iterator[Part]:
    """About that many claims (within a few per cent), ``each`` on a subject, in parts.

    The first part holds the states, every other a partnership.
    """
    return _Maker(claims, random.Random(seed), each).parts()


class _Maker:
    def __init__(self, claims: int, dice: random.Random, each: int) -> None:
        self.dice = dice
        self.each = each
        self.partnerships = max(1, round(claims / each / 100))
        self.states = [f"state-{n}" for n in range(3 + (self.partnerships + 4) // 5)]
        self.words = {lang: self._lexicon(parts) for lang, parts in SCRIPTS}
        self.companies: dict[str, list[str]] = {}
        self.people: dict[str, list[str]] = {}
        self.members: dict[str, list[str]] = {}
        self.sources: list[Source] = []
        self.count = 0

    def _lexicon(self, syllables: list[str]) -> list[str]:
        dice = random.Random(7)  # the same syllables in every script, so that names are one name
        return ["".join(syllables[dice.randrange(13)] for _ in range(3)) for _ in range(4000)]

    def parts(self) -> Iterator[Part]:
        pairs = list(combinations(self.states, 2))
        self.dice.shuffle(pairs)
        world = Part()
        self._sources(world, len(self.states) * (1 + COMPANIES + PEOPLE))
        for state in self.states:
            self._state(world, state)
        yield world
        for number, pair in enumerate(pairs[: self.partnerships]):
            yield self._partnership(number, pair)

    def _sources(self, part: Part, subjects: int) -> None:
        amount = max(4, subjects * self.each // CLAIMS_A_SOURCE)
        self.sources = []
        for _ in range(amount):
            self.count += 1
            day = FIRST_DAY + timedelta(days=self.dice.randrange(12_000))
            when = self.dice.choices([day.isoformat(), f"{day:%Y-%m}", ""], [90, 7, 3])[0]
            lang = self.dice.choice(["ar", "en", "fr", "ru"])
            made = Source(
                id=f"source-{self.count}",
                publisher=f"{self.words['en'][self.count % 97].title()} Gazette",
                lang=lang,
                url=f"https://gazette.example/{self.count}",
                published=parse(when) if when else None,
                title=self._text("en" if lang == "fr" else lang, 7),
            )
            self.sources.append(made)
        part.sources += self.sources

    def _state(self, part: Part, state: str) -> None:
        number = int(state.split("-")[1])
        self.companies[state] = [f"company-{number}-{n}" for n in range(COMPANIES)]
        self.people[state] = [f"person-{number}-{n}" for n in range(PEOPLE)]
        self.members = {"party": self.companies[state], "person": self.people[state]}
        self.sides = (state, state)
        for name in (state, *self.companies[state]):
            kind = "state" if name == state else "company"
            part.subjects.append(Subject(name, "party"))
            part.claims.append(Claim(name, "party_kind", kind))
            if name != state:
                part.claims.append(Claim(name, "home", state))
            self._fill(part, name, "party")
        for name in self.people[state]:
            part.subjects.append(Subject(name, "person"))
            self._fill(part, name, "person")

    def _partnership(self, number: int, pair: tuple[str, str]) -> Part:
        part = Part(between=pair)
        self._sources(part, sum(SUBJECTS_A_PARTNERSHIP.values()))
        self.sides = pair
        self.members = {
            kind: [f"{kind}-{number}-{n}" for n in range(many)]
            for kind, many in SUBJECTS_A_PARTNERSHIP.items()
        }
        self.members["party"] = [c for state in pair for c in self.companies[state]]
        self.members["person"] = [p for state in pair for p in self.people[state]]
        for kind in SUBJECTS_A_PARTNERSHIP:
            part.subjects += [Subject(name, kind) for name in self.members[kind]]
            for name in self.members[kind]:
                self._fill(part, name, kind)
        return part

    # Claims

    def _fill(self, part: Part, subject: str, kind: str) -> None:
        """Names, what gives it its shape, and claims of any property up to the number wanted."""
        word = self.dice.randrange(3000)
        made: dict[Claim, None] = {}
        for lang, _ in SCRIPTS:
            told = " ".join(self.words[lang][w].title() for w in (word, word % 211))
            made[Claim(subject, "name", told, language=lang)] = None
        began = FIRST_DAY + timedelta(days=self.dice.randrange(10_500))
        table = properties()[kind]
        once: set[str] = {"name"}
        queue = [*ALWAYS[kind]]
        while len(made) < self.each:
            name = queue.pop(0) if queue else self.dice.choice(list(table))
            if (name in ONCE and name in once) or self.dice.random() < RARE.get(name, 0):
                continue
            if kind == "party" and name in ("home", "party_kind", "part_of", "chain_name"):
                continue
            once.add(name)
            for _ in range(1 if name in ONCE else self.dice.choice([1, 1, 2, 3])):
                made.setdefault(self._claim(subject, table[name], began))
        part.claims += made

    def _claim(self, subject: str, declared: Property, began: date) -> Claim:
        dice = self.dice
        lang = dice.choice(SCRIPTS)[0] if declared.type == "text" else ""
        sourced = declared.needs_source and dice.random() < 0.97
        source = dice.choice(self.sources).id if sourced else ""
        more: dict[str, object] = {}
        if dice.random() < 0.25 and source:
            more["locator"] = f"p. {dice.randrange(1, 40)}"
        if dice.random() < 0.08:
            more["note"] = self._text("en", 8)
        timed = declared.type in ("office", "share", "quantity") or declared.name.endswith("status")
        if timed and dice.random() < 0.8:
            more["valid"] = parse(self._interval(began))
        if declared.needs_source and dice.random() < 0.06:
            more["polarity"] = dice.choice([Polarity.DENIED, Polarity.NOT_FOUND])
            more["searched"] = self._text("en", 5)
        if declared.type == "date" and dice.random() < 0.08:
            more["modality"] = Modality.PLANNED
        if dice.random() < 0.04:
            more["basis"] = Basis.INFERRED
        if dice.random() < 0.01:
            more |= {"rank": Rank.PREFERRED, "reason": self._text("en", 6), "by": "the editors"}
        value = self._value(declared, began)
        return Claim(
            subject, declared.name, value, source=source, language=lang, **more  # type: ignore[arg-type]
        )  # fmt: skip

    def _value(self, declared: Property, began: date) -> Value:
        dice = self.dice
        match declared.type:
            case "date":
                return parse(self._day(declared.name, began))
            case "quantity":
                unit, measures = dice.choice([("bcm/year", "capacity"), ("MUSD", "cost")])
                if declared.name in ("term", "notice", "duration"):
                    unit = "year" if declared.name == "term" else "month"
                    measures = declared.name
                size = dice.choice(["1", "2", "3", "5", "10", "25"])
                return Quantity(size, unit, measures, dice.random() < 0.1)
            case "share":
                return Share(dice.choice(self.members["party"]), dice.choice(["25", "49", "51"]))
            case "office":
                return Office(dice.choice(self.members["party"]), dice.choice(codes("role")))
            case "code":
                return dice.choice([code for name in declared.vocabulary for code in codes(name)])
            case "actor":
                return dice.choice(self.sides)
            case "subject":
                return self._member(declared)
            case "speaker":
                return dice.choice(self.members["person"])
            case _:
                long = declared.name in ("text", "note", "reason")
                return self._text(dice.choice(SCRIPTS)[0], 14 if long else 2)

    def _member(self, declared: Property) -> str:
        kinds = [kind for kind in declared.vocabulary if self.members.get(kind)]
        if declared.vocabulary == ("party",) and self.dice.random() < 0.2:
            return self.dice.choice(self.sides)
        return self.dice.choice(self.members[self.dice.choice(kinds or ["agreement"])])

    def _day(self, name: str, began: date) -> str:
        """Most sources agree on the day, some are coarse, some differ."""
        shift = sum(map(ord, name)) % 900
        day = began + timedelta(days=shift)
        way = self.dice.random()
        if way < 0.75:
            return day.isoformat()
        if way < 0.95:
            return f"{day:%Y-%m}" if way < 0.87 else f"{day:%Y}"
        return (day + timedelta(days=self.dice.randrange(1, 400))).isoformat()

    def _interval(self, began: date) -> str:
        start = began + timedelta(days=self.dice.randrange(1500))
        return f"{start:%Y-%m}/{start + timedelta(days=400):%Y-%m}"

    def _text(self, lang: str, words: int) -> str:
        """Words of which few are common and most are rare (by the square of an even draw)."""
        dice, known = self.dice, self.words[lang]
        return " ".join(known[int(dice.random() ** 2 * len(known))] for _ in range(words))
