import itertools

import numpy as np
import pytest

from attn.tools.stories import (
    GO,
    LEAVE,
    PEOPLE,
    PLACES,
    TAKE,
    THINGS,
    WORDS,
    batches,
    encode,
    stories,
    story,
)

TOLD = {n: stories(np.random.default_rng(n), n, 400) for n in (1, 2, 3)}
ALL = [(n, s) for n, told in TOLD.items() for s in told]


def parsed(fact):
    person, *phrase, noun = fact.split()
    kinds = {"go": GO, "take": TAKE, "leave": LEAVE}
    return person, next(k for k, phrases in kinds.items() if " ".join(phrase) in phrases), noun


def played(facts):
    """The world after each fact, told from the facts alone: place of people and things, holders."""
    place, holder = {}, {}
    for fact in facts:
        person, kind, noun = parsed(fact)
        if kind == "go":
            assert place.get(person) != noun, "nobody goes to where they are"
            place[person] = noun
            place |= {t: noun for t, p in holder.items() if p == person}
        elif kind == "take":
            assert noun not in holder, "nobody takes what another has"
            assert place.get(noun, place[person]) == place[person], "it is taken where it is"
            holder[noun], place[noun] = person, place[person]
        else:
            assert holder.pop(noun) == person, "nobody leaves what they do not have"
        yield dict(place), dict(holder)


def test_a_story_is_a_world_that_can_be():
    for _, s in ALL:
        assert len(list(played(s.facts))) == len(s.facts)


def test_the_answer_is_what_is_the_case():
    for n, s in ALL:
        worlds = [place for place, _ in played(s.facts)]
        asked = s.question.split()
        if n < 3:
            assert s.answer == worlds[-1][asked[-1]]
        else:
            thing, place = asked[3], asked[-1]
            way = [p for p, _ in itertools.groupby(w[thing] for w in worlds if thing in w)]
            last = len(way) - 1 - way[::-1].index(place)
            assert s.answer == way[last - 1]


def test_so_many_facts_support_the_answer():
    for n, s in ALL:
        assert len(s.support) == len(set(s.support)) == n
        assert all(0 <= fact < len(s.facts) for fact in s.support)


def test_the_supporting_facts_are_a_chain_from_the_question_to_the_answer():
    for n, s in ALL:
        facts, asked = [parsed(s.facts[k]) for k in s.support], s.question.split()
        assert facts[-1][1:] == ("go", s.answer)
        assert {person for person, _, _ in facts} == {facts[0][0]}, "all are about one person"
        if n == 1:
            assert asked == ["where", "is", facts[0][0]]
        else:
            assert facts[0][1] in ("take", "leave")
            assert facts[0][2] == asked[3]
        if n == 3:
            taken, came, before = s.support
            assert facts[1][1:] == ("go", asked[-1])
            assert max(taken, before) < came


def test_the_supporting_facts_are_the_last_of_their_kind():
    for n, s in ALL[: 2 * len(TOLD[1])]:
        facts = [*map(parsed, s.facts)]
        end = len(facts)
        if n == 2:
            touched = s.support[0]
            assert all(noun != facts[touched][2] for _, _, noun in facts[touched + 1 :])
            end = touched if facts[touched][1] == "leave" else end  # it stays when she goes on
        came = [k for k, f in enumerate(facts[:end]) if f[:2] == (facts[s.support[0]][0], "go")]
        assert s.support[-1] == came[-1]


def test_in_most_three_fact_stories_the_thing_was_taken_where_it_was_before():
    assert 0.6 < np.mean([s.support[2] < s.support[0] for s in TOLD[3]]) < 0.95


def test_stories_are_as_long_as_they_should_be():
    for n, told in TOLD.items():
        assert {len(s.facts) for s in told} == set(range(2 * n, 2 * n + 9))


def test_all_words_occur_and_no_others():
    found = {w for _, s in ALL for text in (*s.facts, s.question, s.answer) for w in text.split()}
    assert found == set(WORDS) - {""}
    assert WORDS[0] == ""
    assert len(WORDS) == len(set(WORDS))
    assert set(PEOPLE + PLACES + THINGS) < set(WORDS)


def test_numbers_and_words_say_the_same_with_the_last_fact_first():
    told = [s for n in TOLD for s in TOLD[n][:20]]
    x, q, y, support = encode(told)

    def text(row):
        return " ".join(WORDS[i] for i in row if i)

    for row, s in enumerate(told):
        assert [text(fact) for fact in x[row] if fact.any()] == list(reversed(s.facts))
        assert text(q[row]) == s.question
        assert WORDS[y[row]] == s.answer
        chain = [slot for slot in support[row] if slot >= 0]
        assert [text(x[row, slot]) for slot in chain] == [s.facts[k] for k in s.support]


def test_a_seed_gives_the_same_stories_each_time():
    again = stories(np.random.default_rng(2), 2, 400)
    assert again == TOLD[2]
    assert again != stories(np.random.default_rng(4), 2, 400)


def test_batches_draw_whole_stories():
    numbers = encode(TOLD[2][:10])
    for batch in itertools.islice(batches(np.random.default_rng(0), numbers, 7), 3):
        assert batch.x.shape == (7, *numbers.x.shape[1:])
        for row in range(7):
            k = next(k for k in range(10) if np.array_equal(numbers.x[k], batch.x[row]))
            assert all(np.array_equal(a[k], b[row]) for a, b in zip(numbers, batch, strict=True))


def test_what_cannot_be_told_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="support: expected 1, 2 or 3 facts, got 4"):
        story(rng, 4, 9)
    with pytest.raises(ValueError, match="facts: expected at least 3, got 2"):
        story(rng, 3, 2)
