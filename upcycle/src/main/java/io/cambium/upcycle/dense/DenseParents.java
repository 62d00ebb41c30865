package io.cambium.upcycle.dense;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import io.cambium.upcycle.ledger.Formula;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The dense models, opened: alike but for their weights.
 *
 * @param models the first gives configuration and files that go along
 * @param base the model that weights outside of experts come from; empty for the mean of all
 */
record DenseParents(List<SourceCheckpoint> models, OptionalInt base) {

  private static final String TOKENIZER = "tokenizer.json";

  /**
   * Checks that they go together.
   *
   * @throws UsageException if one is not of the first's kind; it names the difference
   */
  DenseParents {
    for (SourceCheckpoint other : models.subList(1, models.size())) {
      requireAlike(models.getFirst(), other);
    }
  }

  private static void requireAlike(SourceCheckpoint first, SourceCheckpoint other) {
    String family = first.weights().family().modelType();
    String otherFamily = other.weights().family().modelType();
    if (!family.equals(otherFamily)) {
      throw differs(first, other, "it is of family " + otherFamily + ", not " + family);
    }
    Optional<String> difference = other.decoder().firstDifference(first.decoder());
    if (difference.isPresent()) {
      throw differs(first, other, "it has " + difference.get());
    }
    if (!tokenizer(first).equals(tokenizer(other))) {
      throw differs(first, other, "it has another " + TOKENIZER);
    }
    for (ModelTensor tensor : first.weights().tensors()) {
      ModelTensor same =
          other
              .find(tensor.part(), tensor.layer(), tensor.expert())
              .orElseThrow(() -> differs(first, other, "it lacks " + tensor.name()));
      if (!first.dtype(tensor).equals(other.dtype(same))) {
        throw differs(
            first,
            other,
            "it has %s in %s, not %s"
                .formatted(same.name(), other.dtype(same), first.dtype(tensor)));
      }
    }
  }

  private static UsageException differs(
      SourceCheckpoint first, SourceCheckpoint other, String what) {
    return new UsageException(
        other.path(),
        "does not go with " + first.path() + ": " + what,
        "name sources that differ in their weights alone");
  }

  /** Its bytes, as text that can be compared; empty where there is none. */
  private static String tokenizer(SourceCheckpoint model) {
    Path file = model.path().resolve(TOKENIZER);
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new CheckpointException(file, "cannot be read: " + e, null, e);
    }
  }

  SourceCheckpoint first() {
    return models.getFirst();
  }

  /** The models whose mean the weights outside of experts are: the base alone, or all. */
  List<SourceCheckpoint> trunk() {
    return base.isPresent() ? List.of(models.get(base.getAsInt())) : models;
  }

  /** The model that a copy of a block comes from. */
  SourceCheckpoint of(int copy) {
    return models.get(copy % models.size());
  }

  boolean haveTokenizers() {
    return Files.exists(first().path().resolve(TOKENIZER));
  }

  /** A tensor outside of experts; empty where the models have none. */
  Optional<Formula> find(Part part, int layer, int expert) {
    return first().find(part, layer, expert).map(tensor -> common(tensor));
  }

  private Formula common(ModelTensor tensor) {
    List<Formula> copies = trunk().stream().map(model -> copy(model, tensor)).toList();
    return copies.size() == 1 ? copies.getFirst() : new Formula.Mean(copies);
  }

  private static Formula copy(SourceCheckpoint model, ModelTensor like) {
    ModelTensor tensor = model.tensor(like.part(), like.layer(), like.expert());
    return new Formula.Copy(model.source(tensor));
  }

  /** Whether they are one model several times. Reads the weights up to the first difference. */
  boolean areEqual() {
    CheckpointDirectory weights = first().weights();
    return models.stream()
        .skip(1)
        .allMatch(other ->
            weights.tensors().stream().allMatch(tensor -> first().hasSameBytes(tensor, other)));
  }
}
