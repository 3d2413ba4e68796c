import re
from itertools import pairwise

import numpy as np
import pytest

from attn.tools import data
from attn.tools.data import (
    ENGLISH,
    FRENCH,
    HELD_OUT,
    Pair,
    batches,
    clause,
    contract,
    decode,
    elide,
    encode,
    evaluation_set,
    indefinite,
    join,
    sentence,
    sentence_of,
    surface,
    training_set,
    vocabulary,
    word,
)
from attn.tools.lexicon import LARGE, SMALL

CLAUSES = {
    words: [clause(rng, words) for rng in [np.random.default_rng(0)] for _ in range(5000)]
    for words in (SMALL, LARGE)
}
both = pytest.mark.parametrize("words", CLAUSES, ids=["small", "large"])
LE, LA, A = word("le", "the"), word("la", "the"), word("un", "a")
FORMS = LARGE.before + LARGE.colors + LARGE.moods
FEMININE = {w for n in LARGE.nouns + LARGE.places if n.feminine for w in n.french}
SINGULAR = {n.french[0] for n in LARGE.nouns + LARGE.places}
PLURAL = {n.french[1] for n in LARGE.nouns}
NOUNS = SINGULAR | PLURAL
ADJECTIVES = {w for a in FORMS for w in a.masculine + a.feminine}
BEFORE = "|".join(sorted({w for a in LARGE.before for w in a.masculine + a.feminine}))


def noun_phrases(french):
    """Articles, adjectives and noun of each noun phrase, as lists of words."""
    phrases, words = [], [*french, ""]
    for k in [k for k, w in enumerate(words) if w in NOUNS]:
        first, last = k, k
        while words[first - 1] in ADJECTIVES and first:
            first -= 1
        while words[last + 1] in ADJECTIVES:
            last += 1
        phrases.append((words[first - 1], words[first:k], words[k], words[k + 1 : last + 1]))
    return phrases


def test_there_are_30_to_60_words_a_side():
    assert 30 <= len(FRENCH) - 1 <= 60
    assert 30 <= len(ENGLISH) - 1 <= 60


def test_the_large_lexicon_has_all_of_the_small_one_and_three_times_as_many_words():
    french, english = vocabulary(LARGE)
    assert set(FRENCH) < set(french)
    assert set(ENGLISH) < set(english)
    assert len(french) > 3 * len(FRENCH)
    assert len(english) > 3 * len(ENGLISH)


@both
def test_the_vocabulary_is_exactly_what_the_grammar_says(words):
    french, english = vocabulary(words)
    said = CLAUSES[words]
    assert {w for c in said for w in c.french} | {"et", "mais", "quand"} == set(french[1:])
    assert {w for c in said for w in c.english} | {"and", "but", "when"} == set(english[1:])


@both
def test_a_french_word_has_one_meaning_one_gender_and_one_number(words):
    entries = [w for n in words.nouns for w in n.french] + [n.french[0] for n in words.places]
    entries += [w for v in words.actions + words.relations + words.speech for w in v.french]
    assert len(entries) == len(set(entries))
    assert not set(entries) & ADJECTIVES


def test_feminine_nouns_are_feminine():
    assert {"fille", "vaches", "maison", "école", "sœur", "tante", "rue", "forêt"} <= FEMININE
    assert not {"chat", "enfants", "jardin", "juge", "poète", "musée", "château"} & FEMININE


@both
def test_what_follows_an_elision_begins_with_a_plain_vowel(words):
    elided = {
        after for c in CLAUSES[words] for w, after in pairwise(c.french) if w in ("l'", "n'", "d'")
    }
    assert {w[0] for w in elided} <= set("aeioué")
    assert not {w for w in vocabulary(words)[0] if w[0] in "hyâêîôû"}


@pytest.mark.parametrize(
    ("under", "written"),
    [
        ("le enfant dort", "l' enfant dort"),
        ("la école", "l' école"),
        ("la petite école", "la petite école"),
        ("ne aime pas", "n' aime pas"),
        ("ne dort pas", "ne dort pas"),
        ("le chat de un enfant", "le chat d' un enfant"),
        ("le chat de la fille", "le chat de la fille"),
        ("le oiseau orange", "l' oiseau orange"),
        ("un enfant et une école", "un enfant et une école"),
    ],
)
def test_elision_is_before_vowels_only(under, written):
    assert " ".join(elide(under.split())) == written


def test_contraction_moves_the_links():
    owner = join([LE, word("chat", "cat"), word("de", "of"), LE, word("jardin", "garden")])
    pair = surface(owner)
    assert pair.french == ("le", "chat", "du", "jardin")
    assert pair.english == ("the", "cat", "of", "the", "garden")
    assert set(pair.sure) == {(0, 0), (1, 1), (2, 2), (3, 2), (4, 3)}


@pytest.mark.parametrize(
    ("under", "written"),
    [
        ("à le chat", "au chat"),
        ("à les chats", "aux chats"),
        ("de les chats", "des chats"),
        ("de l' enfant", "de l' enfant"),
        ("à la fille", "à la fille"),
    ],
)
def test_prepositions_melt_with_le_and_les_only(under, written):
    pair = Pair(tuple(under.split()), ())
    assert " ".join(contract(pair).french) == written


def test_an_stands_before_vowels():
    assert (
        " ".join(indefinite(["a", "cat", "or", "a", "orange", "cow"])) == "a cat or an orange cow"
    )


def test_adjectives_swap_sides():
    chat = [LE, word("petit", "small"), word("chat", "cat"), word("noir", "black")]
    pair = join(chat, order=(0, 1, 3, 2))
    assert pair.english == ("the", "small", "black", "cat")
    assert set(pair.sure) == {(0, 0), (1, 1), (2, 3), (3, 2)}


@both
def test_articles_and_adjectives_agree_with_their_noun(words):
    for c in CLAUSES[words]:
        for article, before, noun, after in noun_phrases(c.french):
            plural, feminine = noun in PLURAL, noun in FEMININE
            assert article in (
                {"les", "des", "aux"}
                if plural
                else {"la", "une", "l'"}
                if feminine
                else {"le", "un", "l'", "du", "au"}
            )
            for adjective in before + after:
                forms = next(a for a in FORMS if adjective in a.masculine + a.feminine)
                assert adjective == (forms.feminine if feminine else forms.masculine)[plural]


@both
def test_verbs_agree_with_their_subject_in_both_languages(words):
    verbs = words.actions + words.relations + words.speech
    for c in CLAUSES[words]:
        plural = noun_phrases(c.french)[0][2] in PLURAL
        assert len({v.french[plural] for v in verbs} & set(c.french)) == 1
        assert not {v.french[not plural] for v in verbs} & set(c.french)
        negative = "not" in c.english
        assert ("do" in c.english, "does" in c.english) == (
            negative and plural,
            negative and not plural,
        )
        assert len({v.english[plural or negative] for v in verbs} & set(c.english)) == 1


@both
def test_what_french_does_not_say_is_not_said(words):
    wrong = [
        r"\b(le|la|ne|de) [aeiouéè]",  # no elision
        r"\b(de|à) les?\b",  # no contraction
        rf"\bdes ({BEFORE})",  # as an indefinite article: de petits chats
        r"(d'|\bde) (des|du)\b",
        r"pas (parfois|rarement|vite)",
        r"\bpas (un|une|des)\b",  # after a transitive verb: pas de chat
        r"(n'|l'|d') [^aeiouéè]",
    ]
    # *des* after a noun is *de les*, and may stand before an adjective
    allowed = re.compile(rf"\b({'|'.join(NOUNS | ADJECTIVES)}) des ({BEFORE})")
    for c in CLAUSES[words]:
        french = allowed.sub(r"\1 …", " ".join(c.french))
        assert not [w for w in wrong if re.search(w, french)], french


@both
def test_what_english_does_not_say_is_not_said(words):
    plural = "|".join(n.english[1] for n in words.nouns)
    wrong = [r"\ba [aeiou]", r"\ban [^aeiou]", rf"\ban? (\w+ )?({plural})\b"]
    for c in CLAUSES[words]:
        english = " ".join(c.english)
        assert not [w for w in wrong if re.search(w, english)], english
        assert not any(a == b for a, b in pairwise(c.english)), english


@both
def test_every_english_word_but_do_and_not_has_one_sure_french_word(words):
    for c in CLAUSES[words]:
        linked = sorted(i for i, _ in c.sure)
        assert linked == [i for i, w in enumerate(c.english) if w not in ("do", "does", "not")]
        assert all(0 <= j < len(c.french) for _, j in c.sure + c.possible)
        unlinked = set(range(len(c.french))) - {j for _, j in c.sure}
        assert {c.french[j] for j in unlinked} <= {"ne", "n'", "pas"}


def test_links_join_words_that_mean_the_same():
    meaning = {}
    for c in CLAUSES[SMALL]:
        for i, j in c.sure:
            meaning.setdefault(c.french[j], set()).add(c.english[i])
    assert meaning["noire"] == {"black"}
    assert meaning["du"] == {"of", "the"}
    assert meaning["dort"] == {"sleeps", "sleep"}
    assert meaning["un"] == {"a", "an"}
    assert meaning["des"] == {"some", "of", "the"}


def test_the_negation_may_look_at_any_of_its_words():
    c = next(c for c in CLAUSES[SMALL] if c.french[2:5] == ("ne", "dort", "pas"))
    assert c.english[2:4] == ("does", "not")
    assert {j for i, j in c.possible if i == 2} == {2, 3, 4}
    assert {j for i, j in c.possible if i == 3} == {2, 4}


def test_sentences_are_as_long_as_asked():
    rng = np.random.default_rng(1)
    for length in (3, 4, 5, 10, 40):
        assert all(len(sentence(rng, length).french) >= length for _ in range(30))
        assert all(len(sentence_of(rng, length).french) == length for _ in range(30))
    with pytest.raises(ValueError, match="length: expected at least 3, got 2"):
        sentence_of(rng, 2)


def test_no_sentence_is_so_short():
    with pytest.raises(ValueError, match="longest: expected at least 3, got 2"):
        training_set(np.random.default_rng(0), 1, 2, {})


def test_what_is_tested_is_not_trained_on():
    rng = np.random.default_rng(2)
    test = evaluation_set(rng, (3, 5, 20), each=30)
    train = training_set(rng, 500, 12, test)
    assert len(train) == 500
    assert max(len(p.french) for p in train) <= 12
    for length, pairs in test.items():
        assert [len(p.french) for p in pairs] == [length] * 30
    tested = {p.french for pairs in test.values() for p in pairs}
    assert not tested & {p.french for p in train}


def test_the_held_out_clause_is_in_no_training_sentence(monkeypatch):
    vache = join([LA, word("vache", "cow"), word("dort", "sleeps")])
    longer = join([vache, word("et", "and"), HELD_OUT, word("souvent", "often")])
    drawn = iter([HELD_OUT, longer])
    monkeypatch.setattr(data, "sentence", lambda rng, least, words: next(drawn, vache))
    train = training_set(np.random.default_rng(0), 3, 12, {})
    assert train == [vache] * 3
    assert next(drawn, None) is None


def test_the_held_out_clause_has_the_grammars_links():
    chat = join(
        [LE, word("chat", "cat"), word("noir", "black"), word("dort", "sleeps")], (0, 2, 1, 3)
    )
    assert (chat.french, chat.english) == HELD_OUT[:2]
    assert set(chat.sure) == set(HELD_OUT.sure)


@both
def test_encoding_pads_and_closes_and_decoding_opens_again(words):
    pairs = [sentence(np.random.default_rng(k), 5 + 3 * k, words) for k in range(3)]
    x, x_mask, y, y_mask = encode(pairs, words)
    assert decode(y, words) == [p.english for p in pairs]
    french, _ = vocabulary(words)
    for k, p in enumerate(pairs):
        assert tuple(french[i] for i in x[k][x_mask[k]]) == p.french
        assert (y[k][y_mask[k]][-1], y_mask[k].sum()) == (0, len(p.english) + 1)
    assert not x[~x_mask].any()
    assert not y[~y_mask].any()


def test_batches_are_of_one_length_and_depend_on_the_generator_alone():
    pairs = training_set(np.random.default_rng(3), 200, 12, {})
    first, again = (batches(np.random.default_rng(4), pairs, 7) for _ in range(2))
    for _, one, two in zip(range(20), first, again, strict=False):
        assert one.x.shape[0] == 7
        assert one.x_mask.all()
        assert all((a == b).all() for a, b in zip(one, two, strict=True))
