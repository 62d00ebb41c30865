package io.cambium.training.data;

import io.cambium.checkpoint.Check;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointParts;
import io.cambium.checkpoint.Fault;
import io.cambium.checkpoint.FaultKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** Every id of the tokenizer beside a model has a row in its embedding. */
public final class TokenizerCheck implements Check {

  @Override
  public void run(CheckpointParts checkpoint, Consumer<Fault> faults) {
    Path file = checkpoint.path().resolve(TokenizerFile.NAME);
    if (Files.exists(file)) {
      read(file, faults)
          .ifPresent(tokenizer ->
              checkpoint
                  .decoder()
                  .ifPresent(decoder ->
                      requireFits(tokenizer, decoder.vocabSize(), checkpoint.path(), faults)));
    }
  }

  private static Optional<TokenizerFile> read(Path file, Consumer<Fault> faults) {
    try {
      return Optional.of(TokenizerFile.read(file));
    } catch (CheckpointException e) {
      faults.accept(Fault.of(FaultKind.UNREADABLE_TOKENIZER, e));
      return Optional.empty();
    }
  }

  private static void requireFits(
      TokenizerFile tokenizer, int modelVocab, Path model, Consumer<Fault> faults) {
    try {
      tokenizer.requireFits(modelVocab, model);
    } catch (CheckpointException e) {
      faults.accept(Fault.of(FaultKind.TOKENIZER_DOES_NOT_FIT, e));
    }
  }
}
