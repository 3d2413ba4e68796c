"""Stories in the manner of the bAbI tasks 1, 2 and 3: one, two or three facts support an answer.

People go to places, take things and leave them there: a small world is played through at random,
and told in simple sentences. Because it is played, the facts that support an answer are known.

One fact:     Where is Ana?                         Ana came to the kitchen.
Two facts:    Where is the lamp?                    Ana took it; she came to the kitchen.
Three facts:  Where was the lamp before the hall?   Ana took it; she came to the hall; before that,
                                                    she came to the kitchen.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from attn.tools.data import pick
from attn.types import Indices

PEOPLE = ("Ana", "Ben", "Eva", "Leo")
PLACES = ("kitchen", "garden", "hall", "cellar", "attic", "office")
THINGS = ("lamp", "coat", "ball")
GO = ("went to the", "walked to the", "moved to the")
TAKE = ("took the", "got the", "grabbed the")
LEAVE = ("left the", "dropped the")
ASKING = ("where is", "was before")
PHRASES = (*PEOPLE, *PLACES, *THINGS, *GO, *TAKE, *LEAVE, *ASKING)
WORDS = ("", *dict.fromkeys(word for phrase in PHRASES for word in phrase.split()))
_WORD_ID = {word: i for i, word in enumerate(WORDS)}


class Story(NamedTuple):
    """What is told, the question and its answer; `support` numbers the facts as they were told.

    They are in the order of a chain of look-ups: who has the thing, where they went, and before.
    """

    facts: tuple[str, ...]
    question: str
    answer: str
    support: tuple[int, ...]


class Stories(NamedTuple):
    """Stories as numbers: word 0 fills up, and the last fact told comes first, in slot 0.

    `support` numbers slots; it is −1 where a story has fewer supporting facts than others.
    """

    x: Indices
    q: Indices
    y: Indices
    support: Indices


class World(NamedTuple):
    """What is the case, and which fact told it; written in place while a story is played."""

    told: list[tuple[str, str, str]]  # person, phrase, place or thing
    place: dict[str, str]  # of people and things
    came: dict[str, int]  # person -> the fact that says where they are
    holder: dict[str, str]  # thing -> who has it
    touched: dict[str, int]  # thing -> the fact that says who took or left it
    known: dict[str, int]  # thing -> the fact that says where it is
    moves: list[tuple[str, int, int, int]]  # thing, and the facts: taken, came here, came there


def story(rng: np.random.Generator, support: int, facts: int) -> Story:
    """Play a story of so many facts, and ask a question that needs `support` of them.

    Raises: ValueError if support is not 1, 2 or 3, or there are fewer facts than that.
    """
    if support not in QUESTIONS:
        raise ValueError(f"support: expected 1, 2 or 3 facts, got {support}")
    if facts < support:
        raise ValueError(f"facts: expected at least {support}, got {facts}")
    while True:
        world = _played(rng, facts)
        if possible := QUESTIONS[support](world):
            question, answer, chain = pick(rng, possible)
            return Story(tuple(map(" ".join, world.told)), question, answer, chain)


def stories(rng: np.random.Generator, support: int, count: int) -> list[Story]:
    """Play many stories that need `support` facts.

    They are 2 to 10 facts long where one supports the answer, 4 to 12 for two, 6 to 14 for three.

    Raises: ValueError if support is not 1, 2 or 3.
    """
    lengths = 2 * support + rng.integers(9, size=count)
    return [story(rng, support, int(length)) for length in lengths]


def encode(told: Sequence[Story]) -> Stories:
    """Turn stories into numbers, with the last fact first."""
    facts = [[_ids(fact) for fact in reversed(s.facts)] for s in told]
    slots = [[len(s.facts) - 1 - fact for fact in s.support] for s in told]
    width = max(len(fact) for s in facts for fact in s)
    x = np.zeros((len(told), max(map(len, facts)), width), np.int64)
    for row, s in zip(x, facts, strict=True):
        for slot, words in zip(row, s, strict=False):
            slot[: len(words)] = words
    return Stories(
        x,
        _padded([_ids(s.question) for s in told], 0),
        np.array([_WORD_ID[s.answer] for s in told]),
        _padded(slots, -1),
    )


def batches(rng: np.random.Generator, all_of_them: Stories, size: int) -> Iterator[Stories]:
    """Draw batches without end, every story equally often."""
    while True:
        rows = rng.integers(len(all_of_them.y), size=size)
        yield Stories(*(part[rows] for part in all_of_them))


def _played(rng: np.random.Generator, facts: int) -> World:
    world = World([], {thing: pick(rng, PLACES) for thing in THINGS}, {}, {}, {}, {}, [])
    for _ in range(facts):
        _act(rng, world, pick(rng, PEOPLE))
    return world


def _act(rng: np.random.Generator, world: World, person: str) -> None:
    here, chance = world.place.get(person), rng.random()
    held = [thing for thing, holder in world.holder.items() if holder == person]
    free = [t for t in THINGS if world.place[t] == here and t not in world.holder]
    if free and chance < 0.7:
        _take(world, person, pick(rng, TAKE), pick(rng, free))
    elif held and chance > 0.85:
        _leave(world, person, pick(rng, LEAVE), pick(rng, held))
    else:
        _go(world, person, pick(rng, GO), pick(rng, [p for p in PLACES if p != here]))


def _go(world: World, person: str, phrase: str, place: str) -> None:
    fact = len(world.told)
    for thing in (t for t, holder in world.holder.items() if holder == person):
        world.moves.append((thing, world.touched[thing], fact, world.came[person]))
        world.place[thing], world.known[thing] = place, fact
    world.place[person], world.came[person] = place, fact
    world.told.append((person, phrase, place))


def _take(world: World, person: str, phrase: str, thing: str) -> None:
    world.holder[thing], world.known[thing] = person, world.came[person]
    world.touched[thing] = len(world.told)
    world.told.append((person, phrase, thing))


def _leave(world: World, person: str, phrase: str, thing: str) -> None:
    del world.holder[thing]
    world.touched[thing] = len(world.told)
    world.told.append((person, phrase, thing))


Question = tuple[str, str, tuple[int, ...]]


def _where_is_she(world: World) -> list[Question]:
    return [(f"where is {p}", world.place[p], (came,)) for p, came in world.came.items()]


def _where_is_it(world: World) -> list[Question]:
    return [
        (f"where is the {t}", world.place[t], (touched, world.known[t]))
        for t, touched in world.touched.items()
    ]


def _where_was_it(world: World) -> list[Question]:
    # a later move to the same place overwrites an earlier one: the last time is asked for
    last = {(move[0], world.told[move[2]][2]): move for move in world.moves}
    return [
        (f"where was the {thing} before the {place}", world.told[before][2], (taken, came, before))
        for (thing, place), (_, taken, came, before) in last.items()
    ]


QUESTIONS: dict[int, Callable[[World], list[Question]]] = {
    1: _where_is_she,
    2: _where_is_it,
    3: _where_was_it,
}


def _ids(text: str) -> list[int]:
    return [_WORD_ID[word] for word in text.split()]


def _padded(rows: Sequence[Sequence[int]], filler: int) -> Indices:
    wide = np.full((len(rows), max(map(len, rows))), filler)
    for row, numbers in zip(wide, rows, strict=True):
        row[: len(numbers)] = numbers
    return wide
