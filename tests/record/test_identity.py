"""Who is meant: names in three scripts, misspelled, fused, prefixed; judgements never crossed."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithaq.cli import run
from mithaq.record import Record, case_ids, load_case
from mithaq.record.identity import Who, who
from mithaq.record.names import apart, fold, fused, joined, sound, unprefixed
from tests.record.making import record_of


@cache
def shipped() -> tuple[Record, ...]:
    return tuple(map(load_case, case_ids()))


def ask(words: str) -> Who:
    return who(shipped(), words)


@pytest.mark.parametrize(
    ("words", "subject", "code"),
    [
        ("غاز بروم", "gazprom", "name"),
        ("Газпром", "gazprom", "name"),
        ("GAZPROM", "gazprom", "name"),
        ("гaзпром", "gazprom", "letter"),  # a Latin a in a Russian word
        ("gazprom-neft", "gazprom-neft", "identifier"),
        ("gazpromneft", "gazprom-neft", "spacing"),
        ("ستروسترانسغاز", "stroytransgaz", "name"),  # misspelt so in the article
        ("سيرفي شماتكو", "sergei-shmatko", "name"),
        ("ولوكويل", "lukoil", "prefix"),
        ("Gazprom Neft", "gazprom-neft", "name"),
        ("Газпром нефть", "gazprom-neft", "name"),
        ("Sonatrach SpA", "sonatrach", "form"),
        ("Eni S.p.A.", "eni", "form"),
        ("شركة سوناطراك", "sonatrach", "form"),
        ("وسوناطراك", "sonatrach", "prefix"),
        ("بسوناطراك", "sonatrach", "prefix"),
        ("لوك أويل", "lukoil", "name"),
        ("سوناطراكك", "sonatrach", "letter"),  # an intrusive letter
        ("Gasprom", "gazprom", "letter"),
        ("Gazporm", "gazprom", "letter"),
        ("Sonelgas", "sonelgaz", "letter"),
        ("Cонатрак", "sonatrach", "letter"),
        ("Medvedev", "", "part"),
        ("ميدفيديف", "", "part"),
        ("Gazprom Media", "", "more"),
        ("غازبروموسوناطراك", "", "fused"),  # two names and the conjunction
        ("موسكووالجزائر", "", "more"),
        ("zzzz", "", ""),
        ("", "", ""),
        ("  ", "", ""),
    ],
)
def test_who_is_meant(words: str, subject: str, code: str) -> None:
    found = ask(words)
    assert found.subject == subject
    codes = [reason.code for c in found.candidates for reason in c.reasons]
    assert codes[:1] == ([code] if code else [])


def test_two_people_of_one_name_are_both_listed() -> None:
    found = ask("Medvedev")
    assert [c.subject for c in found.candidates] == ["alexander-medvedev", "dmitry-medvedev"]
    assert all("judged not to be" in c.reasons[-1].sentence for c in found.candidates)
    assert ask("Дмитрий Медведев").subject == "dmitry-medvedev"


@pytest.mark.parametrize("words", ["Medvedv", "Медведв", "Midvedev"])
def test_a_family_name_with_a_wrong_letter_lists_who_may_be_meant(words: str) -> None:
    found = ask(words)
    assert [c.subject for c in found.candidates] == ["alexander-medvedev", "dmitry-medvedev"]
    assert {c.reasons[0].code for c in found.candidates} == {"part_letter"} and not found.subject


@pytest.mark.parametrize(
    ("words", "other"),
    [("Gazprom", "gazprom-neft"), ("Gazprom Neft", "gazprom"), ("سوناطراك", "sonelgaz")],
)
def test_who_it_is_not_is_told(words: str, other: str) -> None:
    assert other in ask(words).distinct_from


def test_a_party_of_two_cases_is_one() -> None:
    (first, *_) = ask("Sonatrach").candidates
    assert first.cases == ("algeria-italy", "algeria-russia")


PAIR = """
- {id: other, kind: party, party_kind: company, name: {en: Sonatrac}}
- {id: pair, kind: judgement, a: sonatrach, b: other, judgement: %s, reason: {en: r}}
"""


@pytest.mark.parametrize(
    ("judgement", "subject"), [("negative", ""), ("unsure", ""), ("positive", "other")]
)
def test_a_judgement_decides_what_spelling_may_not(judgement: str, subject: str) -> None:
    found = who(record_of(PAIR % judgement), "Sonatrah")
    assert {c.subject for c in found.candidates} == {"other", "sonatrach"}
    assert found.subject == subject


def named() -> list[tuple[str, str]]:
    """(subject, folded name) of every party and person with a name long enough to misspell."""
    found = {
        (s.id, joined(c.text))
        for record in shipped()
        for s in record.subjects("party", "person")
        for c in record.claims_of(s.id, "name", "aliases")
    }
    return sorted(item for item in found if len(item[1]) >= 4)


def negative() -> set[tuple[str, str]]:
    pairs = set()
    for record in shipped():
        for item in record.subjects("judgement"):
            if record.value(item.id, "judgement") == "negative":
                a, b = str(record.value(item.id, "a")), str(record.value(item.id, "b"))
                pairs |= {(a, b), (b, a)}
    return pairs


@st.composite
def misspelled(draw: st.DrawFn) -> tuple[str, str]:
    """A subject and one of its names with one letter wrong, missing, intrusive or exchanged."""
    subject, name = draw(st.sampled_from(named()))
    place = draw(st.integers(0, len(name) - 1))
    letter = draw(st.sampled_from(sorted(set(name))))
    match draw(st.sampled_from(["wrong", "missing", "intrusive", "exchanged"])):
        case "wrong":
            return subject, name[:place] + letter + name[place + 1 :]
        case "missing":
            return subject, name[:place] + name[place + 1 :]
        case "intrusive":
            return subject, name[:place] + letter + name[place:]
        case _:
            turned = name[place : place + 2][::-1]
            return subject, name[:place] + turned + name[place + 2 :]


@settings(max_examples=60, deadline=None)
@given(misspelled())
def test_one_wrong_letter_still_proposes_and_never_crosses_a_judgement(
    made: tuple[str, str],
) -> None:
    subject, words = made
    found = ask(words)
    assert subject in {c.subject for c in found.candidates}
    exact = {s for s, name in named() if name == words}
    assert found.subject in exact or (found.subject, subject) not in negative()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_words_have_an_answer(words: str) -> None:
    found = ask(words)
    assert found.subject == "" or found.subject in {c.subject for c in found.candidates}
    json.dumps(found.to_dict())


WORD = st.text("abcdé غازبروم", max_size=9)


@given(WORD, WORD)
def test_letters_apart_is_a_distance(a: str, b: str) -> None:
    assert apart(a, b, 20) == apart(b, a, 20) <= max(len(a), len(b))
    assert (apart(a, b, 20) == 0) == (a == b)
    assert apart(a, b, 1) == min(apart(a, b, 20), 2)


def test_folding_of_three_scripts() -> None:
    assert fold("٢٠٠٦ ۲۰۰۶") == "2006 2006"
    assert fold("إيني") == fold("اينى") and fold("اتفاقية") == fold("اتفاقيه")
    assert fold("وقّعت") == fold("وقعت") and fold("غـــاز") == fold("غاز")
    assert fold("Алексей Миллёр") == fold("алексей миллер")
    assert fold("Loukoïl") == "loukoil"
    assert sound("سوناطراك") == sound("Sonatrach") == sound("Сонатрак")
    assert ("سوناطراك", "و") in unprefixed("وسوناطراك")
    assert fused("غازبروموسوناطراك", frozenset({joined("غازبروم"), joined("سوناطراك")}))


@pytest.mark.parametrize("lang", ["ar", "en", "fr", "ru"])
def test_the_command_answers(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["who", "غاز بروم", "--json", "--lang", lang]) == 0
    assert json.loads(capsys.readouterr().out)["subject"] == "gazprom"
    for words in ("Medvedev", "غاز بروم", "zzzz"):
        assert run(["who", words, "--lang", lang]) == 0
        told = capsys.readouterr().out
        assert words in told and "{" not in told
