"""Decides for one table which column is which field, with the user's own choices before ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from workflows.roster.fault import RosterFault
from workflows.roster.fields import BARE, FIELDS, IGNORED, LABELS, NAME, PERSONS, SEQUENCE, field_for
from workflows.roster.headings import Meaning, Synonyms
from workflows.text import Text, text

MAY_REPEAT = frozenset({SEQUENCE, "child.note"})
# Bare parts after a guardian's column are the guardian's, even if written once.
_FOLLOW_GUARDIAN = frozenset({"phone", "age", "education", "occupation", "health"})
_REPEATING = _FOLLOW_GUARDIAN | {"workplace", "address", "id_number"}


@dataclass(frozen=True)
class Column:
    """One column: its place from 0, its head as `父亲情况/姓名`, and its field if it has one."""

    index: int
    header: str
    field: str | None


@dataclass(frozen=True)
class _Guess:
    index: int
    header: str
    meaning: Meaning
    is_chosen: bool = False


def map_columns(
    paths: Mapping[int, tuple[str, ...]], synonyms: Synonyms, chosen: Mapping[str, str], *, where: Text
) -> list[Column]:
    """Give the columns of a head. Raises RosterFault `field_mapped_twice`, `unknown_field`."""
    guesses = _guesses(paths, synonyms, chosen)
    _refuse_doubles(guesses, where)
    return _columns(guesses)


def propose_columns(
    paths: Mapping[int, tuple[str, ...]], synonyms: Synonyms, chosen: Mapping[str, str]
) -> list[Column]:
    """Give the columns of a head, two with one field as they are. Raises RosterFault `unknown_field`."""
    return _columns(_guesses(paths, synonyms, chosen))


def _guesses(paths: Mapping[int, tuple[str, ...]], synonyms: Synonyms, chosen: Mapping[str, str]) -> list[_Guess]:
    guesses = [_guess(index, header, path, synonyms, chosen) for index, header, path in _headers(paths)]
    return _without_weak_doubles(_in_context(guesses))


def _columns(guesses: list[_Guess]) -> list[Column]:
    return [Column(guess.index, guess.header, _kept(guess.meaning.field)) for guess in guesses]


def _headers(paths: Mapping[int, tuple[str, ...]]) -> list[tuple[int, str, tuple[str, ...]]]:
    """Number repeated headings, so that each column can be chosen by its header."""
    seen: Counter[str] = Counter()
    found = []
    for index in sorted(paths):
        header = "/".join(paths[index])
        seen[header] += 1
        found.append((index, header if seen[header] == 1 else f"{header}#{seen[header]}", paths[index]))
    return found


def _guess(index: int, header: str, path: tuple[str, ...], synonyms: Synonyms, chosen: Mapping[str, str]) -> _Guess:
    if header not in chosen:
        return _Guess(index, header, synonyms.path(path))
    field = chosen[header]
    if field and field != IGNORED and field not in FIELDS:
        raise RosterFault("unknown_field", text("列“{header}”选了不存在的字段 {field}", header=header, field=field))
    group = field.partition(".")[0] if field else None
    return _Guess(index, header, Meaning(field or None, group if group in PERSONS else None, is_known=True), True)


def _in_context(guesses: list[_Guess]) -> list[_Guess]:
    bare = Counter(guess.meaning.part for guess in guesses if guess.meaning.is_bare and not guess.is_chosen)
    named = {guess.meaning.field for guess in guesses if guess.is_chosen or not guess.meaning.is_bare}
    person: str | None = None
    result = []
    for guess in guesses:
        meaning = guess.meaning
        if meaning.is_bare and not guess.is_chosen:
            result.append(replace(guess, meaning=_read_beside(meaning, person, bare[meaning.part], named)))
            continue
        result.append(guess)
        if meaning.group in PERSONS:
            person = meaning.group
        elif meaning.field == "guardian.relation":
            person = "guardian"
        elif meaning.field is not None and meaning.field.startswith("child."):
            person = None
    return result


def _read_beside(meaning: Meaning, person: str | None, times: int, named: set[str | None]) -> Meaning:
    part = meaning.part
    if person is None or part is None:
        return meaning
    if (times > 1 and part in _REPEATING) or (person == "guardian" and part in _FOLLOW_GUARDIAN):
        field = field_for(person, part)
        if field not in named:
            return replace(meaning, field=field, group=person)
    return replace(meaning, field=meaning.field or BARE.get(part))


def _without_weak_doubles(guesses: list[_Guess]) -> list[_Guess]:
    strong = {guess.meaning.field for guess in guesses if guess.is_chosen or not guess.meaning.is_weak}
    chosen = {guess.meaning.field for guess in guesses if guess.is_chosen}
    kept = []
    first_weak: set[str | None] = set()
    for guess in guesses:
        field = guess.meaning.field
        is_weak = guess.meaning.is_weak and not guess.is_chosen
        is_beaten = not guess.is_chosen and (field in chosen or (is_weak and field in strong))
        if is_weak and not is_beaten:
            # Two weak names stay a double: which of them is the child must be asked.
            is_beaten = field in first_weak and field != NAME
            first_weak.add(field)
        kept.append(replace(guess, meaning=replace(guess.meaning, field=None)) if is_beaten else guess)
    return kept


def _refuse_doubles(guesses: list[_Guess], where: Text) -> None:
    first: dict[str, _Guess] = {}
    for guess in guesses:
        field = guess.meaning.field
        if field is None or field == IGNORED or field in MAY_REPEAT:
            continue
        if field in first:
            raise RosterFault(
                "field_mapped_twice",
                text(
                    "{where}：列“{first}”和“{second}”都对应“{field}”，请为其中一列另选字段或选“不导入”",
                    where=where,
                    first=first[field].header,
                    second=guess.header,
                    field=LABELS[field],
                ),
            )
        first[field] = guess


def _kept(field: str | None) -> str | None:
    return None if field == IGNORED else field
