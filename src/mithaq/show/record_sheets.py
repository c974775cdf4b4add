"""Tables of the record: cases, state, timeline, contradictions, problems, reciprocity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mithaq.show.sheets import Cell, Column, Sheet
from mithaq.show.speech import Speech
from mithaq.words.text import isolate, labels

__all__ = [
    "balance_sheets",
    "cases_sheet",
    "check_sheets",
    "deciding_sheet",
    "state_sheets",
    "timeline_sheet",
]

Data = Mapping[str, Any]

STAGE_TONES = {
    "in_force": "good",
    "signed": "good",
    "agreed_in_principle": "good",
    "lapsed": "bad",
    "terminated": "bad",
    "may_have_lapsed": "warn",
    "unknown": "warn",
    "superseded": "muted",
}
STATUS_TONES = {
    "met": "good",
    "operating": "good",
    "construction": "good",
    "open": "good",
    "partially_met": "warn",
    "scheduled": "warn",
    "shelved": "warn",
    "idle": "warn",
    "not_met": "bad",
    "cancelled": "bad",
    "closed": "bad",
}


def cases_sheet(data: Data, words: Speech) -> Sheet:
    """The cases at hand with the size of each."""
    say = words.say
    columns = (
        Column(say("Case")),
        Column(say("Title")),
        Column(say("Claims"), figures=True),
        Column(say("Sources"), figures=True),
    )
    rows = [
        (
            case["id"],
            words.value(case["title"]),
            words.figure(case["claims"]),
            words.figure(case["sources"]),
        )
        for case in data["cases"]
    ]
    return Sheet.of(say("Cases"), columns, rows)


def state_sheets(data: Data, words: Speech) -> list[Sheet]:
    """What stands on a day: agreements, commitments, projects, presences, offices, contacts."""
    return [
        agreements_sheet(data, words),
        commitments_sheet(data["commitments"], words),
        projects_sheet(data["projects"], words),
        presences_sheet(data["presences"], words),
        roles_sheet(data["roles"], words),
        contacts_sheet(data["contacts"], words),
    ]


def agreements_sheet(data: Data, words: Speech) -> Sheet:
    """Agreements with their stage on the day asked for."""
    say = words.say
    columns = (
        Column(say("Agreement")),
        Column(say("Stage")),
        Column(say("Since")),
        Column(say("Until")),
        Column(say("Renewed")),
        Column(say("Sources"), figures=True),
        Column(say("Contradictions"), figures=True),
    )
    rows = [_agreement(item, words) for item in data["agreements"]]
    title = say("Agreements on {date}", date=words.date(data["at"]))
    if data.get("known"):
        title = say(
            "Agreements on {date}, as could be known on {known}",
            date=words.date(data["at"]),
            known=words.date(data["known"]),
        )
    return Sheet.of(title, columns, rows, note=left_out(data, words))


def _agreement(item: Data, words: Speech) -> tuple[Cell | str, ...]:
    stage = item["stage"]
    below = ""
    if item.get("possible"):
        below = words.say(
            "possible: {stages}",
            stages=words.list(words.term("stage", code) for code in item["possible"]),
        )
    elif item.get("basis") == "inferred":
        below = words.say("inferred")
    return (
        Cell(words.name(item["id"]), below=words.term("agreement_kind", item.get("kind"))),
        Cell(words.term("stage", stage), STAGE_TONES.get(stage, ""), below=below, badge=True),
        words.moment(item.get("since")),
        words.moment(item.get("until")),
        yes_or_no(item.get("renewed"), words),
        words.figure(item["sources"]),
        words.figure(len(item["contradictions"])),
    )


def left_out(data: Data, words: Speech) -> str:
    """How many sources the day of knowledge leaves out, in a sentence; empty where none."""
    counts = data.get("left_out") or {}
    if not data.get("known") or not any(counts.values()):
        return ""
    return words.say(
        "Left out: {unknown} sources without a date, {inferred} whose inferred date ends later.",
        unknown=words.figure(counts.get("unknown", 0)),
        inferred=words.figure(counts.get("inferred", 0)),
    )


def yes_or_no(value: Any, words: Speech) -> str:
    """Yes, no or a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return words.say("yes") if value else words.say("no")
    return words.value(value)


def _of(item: Data, *keys: str) -> Any:
    """The first of ``keys`` for which the row holds something."""
    return next((item[key] for key in keys if item.get(key) not in (None, "", [])), None)


def commitments_sheet(items: Sequence[Data], words: Speech) -> Sheet:
    """Who owes what to whom, and what was delivered."""
    say = words.say
    columns = (
        Column(say("Commitment")),
        Column(say("Debtor")),
        Column(say("Creditor")),
        Column(say("Territory")),
        Column(say("Segment")),
        Column(say("Status")),
        Column(say("Delivered")),
    )
    rows = [
        (
            words.name(item["id"]),
            words.names(item.get("debtor")) or "–",
            words.names(item.get("creditor")) or "–",
            words.names(item.get("territory")) or "–",
            terms("segment", item.get("segment"), words),
            _kept(item, words),
            yes_or_no(item.get("delivered"), words),
        )
        for item in items
    ]
    return Sheet.of(say("Commitments"), columns, rows)


def _kept(item: Data, words: Speech) -> Cell:
    """The status of a commitment, with a word where its day has passed in silence."""
    told = status("commitment_status", item.get("status"), words)
    if not item.get("overdue"):
        return told
    return replace(told, tone="warn", below=words.say("overdue; nobody says whether it was kept"))


def projects_sheet(items: Sequence[Data], words: Speech) -> Sheet:
    """Joint projects and where they stand."""
    say = words.say
    columns = (
        Column(say("Project")),
        Column(say("Parties")),
        Column(say("Territory")),
        Column(say("Segment")),
        Column(say("Status")),
        Column(say("Since")),
    )
    rows = [
        (
            words.name(item["id"]),
            words.names(item.get("parties")) or "–",
            words.names(item.get("territory")) or "–",
            terms("segment", item.get("segment"), words),
            status("project_status", _of(item, "status", "project_status"), words),
            words.date(_of(item, "since", "started", "cancelled_on")),
        )
        for item in items
    ]
    return Sheet.of(say("Projects"), columns, rows)


def presences_sheet(items: Sequence[Data], words: Speech) -> Sheet:
    """Offices and sales of a party on another's territory."""
    say = words.say
    columns = (
        Column(say("Presence")),
        Column(say("Party")),
        Column(say("Kind")),
        Column(say("Territory")),
        Column(say("Since")),
        Column(say("Status")),
    )
    rows = [
        (
            words.name(item["id"]),
            words.names(item.get("party")) or "–",
            words.term("presence_kind", _of(item, "presence_kind", "kind")),
            words.names(item.get("territory")) or "–",
            words.date(_of(item, "since", "opened")),
            status("presence_status", item.get("status"), words),
        )
        for item in items
    ]
    return Sheet.of(say("Presences"), columns, rows)


def roles_sheet(items: Sequence[Data], words: Speech) -> Sheet:
    """Who held which office on the day."""
    say = words.say
    columns = (
        Column(say("Person")),
        Column(say("Party")),
        Column(say("Office")),
        Column(say("Since")),
        Column(say("Until")),
    )
    rows = [
        (
            words.name(item["person"]),
            words.names(item.get("party")) or "–",
            words.value(item.get("role"), "role"),
            words.date(item.get("since")),
            words.date(item.get("until")),
        )
        for item in items
    ]
    return Sheet.of(say("Offices held"), columns, rows)


def contacts_sheet(items: Sequence[Data], words: Speech) -> Sheet:
    """How long two parties have not met."""
    say = words.say
    columns = (
        Column(say("Between")),
        Column(say("Last meeting")),
        Column(say("Silence so far")),
        Column(say("Longest silence")),
    )
    rows = [
        (
            words.names(item["between"]),
            words.date(item.get("last")),
            words.days(item.get("gap_days")),
            words.days(item.get("longest_gap_days")),
        )
        for item in items
    ]
    return Sheet.of(say("Contacts"), columns, rows)


def terms(vocabulary: str, codes: Any, words: Speech) -> str:
    """One code or several as labels."""
    if not codes:
        return "–"
    many = [codes] if isinstance(codes, str) else codes
    return words.list(words.term(vocabulary, str(code)) for code in many)


def status(vocabulary: str, code: Any, words: Speech) -> Cell:
    """A status as a badge."""
    if not code:
        return Cell("–")
    text = words.term(vocabulary, str(code))
    return Cell(text, STATUS_TONES.get(str(code), ""), badge=True)


def timeline_sheet(events: Sequence[Data], words: Speech) -> Sheet:
    """Every dated event in order."""
    say = words.say
    columns = (
        Column(say("Date")),
        Column(say("Subject")),
        Column(say("Event")),
        Column(say("Standing")),
        Column(say("Sources"), figures=True),
    )
    rows = [
        (
            span_of(event, words),
            Cell(words.name(event["subject"]), sources=tuple(event.get("source_ids", ()))),
            event_words(event, words),
            Cell(standing(event, words), "warn" if event.get("uncertain") else ""),
            words.figure(event["sources"]),
        )
        for event in sorted(events, key=lambda event: event["start"] or event["end"])
    ]
    return Sheet.of(say("Timeline"), columns, rows)


def event_words(event: Data, words: Speech) -> str:
    """What happened: a kind of event, or the status that a project reached."""
    kind, _, rest = str(event["kind"]).partition(".")
    return words.value(rest, kind) if rest else words.term("event_kind", kind)


def span_of(event: Data, words: Speech) -> str:
    """The date of an event in words: as the source gave it, else from its first to its last day."""
    if event.get("date"):
        return words.date(event["date"])
    start, end = event.get("start"), event.get("end")
    if start and end and start != end:
        return words.date(f"{start}/{end}")
    return words.date(start or end)


def standing(event: Data, words: Speech) -> str:
    """Whether an event happened, was planned, was denied, and whether its date is uncertain."""
    parts = []
    if event.get("modality") not in (None, "", "actual"):
        parts.append(words.term("modality", event["modality"]))
    if event.get("polarity") not in (None, "", "affirmed"):
        parts.append(words.term("polarity", event["polarity"]))
    if event.get("disputed"):
        parts.append(words.say("date disputed"))
    elif event.get("uncertain"):
        parts.append(words.say("date uncertain"))
    return words.list(parts)


_PREFER = 'mithaq record prefer IDENTIFIER --side N --reason "..." --db URL'


def check_sheets(data: Data, words: Speech) -> list[Sheet]:
    """Contradictions side by side, then the other findings."""
    return [contradictions_sheet(data["contradictions"], words), problems_sheet(data, words)]


def contradictions_sheet(items: Sequence[Data], words: Speech) -> Sheet:
    """One row per side of each contradiction."""
    say = words.say
    columns = (
        Column(say("Contradiction")),
        Column(say("Property")),
        Column(say("One side, the other side")),
        Column(say("Said by")),
        Column(say("Decided")),
    )
    rows: list[tuple[Cell | str, ...]] = []
    for item in items:
        for place, side in enumerate(item["sides"]):
            first = place == 0
            rows.append(
                (
                    words.name(item["subject"]) if first else "",
                    about(item, words) if first else "",
                    f"{place + 1}. {words.value(side['value'], item['property'])}",
                    words.list(source_words(key, words) for key in side["sources"]),
                    resolution(item, words) if first else "",
                )
            )
    return Sheet.of(say("Contradictions"), columns, rows, note=_tally(items, words))


def deciding_sheet(items: Sequence[Data], words: Speech) -> Sheet:
    """The identifiers by which sides of contradictions are preferred, each on a line of its own."""
    say = words.say
    columns = (Column(say("Identifier")), Column(say("Decided")))
    rows = [
        (
            item["id"],
            say("side {n}", n=str(found["side"])) if (found := item["resolution"]) else "–",
        )
        for item in items
    ]
    note = say("Prefer a side: {command}", command=isolate(_PREFER)) if rows else ""
    return Sheet.of(say("To decide a contradiction"), columns, rows, note=note)


def about(item: Data, words: Speech) -> str:
    """What the sides disagree about: what a figure measures, if told, else the property."""
    measure = str(item["id"]).rpartition(".")[2]
    if ("measures", measure) in labels():
        return words.term("measures", measure)
    return words.term("property", item["property"])


def finding(item: Data, words: Speech) -> str:
    """The sentence of a finding in the reader's language, made again from its parts."""
    message, values = item.get("message"), dict(item.get("values") or {})
    if not message:
        return str(item["sentence"])
    told = {key: words.label(value) for key, value in values.items()}
    told |= {key: words.name(subject) for key, subject in item.get("named", {}).items()}
    if "subject" in told:
        told["subject"] = words.name(item["subject"])
    if "value" in told and "property" in told:
        told["value"] = words.value(values["value"], words.property_code(values["property"]))
    if "role" in told:
        told["role"] = words.term("role", values["role"])
        told["held"] = words.value(values["held"], "office")
    return words.say(message, **told)


def _tally(items: Sequence[Data], words: Speech) -> str:
    return words.plural(
        "{n} contradiction; nothing is hidden or averaged.",
        "{n} contradictions; nothing is hidden or averaged.",
        len(items),
    )


def source_words(key: str, words: Speech) -> str:
    """A source identifier, or words for the side that no source states."""
    return words.say("unsourced") if key == "unsourced" else key


def resolution(item: Data, words: Speech) -> str:
    """Which side is preferred, why and by whom; "open" where nobody decided."""
    decided = item.get("resolution")
    if not decided:
        return words.say("open")
    if isinstance(decided, str):
        return decided
    preferred = decided.get("value", decided.get("preferred", decided.get("side")))
    # A reason stays in the language in which it was written, and runs its own way.
    reason = isolate(words.value(decided.get("reason"))) if decided.get("reason") else ""
    text = words.value(preferred, item["property"]) if preferred is not None else ""
    told = ": ".join(part for part in (text, reason) if part)
    by = words.name(decided["by"]) if decided.get("by") else ""
    return (
        words.say("{decision} (decided by {name})", decision=told, name=isolate(by)) if by else told
    )


def problems_sheet(data: Data, words: Speech) -> Sheet:
    """Findings of the checks."""
    say = words.say
    columns = (
        Column(say("Check")),
        Column(say("Subject")),
        Column(say("Finding")),
        Column(say("Where")),
    )
    rows = [
        (
            words.term("check", item["key"]),
            words.name(item["subject"]),
            finding(item, words),
            Cell(str(item.get("where") or ""), "muted"),
        )
        for item in data["problems"]
    ]
    note = words.plural("{n} finding", "{n} findings", len(rows))
    return Sheet.of(say("Findings of the checks"), columns, rows, note=note)


def balance_sheets(data: Data, words: Speech) -> list[Sheet]:
    """The index of reciprocity, then grant by grant."""
    return [index_sheet(data, words), grants_sheet(data, words)]


def index_sheet(data: Data, words: Speech) -> Sheet:
    """Reciprocity by count, volume and money, and for how many grants each is known."""
    say = words.say
    measures = (
        ("count", say("by count")),
        ("volume", say("by volume")),
        ("money", say("by money")),
    )
    columns = (
        Column(say("Measure")),
        Column(say("Index"), say("0 one-sided, 1 even"), figures=True),
        Column(say("Figure known"), say("share of grants"), figures=True),
    )
    index = data["index"]
    known = index.get("known") or {}
    rows = [
        (label, words.figure(index.get(key), 2), words.share(known.get(key)))
        for key, label in measures
    ]
    title = say("Reciprocity between {parties}", parties=words.names(data["between"]))
    return Sheet.of(title, columns, rows)


def grants_sheet(data: Data, words: Speech) -> Sheet:
    """Rights and awards on one's territory to a party of the other."""
    say = words.say
    columns = (
        Column(say("Grant")),
        Column(say("Territory")),
        Column(say("From")),
        Column(say("To")),
        Column(say("Segment")),
        Column(say("Promised")),
        Column(say("Delivered")),
        Column(say("Counts")),
    )
    rows = [
        (
            Cell(_grant_name(item, words), sources=tuple(_listed(item.get("sources")))),
            words.names(item["territory"]),
            words.names(item["grantor"]),
            words.names(item["grantee"]),
            terms("segment", item.get("segment"), words),
            yes_or_no(item.get("promised"), words),
            yes_or_no(item.get("delivered"), words),
            yes_or_no(item.get("counts_in_totals"), words),
        )
        for item in data["grants"]
    ]
    return Sheet.of(say("Grants"), columns, rows)


def _grant_name(item: Data, words: Speech) -> str:
    key = _of(item, "subject", "id", "award", "instrument")
    return words.name(str(key)) if key else "–"


def _listed(sources: Any) -> list[str]:
    return [str(key) for key in sources] if isinstance(sources, (list, tuple)) else []
