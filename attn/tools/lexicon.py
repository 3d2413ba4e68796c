"""The words of the toy language, in two sizes: a few dozen, and a few hundred.

French nouns have a gender, adjectives agree, verbs have a number; what takes part in the grammar
itself (articles, negation, prepositions) is in `attn.tools.data`. A word that causes elision
begins with a plain vowel, é or è: no mute h, no circumflex. One can be *dans* each place, and no
adjective asks for *de*: the owner of a noun would be taken for what it governs.
"""

from typing import NamedTuple


class Noun(NamedTuple):
    """Both forms in both languages, the gender, and what kind of thing it is."""

    french: tuple[str, str]  # singular, plural
    english: tuple[str, str]
    feminine: bool
    kind: str


class Adjective(NamedTuple):
    """Four forms in French, one in English, and the kinds of things that can be so."""

    masculine: tuple[str, str]
    feminine: tuple[str, str]
    english: str
    kinds: tuple[str, ...]


class Verb(NamedTuple):
    """The third person in both numbers; the English plural is the infinitive too."""

    french: tuple[str, str]
    english: tuple[str, str]


class Lexicon(NamedTuple):
    """All words that carry meaning, by what the grammar does with them."""

    nouns: tuple[Noun, ...]
    places: tuple[Noun, ...]  # only ever in the singular
    before: tuple[Adjective, ...]  # stand before the noun in both languages
    colors: tuple[Adjective, ...]  # after the noun in French, before it in English
    moods: tuple[Adjective, ...]  # after the color in French, before other adjectives in English
    actions: tuple[Verb, ...]
    relations: tuple[Verb, ...]  # verbs with a direct object
    speech: tuple[Verb, ...]  # verbs with *à*
    adverbs: tuple[tuple[str, str], ...]  # the first may stand in a negation


def _entries(words: str) -> list[list[str]]:
    return [entry.split() for entry in words.split(",")]


def _nouns(words: str, feminine: bool, kind: str) -> tuple[Noun, ...]:
    return tuple(Noun((a, b), (c, d), feminine, kind) for a, b, c, d in _entries(words))


def _places(words: str, feminine: bool) -> tuple[Noun, ...]:
    return tuple(Noun((f, ""), (e, ""), feminine, "place") for f, e in _entries(words))


def _adjectives(words: str, *kinds: str) -> tuple[Adjective, ...]:
    return tuple(Adjective((a, b), (c, d), e, kinds) for a, b, c, d, e in _entries(words))


def _verbs(words: str) -> tuple[Verb, ...]:
    return tuple(Verb((a, b), (c, d)) for a, b, c, d in _entries(words))


def _adverbs(words: str) -> tuple[tuple[str, str], ...]:
    return tuple((french, english) for french, english in _entries(words))


SMALL = Lexicon(
    nouns=_nouns("chat chats cat cats, oiseau oiseaux bird birds", False, "animal")
    + _nouns("vache vaches cow cows", True, "animal")
    + _nouns("enfant enfants child children", False, "person")
    + _nouns("fille filles girl girls", True, "person"),
    places=_places("jardin garden", False) + _places("maison house, école school", True),
    before=_adjectives("petit petits petite petites small", "animal", "person", "place")
    + _adjectives("jeune jeunes jeune jeunes young", "animal", "person"),
    colors=_adjectives(
        "noir noirs noire noires black, orange orange orange orange orange", "animal", "place"
    ),
    moods=_adjectives("triste tristes triste tristes sad", "animal", "person"),
    actions=_verbs("dort dorment sleeps sleep, chante chantent sings sing"),
    relations=_verbs("voit voient sees see, aime aiment loves love"),
    speech=_verbs("parle parlent talks talk"),
    adverbs=_adverbs("souvent often, parfois sometimes"),
)

_MORE = Lexicon(
    nouns=_nouns(
        "chien chiens dog dogs, cheval chevaux horse horses, lapin lapins rabbit rabbits, "
        "canard canards duck ducks, coq coqs rooster roosters, renard renards fox foxes, "
        "tigre tigres tiger tigers, serpent serpents snake snakes",
        False,
        "animal",
    )
    + _nouns(
        "poule poules hen hens, grenouille grenouilles frog frogs, tortue tortues turtle turtles, "
        "baleine baleines whale whales, mouche mouches fly flies, chèvre chèvres goat goats",
        True,
        "animal",
    )
    + _nouns(
        "garçon garçons boy boys, roi rois king kings, frère frères brother brothers, "
        "élève élèves pupil pupils, poète poètes poet poets, juge juges judge judges, "
        "soldat soldats soldier soldiers, fermier fermiers farmer farmers, "
        "peintre peintres painter painters",
        False,
        "person",
    )
    + _nouns(
        "femme femmes woman women, reine reines queen queens, sœur sœurs sister sisters, "
        "nièce nièces niece nieces, tante tantes aunt aunts, danseuse danseuses dancer dancers",
        True,
        "person",
    ),
    places=_places("champ field, parc park, château castle, magasin shop, musée museum", False)
    + _places(
        "forêt forest, ville town, église church, gare station, rue street, cuisine kitchen, "
        "grange barn",
        True,
    ),
    before=_adjectives("grand grands grande grandes big", "animal", "place")
    + _adjectives("joli jolis jolie jolies pretty", "animal", "person", "place"),
    colors=_adjectives(
        "blanc blancs blanche blanches white, rouge rouges rouge rouges red, "
        "vert verts verte vertes green, gris gris grise grises grey, "
        "jaune jaunes jaune jaunes yellow, brun bruns brune brunes brown, "
        "bleu bleus bleue bleues blue, rose roses rose roses pink",
        "animal",
        "place",
    ),
    moods=_adjectives(
        "calme calmes calme calmes calm, timide timides timide timides shy, "
        "rapide rapides rapide rapides fast, sage sages sage sages wise, "
        "bizarre bizarres bizarre bizarres strange",
        "animal",
        "person",
    ),
    actions=_verbs(
        "court courent runs run, joue jouent plays play, mange mangent eats eat, "
        "danse dansent dances dance, tombe tombent falls fall, saute sautent jumps jump, "
        "rit rient laughs laugh, pleure pleurent cries cry, "
        "travaille travaillent works work, nage nagent swims swim"
    ),
    relations=_verbs(
        "suit suivent follows follow, cherche cherchent seeks seek, "
        "trouve trouvent finds find, connaît connaissent knows know, aide aident helps help, "
        "craint craignent fears fear, regarde regardent watches watch, "
        "attend attendent awaits await, cache cachent hides hide, porte portent carries carry"
    ),
    speech=_verbs("répond répondent replies reply"),
    adverbs=_adverbs("rarement rarely, vite quickly"),
)

LARGE = Lexicon(
    nouns=SMALL.nouns + _MORE.nouns,
    places=SMALL.places + _MORE.places,
    before=SMALL.before + _MORE.before,
    colors=SMALL.colors + _MORE.colors,
    moods=SMALL.moods + _MORE.moods,
    actions=SMALL.actions + _MORE.actions,
    relations=SMALL.relations + _MORE.relations,
    speech=SMALL.speech + _MORE.speech,
    adverbs=SMALL.adverbs + _MORE.adverbs,
)
