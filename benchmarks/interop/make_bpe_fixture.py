"""Makes the text and the merges that BpeTrainerTest compares with.

    python make_bpe_fixture.py DIRECTORY      (pip install tokenizers)

The text is invented: words out of syllables in several scripts, sentences, code, odd white space.
Many words are equally frequent, so that ties are put to the test. Documents are separated by a
form feed.
"""

import random
import sys
from pathlib import Path

from bpe_check import train

VOCABULARY = 2048
SYLLABLES = {
    "latin": "ba be der dis en ge in lo men na or per que ra ri sta ti tor un ver".split(),
    "finnish": "aa hän in jä ka kö la lle ma mää nen pi ri sta ssa tä ti tu uu yö".split(),
    "french": "ça dé é ê er eur gué l’ la le où pré que ré sion té tion ù vé œu".split(),
    "greek": "αι γά δη εί θέ κα λο μα νό ξη οι πό ρι ση τα ύ φό χω ψι ώς".split(),
    "cyrillic": "ба ве го дё ж и ка ло мы на ой про ра ст ть у фи хо цы щий".split(),
    "cjk": "中 文 字 人 大 小 天 地 日 月 水 火 山 木 語 の は を に と".split(),
}
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S"]
ODDITIES = ["🌱", "👩‍🌾", "e\u0301", "\u00a0", "\u2028", "\ufeff", "½", "٣٤", "№7", "\x00", "…", "—", "€"]


def words(syllables, generator):
    return ["".join(generator.choices(syllables, k=generator.randint(1, 4))) for _ in range(300)]


def sentence(vocabulary, generator):
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    chosen = generator.choices(vocabulary, weights, k=generator.randint(3, 14))
    if generator.random() < 0.2:
        chosen[0] += generator.choice(CONTRACTIONS)
    if generator.random() < 0.2:
        chosen.append(str(generator.randint(0, 3000)))
    if generator.random() < 0.1:
        chosen.append(generator.choice(ODDITIES))
    return " ".join(chosen).capitalize() + generator.choice([".", "?", "!", "...", ";", ".  "])


def code(vocabulary, generator):
    name = generator.choice(vocabulary)
    return (
        f"\n\tprivate int {name}_{generator.randint(0, 9)}(long[] {name}) {{\r\n"
        f"        return {name}.length + {generator.randint(0, 99)};   // {name}'s\n    }}\n\n"
    )


def text(generator):
    vocabularies = {name: words(syllables, generator) for name, syllables in SYLLABLES.items()}
    documents = []
    for _ in range(330):
        name = generator.choice(list(vocabularies))
        parts = [sentence(vocabularies[name], generator) for _ in range(generator.randint(1, 9))]
        if name == "latin":
            parts.append(code(vocabularies[name], generator))
        documents.append(generator.choice([" ", "\n", "\n\n   "]).join(parts))
    return documents


def main():
    directory = Path(sys.argv[1])
    documents = text(random.Random(20260101))
    (directory / "bpe.txt").write_text("\f".join(documents), encoding="utf-8", newline="")
    merges = train(documents, VOCABULARY)["model"]["merges"]
    lines = "".join(f"{left} {right}\n" for left, right in merges)
    (directory / "bpe.merges").write_text(lines, encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
