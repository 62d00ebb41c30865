package io.cambium.training.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import java.util.List;
import org.junit.jupiter.api.Test;

class BpeTrainerTest {

  @Test
  void findsTheMergesOfHuggingFaceTokenizers() {
    BpeModel model = TextFixture.trained();
    assertThat(model.merges().stream().map(merge -> merge.left() + " " + merge.right()))
        .containsExactlyElementsOf(TextFixture.expectedMerges());
  }

  @Test
  void tokensAreEndOfTextThenBytesThenMerges() {
    BpeModel model = TextFixture.trained();
    assertThat(model.vocab()).hasSize(TextFixture.VOCAB_SIZE).doesNotHaveDuplicates();
    assertThat(model.vocab()).startsWith("<|endoftext|>", "!", "\"");
    BpeModel.Merge first = model.merges().getFirst();
    assertThat(model.vocab().get(257)).isEqualTo(first.left() + first.right());
  }

  @Test
  void prefersTheSmallerIdsAmongEquallyFrequentPairs() {
    BpeTrainer trainer = new BpeTrainer(259);
    trainer.add("zy by");
    trainer.add("ab ");
    // Four pairs occur once ("zy", " b", "by", "ab"); the ids follow the alphabet.
    assertThat(trainer.train(Progress.NONE).merges())
        .isEqualTo(List.of(new BpeModel.Merge("a", "b"), new BpeModel.Merge("b", "y")));
  }

  @Test
  void joinsOverlappingPairsFromTheLeft() {
    BpeTrainer trainer = new BpeTrainer(259);
    trainer.add("aaaaa");
    assertThat(trainer.train(Progress.NONE).merges())
        .isEqualTo(List.of(new BpeModel.Merge("a", "a"), new BpeModel.Merge("aa", "a")));
  }

  @Test
  void refusesAVocabularyThatCannotBeFilled() {
    assertThatThrownBy(() -> new BpeTrainer(256))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("take 257 or more");
    BpeTrainer trainer = new BpeTrainer(300);
    trainer.add("tiny");
    assertThatThrownBy(() -> trainer.train(Progress.NONE))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("no pair left after 260 tokens");
  }
}
