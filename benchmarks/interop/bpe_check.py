"""Does Cambium's BPE trainer find the merges that Hugging Face's tokenizers finds?

    ./cambium corpus demo --out corpora/demo --keep-text
    python bpe_check.py corpora/demo          (pip install tokenizers)

Trains on the documents that the corpus' tokenizer was trained on (tokenizer-text.jsonl, one
document an iterator item) and compares the whole tokenizer.json. Exit code 1 on a difference.
"""

import json
import sys
import time
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def train(documents, vocabulary):
    """The tokenizer.json that tokenizers writes, parsed."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    return json.loads(tokenizer.to_str())


def equal_merges(ours, theirs):
    """How many merges agree before the first difference."""
    for count, (left, right) in enumerate(zip(ours, theirs)):
        if left != right:
            return count
    return min(len(ours), len(theirs))


def main():
    corpus = Path(sys.argv[1])
    ours = json.loads((corpus / "tokenizer.json").read_text(encoding="utf-8"))
    with open(corpus / "tokenizer-text.jsonl", encoding="utf-8") as lines:
        documents = [json.loads(line)["text"] for line in lines]
    size = sum(len(document.encode()) for document in documents)
    print(f"{len(documents)} documents, {size / 1e6:.1f} MB")

    started = time.perf_counter()
    theirs = train(documents, len(ours["model"]["vocab"]))
    print(f"tokenizers took {time.perf_counter() - started:.1f} s")

    merges = ours["model"]["merges"], theirs["model"]["merges"]
    equal = equal_merges(*merges)
    print(f"merges: {len(merges[0])} ours, {len(merges[1])} theirs, the first {equal} are equal")
    if equal < len(merges[1]):
        print(f"  first difference: {merges[0][equal:equal + 1]} and {merges[1][equal]}")
    print(f"tokenizer.json is {'equal' if ours == theirs else 'DIFFERENT'}")
    sys.exit(0 if ours == theirs else 1)


if __name__ == "__main__":
    main()
