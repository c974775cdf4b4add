"""Tables of the store: history, faults, differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mithaq.show.sheets import Cell, Column, Sheet
from mithaq.show.speech import Speech

__all__ = ["difference_sheet", "faults_sheet", "history_sheet", "hits_sheet"]

Data = Mapping[str, Any]
_SHORT = 12


def history_sheet(data: Data, words: Speech) -> Sheet:
    """The rows of the log, the oldest first; what no longer stands is muted."""
    say = words.say
    columns = (
        Column(say("Row"), figures=True),
        Column(say("Recorded")),
        Column(say("By")),
        Column(say("What")),
        Column(say("Claim")),
        Column(say("Why")),
    )
    rows = []
    for row in data["rows"]:
        tone = "" if row["current"] or row["kind"] == "retraction" else "muted"
        link = row["corrects"] or row["retracts"] or ""
        rows.append(
            (
                words.figure(row["row"]),
                row["recorded_at"][:19].replace("T", " "),
                row["recorded_by"],
                Cell(_told(row, words), tone=tone),
                Cell((row["claim"] or "")[:_SHORT], below=link and f"← {link[:_SHORT]}"),
                row["why"],
            )
        )
    return Sheet.of(say("History"), columns, rows, note="" if rows else say("Nothing is recorded."))


def _told(row: Data, words: Speech) -> str:
    content = row["content"]
    match row["kind"]:
        case "claim" | "correction":
            value = content.get("value")
            plain = value if isinstance(value, str) else " ".join(map(str, (value or {}).values()))
            source = f" [{content['source']}]" if "source" in content else ""
            label = words.term("property", content["property"])
            return f"{row['subject']}: {label}: {plain}{source}"
        case "retraction":
            return words.say("{subject}: withdrawn", subject=row["subject"])
        case "source":
            return words.say("source {id}", id=row["subject"])
        case "subject":
            return words.say("subject {id}", id=row["subject"])
        case _:
            return words.say("case {id}", id=row["subject"])


def faults_sheet(data: Data, words: Speech) -> Sheet:
    """What is wrong with the log, by row."""
    say = words.say
    columns = (Column(say("Row"), figures=True), Column(say("Fault")))
    rows = [
        (words.figure(fault["row"]) if fault["row"] else "–", Cell(_said(fault, words), tone="bad"))
        for fault in data["faults"]
    ]
    sound = say("The chain is whole. Rows: {rows}.", rows=words.figure(data["rows"]))
    return Sheet.of(say("Verification"), columns, rows, note="" if rows else sound)


def _said(fault: Data, words: Speech) -> str:
    message: str = fault["message"]
    return words.say(message, **fault["values"])


def hits_sheet(data: Data, words: Speech) -> Sheet:
    """What a search found."""
    say = words.say
    columns = (
        Column(say("Case")),
        Column(say("Subject")),
        Column(say("Property")),
        Column(say("Text")),
        Column(say("Source")),
    )
    rows = [
        (
            hit["case"],
            Cell(words.name(hit["subject"]), below=hit["subject"]) if hit["subject"] else "–",
            words.term("property", hit["property"]) if hit["property"] else "–",
            hit["text"],
            hit["source"] or "–",
        )
        for hit in data["hits"]
    ]
    title = say("Found: {words}", words=data["words"])
    note = say("There are more; a larger --limit tells them.") if data["more"] else ""
    return Sheet.of(title, columns, rows, note=note if rows else say("Nothing is found."))


def difference_sheet(data: Data, words: Speech) -> Sheet:
    """Claims added and withdrawn."""
    say = words.say
    columns = (
        Column(""),
        Column(say("Subject")),
        Column(say("Property")),
        Column(say("Value")),
        Column(say("Source")),
        Column(say("Claim")),
    )
    rows = [
        (
            Cell(sign, tone=tone),
            words.name(item["subject"]),
            words.term("property", item["property"]),
            item["value"],
            item["source"],
            item["claim"][:_SHORT],
        )
        for sign, tone, items in (("+", "good", data["added"]), ("-", "bad", data["withdrawn"]))
        for item in items
    ]
    rows += [
        (Cell("+", tone="good"), say("source {id}", id=name), "", "", "", "")
        for name in (*data["sources_added"], *data["sources_changed"])
    ]
    return Sheet.of(say("Differences"), columns, rows, note="" if rows else say("No difference."))
