"""A toy language: correct French, its English translation, and which word stands for which.

Words agree in gender and number, articles elide and contract, adjectives and adverbs change sides:
enough grammar to make word order a problem, and so small that a model learns it in a minute. What
words there are is `words`, one of the lexicons of `attn.tools.lexicon`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np

from attn.tools.lexicon import SMALL, Adjective, Lexicon, Noun, Verb
from attn.types import Indices, Mask

T = TypeVar("T")
Link = tuple[int, int]  # (i, j): English word i stands for French word j


class Pair(NamedTuple):
    """A phrase in both languages; `possible` links are right too, but not required."""

    french: tuple[str, ...]
    english: tuple[str, ...]
    sure: tuple[Link, ...] = ()
    possible: tuple[Link, ...] = ()


class Batch(NamedTuple):
    """Sentences as numbers, padded to one length; the masks are True on words, False on padding."""

    x: Indices
    x_mask: Mask
    y: Indices
    y_mask: Mask


CONJUNCTIONS = (("et", "and"), ("mais", "but"), ("quand", "when"))
WHERE = (("dans", "in"), ("derrière", "behind"))
ARTICLES = {  # definite, plural -> masculine, feminine, English
    (True, False): ("le", "la", "the"),
    (True, True): ("les", "les", "the"),
    (False, False): ("un", "une", "a"),
    (False, True): ("des", "des", "some"),
}
ELIDED = {"le": "l'", "la": "l'", "ne": "n'", "de": "d'"}
CONTRACTED = {
    ("de", "le"): "du",
    ("de", "les"): "des",
    ("à", "le"): "au",
    ("à", "les"): "aux",
}
END = "<end>"  # word 0 of both languages: closes a sentence, and is what precedes its first word
HELD_OUT = Pair(  # no training sentence contains it, not even as a part
    ("le", "chat", "noir", "dort"),
    ("the", "black", "cat", "sleeps"),
    ((0, 0), (1, 2), (2, 1), (3, 3)),
)


@cache
def word(french: str, english: str) -> Pair:
    """Make the pair of two words that stand for each other."""
    return Pair((french,), (english,), ((0, 0),))


def join(parts: Sequence[Pair], order: Iterable[int] | None = None) -> Pair:
    """Put phrases side by side: the French in the order given, the English in `order`."""
    french: list[str] = []
    starts: list[int] = []
    for part in parts:
        starts.append(len(french))
        french += part.french
    english: list[str] = []
    sure: list[Link] = []
    possible: list[Link] = []
    for k in range(len(parts)) if order is None else order:
        i0, j0 = len(english), starts[k]
        sure += [(i0 + i, j0 + j) for i, j in parts[k].sure]
        possible += [(i0 + i, j0 + j) for i, j in parts[k].possible]
        english += parts[k].english
    return Pair(tuple(french), tuple(english), tuple(sure), tuple(possible))


def elide(french: Sequence[str]) -> tuple[str, ...]:
    """Shorten an article, *ne* or *de* before a vowel: *le enfant* becomes *l'enfant*."""
    following = (*french[1:], "")
    return tuple(
        ELIDED.get(w, w) if after[:1] in tuple("aeiouéè") else w
        for w, after in zip(french, following, strict=True)
    )


def contract(pair: Pair) -> Pair:
    """Melt *de* and *à* with the article after them: *de le* becomes *du*, one word for two."""
    french: list[str] = []
    at: list[int] = []  # the new place of each word
    for w in pair.french:
        melted = CONTRACTED.get((french[-1], w)) if french else None
        french[len(french) - bool(melted) :] = [melted or w]
        at.append(len(french) - 1)
    sure, possible = (tuple((i, at[j]) for i, j in links) for links in (pair.sure, pair.possible))
    return Pair(tuple(french), pair.english, sure, possible)


def indefinite(english: Sequence[str]) -> tuple[str, ...]:
    """Write *an* for *a* before a vowel."""
    following = (*english[1:], "")
    return tuple(
        "an" if w == "a" and after[:1] in tuple("aeiou") else w
        for w, after in zip(english, following, strict=True)
    )


def surface(pair: Pair) -> Pair:
    """Give a phrase the form in which it is written."""
    return contract(pair._replace(french=elide(pair.french), english=indefinite(pair.english)))


def noun_phrase(
    rng: np.random.Generator,
    words: Lexicon = SMALL,
    place: bool = False,
    definite: bool = False,
    some: bool = True,
    owner: bool = True,
) -> tuple[Pair, bool]:
    """Draw article, adjectives, noun and perhaps an owner; also says whether it is plural.

    `definite` asks for the definite article, `some=False` forbids the indefinite plural (French has
    neither *de des chats* nor *des petits chats*).
    """
    noun = pick(rng, words.places if place else words.nouns)
    plural = noun.kind != "place" and _chance(rng, 0.4)
    before, color, mood = (
        _adjectives(rng, adjectives, noun, plural, p)
        for adjectives, p in ((words.before, 0.3), (words.colors, 0.4), (words.moods, 0.2))
    )
    definite = definite or _chance(rng, 0.6) or (plural and bool(before.french or not some))
    masculine, feminine, english = ARTICLES[definite, plural]
    article = word(feminine if noun.feminine else masculine, english)
    parts = [article, before, word(noun.french[plural], noun.english[plural]), color, mood]
    phrase = join(parts, order=(0, 4, 1, 3, 2))
    if owner and _chance(rng, 0.25):
        whose, _ = noun_phrase(rng, words, some=False, owner=False)
        phrase = join([phrase, word("de", "of"), whose])
    return phrase, plural


def verb_phrase(
    rng: np.random.Generator,
    verb: Verb,
    adverbs: Sequence[tuple[str, str]],
    plural: bool,
    negative: bool,
) -> Pair:
    """Draw the verb, perhaps with *ne … pas* around it, perhaps with an adverb after it.

    No word of *ne … pas* stands for one of "does not" alone: their links are possible, not sure.
    """
    french = verb.french[plural]
    adverbs = adverbs[:1] if negative else adverbs  # *pas parfois* is hardly said
    adverb = word(*pick(rng, adverbs)) if _chance(rng, 0.35) else Pair((), ())
    if not negative:
        return join([word(french, verb.english[plural]), adverb], order=(1, 0))
    ne, pas = Pair(("ne",), ("do" if plural else "does",)), Pair(("pas",), ("not",))
    phrase = join([ne, word(french, verb.english[1]), pas, adverb], order=(0, 2, 3, 1))
    return phrase._replace(possible=((0, 0), (0, 1), (0, 2), (1, 0), (1, 2)))


def clause(rng: np.random.Generator, words: Lexicon = SMALL) -> Pair:
    """Draw a subject, a verb, what the verb asks for, and perhaps where or with whom."""
    subject, plural = noun_phrase(rng, words)
    negative = _chance(rng, 0.3)
    verbs = pick(rng, (words.actions, words.relations, words.speech))
    parts = [subject, verb_phrase(rng, pick(rng, verbs), words.adverbs, plural, negative)]
    if verbs is words.relations:  # after *pas* an indefinite object would need *de*
        parts.append(noun_phrase(rng, words, definite=negative)[0])
    if verbs is words.speech:
        parts += [word("à", "to"), noun_phrase(rng, words)[0]]
    if _chance(rng, 0.2):
        parts += [word(*pick(rng, WHERE)), noun_phrase(rng, words, place=True)[0]]
    elif _chance(rng, 0.1):
        parts += [word("avec", "with"), noun_phrase(rng, words)[0]]
    return surface(join(parts))


def sentence(rng: np.random.Generator, least: int, words: Lexicon = SMALL) -> Pair:
    """Join clauses until there are at least `least` French words."""
    parts = [clause(rng, words)]
    while sum(len(part.french) for part in parts) < least:
        parts += [word(*pick(rng, CONJUNCTIONS)), clause(rng, words)]
    return join(parts)


def sentence_of(rng: np.random.Generator, length: int, words: Lexicon = SMALL) -> Pair:
    """Join clauses to exactly `length` French words, drawing again what does not fit.

    Raises: ValueError if the length is under 3, that of the shortest clause.
    """
    if length < 3:
        raise ValueError(f"length: expected at least 3, got {length}")
    parts: list[Pair] = []
    while True:
        part = clause(rng, words)
        left = length - len(part.french)
        if left == 0:
            return join([*parts, part])
        if left >= 4:  # room for a conjunction and the shortest clause
            parts += [part, word(*pick(rng, CONJUNCTIONS))]
            length = left - 1


def evaluation_set(
    rng: np.random.Generator, lengths: Iterable[int], each: int, words: Lexicon = SMALL
) -> dict[int, list[Pair]]:
    """Draw `each` sentences of each number of French words."""
    return {length: [sentence_of(rng, length, words) for _ in range(each)] for length in lengths}


def training_set(
    rng: np.random.Generator,
    count: int,
    longest: int,
    test: Mapping[int, Sequence[Pair]],
    words: Lexicon = SMALL,
) -> list[Pair]:
    """Draw sentences of up to `longest` French words; none is in the test set or contains HELD_OUT.

    The lengths asked for are equally likely.

    Raises: ValueError if `longest` is under 3, the length of the shortest clause.
    """
    if longest < 3:
        raise ValueError(f"longest: expected at least 3, got {longest}")
    tested = {pair.french for pairs in test.values() for pair in pairs}
    pairs: list[Pair] = []
    while len(pairs) < count:
        pair = sentence(rng, 1 + int(rng.random() * longest), words)
        held_out = pair.french in tested or _contains(pair.french, HELD_OUT.french)
        if len(pair.french) <= longest and not held_out:
            pairs.append(pair)
    return pairs


@cache
def vocabulary(words: Lexicon = SMALL) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """List the words of both languages, END first."""
    nouns, verbs = words.nouns + words.places, words.actions + words.relations + words.speech
    adjectives = words.before + words.colors + words.moods
    small = (*words.adverbs, *CONJUNCTIONS, *WHERE, ("avec", "with"), ("à", "to"), ("pas", "not"))
    french = {w for a in ARTICLES.values() for w in a[:2]} | {f for f, _ in small}
    french |= {"de", "ne", *ELIDED.values(), *CONTRACTED.values()}
    french |= {w for entry in nouns + verbs for w in entry.french if w}
    french |= {w for a in adjectives for w in a.masculine + a.feminine}
    english = {a[2] for a in ARTICLES.values()} | {e for _, e in small}
    english |= {"an", "of", "do", "does", *(a.english for a in adjectives)}
    english |= {w for entry in nouns + verbs for w in entry.english if w}
    return (END, *sorted(french)), (END, *sorted(english))


FRENCH, ENGLISH = vocabulary()


def encode(pairs: Sequence[Pair], words: Lexicon = SMALL) -> Batch:
    """Turn sentences into numbers; END closes the English ones and pads both."""
    french, english = _numbers(words)
    x, x_mask = _padded([[french[w] for w in pair.french] for pair in pairs])
    y, y_mask = _padded([[*(english[w] for w in pair.english), 0] for pair in pairs])
    return Batch(x, x_mask, y, y_mask)


def decode(y: Indices, words: Lexicon = SMALL) -> list[tuple[str, ...]]:
    """Turn rows of numbers into English sentences, each up to its END."""
    _, english = vocabulary(words)
    return [tuple(english[i] for i in row[: _end(row)]) for row in y]


def batches(
    rng: np.random.Generator, pairs: Sequence[Pair], size: int, words: Lexicon = SMALL
) -> Iterator[Batch]:
    """Draw batches without end, each of one French length, all lengths equally often."""
    by_length: dict[int, list[Pair]] = {}
    for pair in pairs:
        by_length.setdefault(len(pair.french), []).append(pair)
    buckets = list(by_length.values())
    while True:
        bucket = buckets[rng.integers(len(buckets))]
        yield encode([bucket[i] for i in rng.integers(len(bucket), size=size)], words)


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Draw one of them, all equally likely."""
    return options[int(rng.random() * len(options))]  # ten times faster than rng.choice


def _adjectives(
    rng: np.random.Generator, adjectives: Sequence[Adjective], noun: Noun, plural: bool, p: float
) -> Pair:
    fitting = [a for a in adjectives if noun.kind in a.kinds]
    if not fitting or not _chance(rng, p):
        return Pair((), ())
    a = pick(rng, fitting)
    return word((a.feminine if noun.feminine else a.masculine)[plural], a.english)


@cache
def _numbers(words: Lexicon) -> tuple[dict[str, int], dict[str, int]]:
    french, english = ({w: i for i, w in enumerate(side)} for side in vocabulary(words))
    return french, english


def _chance(rng: np.random.Generator, p: float) -> bool:
    return bool(rng.random() < p)


def _contains(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(words[k : k + len(part)] == part for k in range(len(words) - len(part) + 1))


def _end(row: Indices) -> int:
    ends = np.flatnonzero(row == 0)
    return int(ends[0]) if len(ends) else len(row)


def _padded(rows: Sequence[Sequence[int]]) -> tuple[Indices, Mask]:
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(lengths.max()) < lengths[:, np.newaxis]
    tokens = np.zeros(mask.shape, np.int64)
    tokens[mask] = [i for row in rows for i in row]
    return tokens, mask
