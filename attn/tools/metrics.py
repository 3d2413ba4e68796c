"""How good a translation is, and how good an alignment."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np

from attn.tools.data import Link, Pair, decode, encode
from attn.tools.lexicon import SMALL, Lexicon
from attn.types import Array, Indices, Mask

Words = tuple[str, ...]
Translate = Callable[[Indices, Mask, int], Indices]


def bleu(candidates: Sequence[Words], references: Sequence[Words]) -> float:
    """Compare a corpus of translations with one reference each, from 0 to 100.

    BLEU = 100 min(1, exp(1 − r/c)) exp(¼ Σ_{n=1}^4 log p_n)

    p_n is the share of the candidates' n-grams found in their references, each at most as often as
    it stands there; c and r are the total lengths.

    Source: Papineni et al. 2002, sec. 2.3.
    """
    found, total = np.zeros(4), np.zeros(4)
    for candidate, reference in zip(candidates, references, strict=True):
        for n in range(1, 5):
            ours, theirs = _ngrams(candidate, n), _ngrams(reference, n)
            found[n - 1] += (ours & theirs).total()
            total[n - 1] += ours.total()
    if not found.all():
        return 0.0
    c, r = sum(map(len, candidates)), sum(map(len, references))
    return float(100 * min(1, np.exp(1 - r / c)) * np.exp(np.log(found / total).mean()))


def alignment_error(found: Iterable[Collection[Link]], pairs: Iterable[Pair]) -> float:
    """Compare links with the right ones, over all sentences; 0 is best.

    AER = 1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|),  S ⊆ P

    Source: Och, Ney 2003, eq. 19 (A found, S sure, P possible).
    """
    right = asked = 0
    for links, pair in zip(found, pairs, strict=True):
        a, sure = set(links), set(pair.sure)
        right += len(a & sure) + len(a & sure.union(pair.possible))
        asked += len(a) + len(sure)
    return 1 - right / asked


def crossed(found: Iterable[Collection[Link]], pairs: Iterable[Pair]) -> float:
    """Of the pairs of words that should swap sides, give the share whose links do cross.

    i < k and j_i > j_k: an English word before another stands for a French word after its own

    Raises: ValueError if no words swap sides.
    Source: crossing links as in Wu 1997, sec. 2; the share is ours.
    """
    right = asked = 0
    for links, pair in zip(found, pairs, strict=True):
        at = dict(links)
        for (i, j), (k, l) in combinations(sorted(pair.sure), 2):
            if i < k and j > l:
                asked += 1
                right += at[i] > at[k]
    if not asked:
        raise ValueError("pairs: expected words that swap sides, got none")
    return right / asked


def strongest(alpha: Array, pairs: Sequence[Pair]) -> list[set[Link]]:
    """Link each English word to the French word on which its attention is largest.

    A = {(i, argmax_j α_ij)}

    Source: Luong et al. 2015, sec. 5.4 (alignment quality).
    """
    at = alpha.argmax(axis=-1)
    return [
        {(i, int(j)) for i, j in enumerate(row[: len(pair.english)])}
        for row, pair in zip(at, pairs, strict=True)
    ]


def by_length(
    translate: Translate, test: Mapping[int, Sequence[Pair]], words: Lexicon = SMALL
) -> tuple[Array, Array]:
    """Translate the sentences of each length; gives the share of faultless ones, and BLEU.

    `translate(x, x_mask, longest)` returns words; `longest` is half as many again as are due.
    """
    accuracy, scores = [], []
    for pairs in test.values():
        batch = encode(pairs, words)
        wrote = decode(translate(batch.x, batch.x_mask, batch.y.shape[1] * 3 // 2), words)
        due = [pair.english for pair in pairs]
        accuracy.append(np.mean([ours == theirs for ours, theirs in zip(wrote, due, strict=True)]))
        scores.append(bleu(wrote, due))
    return np.array(accuracy), np.array(scores)


def _ngrams(words: Words, n: int) -> Counter[Words]:
    return Counter(words[i : i + n] for i in range(len(words) - n + 1))
