package io.cambium.upcycle.engine;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.DecoderSpec.Reach;
import io.cambium.checkpoint.family.DecoderSpec.Rope;
import io.cambium.checkpoint.family.RopeScaling;
import io.cambium.upcycle.ledger.SourceCheckpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/**
 * A checkpoint as engines will find it.
 *
 * @param family its model_type
 * @param config its config.json
 * @param dtype of its experts
 * @param usualForm whether its tensors are cut as its family's usually are; else the experts of a
 *     layer are in one tensor where each should have its own
 * @param glmTokens whether its tokenizer has GLM's own special tokens
 * @param manifest how its experts came to be, and how they are chosen
 */
public record Candidate(
    String family,
    DecoderSpec decoder,
    ObjectNode config,
    DType dtype,
    boolean usualForm,
    boolean glmTokens,
    Manifest manifest) {

  private static final List<String> TOKENIZER_FILES =
      List.of("tokenizer.json", "tokenizer_config.json", "added_tokens.json");

  /** A test for families. */
  static Predicate<Candidate> of(String... families) {
    return candidate -> List.of(families).contains(candidate.family);
  }

  /** Whether the tokenizer beside a checkpoint has GLM's own special tokens. */
  public static boolean hasGlmTokens(SourceCheckpoint source) {
    return TOKENIZER_FILES.stream().anyMatch(name -> holdsGlmToken(source.path().resolve(name)));
  }

  private static boolean holdsGlmToken(Path file) {
    try {
      return Files.isRegularFile(file)
          && new String(Files.readAllBytes(file), StandardCharsets.UTF_8).contains("[gMASK]");
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }

  /** What the layers that route have in common. */
  Mixture mixture() {
    return decoder.mixture(decoder.mixtureLayers().getFirst());
  }

  boolean isNormalised() {
    return mixture().router().normalised();
  }

  boolean hasAttentionBias() {
    return grouped(attention -> attention.inputBias() || attention.outputBias());
  }

  boolean hasFewerKeyHeads() {
    return grouped(attention -> attention.kvHeads() < attention.heads());
  }

  /** Whether heads are as large as their share of the hidden size. */
  boolean hasPlainHeadDim() {
    return !grouped(attention -> attention.heads() * attention.headDim() != decoder.hiddenSize());
  }

  private boolean grouped(Predicate<GroupedQuery> test) {
    return decoder.layers().getFirst().attention() instanceof GroupedQuery attention
        && test.test(attention);
  }

  /** The length of the windows, where a layer has one. */
  OptionalInt window() {
    return decoder.layers().stream()
        .map(layer -> layer.attention().reach())
        .filter(reach -> reach.kind() == Reach.Kind.WINDOW)
        .mapToInt(Reach::tokens)
        .findFirst();
  }

  boolean hasWindow() {
    return window().isPresent();
  }

  /** Whether ropes are scaled in one of these ways. */
  @SafeVarargs
  final boolean hasScaling(Class<? extends RopeScaling>... kinds) {
    RopeScaling scaling =
        decoder.layers().stream()
            .flatMap(layer -> Stream.ofNullable(layer.attention().rope()))
            .findFirst()
            .map(Rope::scaling)
            .orElse(new RopeScaling.None());
    return Stream.of(kinds).anyMatch(kind -> kind.isInstance(scaling));
  }

  boolean hasDenseLayers() {
    return decoder.mixtureLayers().size() < decoder.layers().size();
  }

  /** Whether a layer behind one that routes is dense. */
  boolean isInterleaved() {
    List<Layer> layers = decoder.layers();
    return IntStream.range(decoder.mixtureLayers().getFirst(), layers.size())
        .anyMatch(i -> layers.get(i).feedForward() instanceof Dense);
  }

  /** Whether the shared expert has not the width of a dense block over the number of key heads. */
  boolean hasSharedOfUnusualWidth() {
    int width = mixture().sharedIntermediateSize();
    int block = config.path("intermediate_size").asInt(0);
    return width > 0 && grouped(attention -> block / attention.kvHeads() != width);
  }

  /** Whether there are groups of experts, and a token may choose from all of them. */
  boolean hasAllGroupsInPlay() {
    int groups = config.path("n_group").asInt(1);
    return groups > 1 && groups == config.path("topk_group").asInt(1);
  }

  /** Whether a row of an expert's matrices is no multiple of 16 bytes. */
  boolean hasOddRows() {
    return isOdd(mixture().intermediateSize()) || isOdd(decoder.hiddenSize());
  }

  private boolean isOdd(int rowLength) {
    return rowLength * dtype.bits() / 8 % 16 != 0;
  }
}
