package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What lies beside the weights in a checkpoint directory.
 *
 * @param copied files that go along as they are, by name
 * @param leftOut files and folders that do not
 */
record SideFiles(List<String> copied, List<String> leftOut) {

  /** Where a training run keeps its state. */
  static final String TRAINING = "training";

  /** Moments of the optimizer, {@code <tensor>.exp_avg} and {@code <tensor>.exp_avg_sq}. */
  static final String OPTIMIZER = TRAINING + "/optimizer.safetensors";

  /** Step, data position, schedule, random state. */
  static final String TRAINER = TRAINING + "/trainer.json";

  private static final Predicate<String> COPIED =
      Pattern.compile(
              "tokenizer.*|generation_config\\.json|chat_template.*|special_tokens_map\\.json"
                  + "|added_tokens\\.json|vocab\\..*|merges\\.txt|.*\\.tiktoken"
                  + "|LICENSE.*|NOTICE.*|README.*")
          .asMatchPredicate()
          .and(name -> !name.endsWith(".py") && !name.endsWith(".safetensors"));

  /** Files that are written anew, by name. */
  static SideFiles of(Path directory, Set<String> written) {
    try (Stream<Path> entries = Files.list(directory)) {
      List<String> names =
          entries
              .map(entry -> entry.getFileName().toString())
              .filter(name -> !written.contains(name) && !name.equals(TRAINING))
              .sorted()
              .toList();
      Predicate<String> goesAlong =
          name -> COPIED.test(name) && Files.isRegularFile(directory.resolve(name));
      return new SideFiles(
          names.stream().filter(goesAlong).toList(),
          names.stream().filter(goesAlong.negate()).toList());
    } catch (IOException e) {
      throw new CheckpointException(directory, "cannot be read: " + e, null, e);
    }
  }
}
