package io.cambium.checkpoint;

import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.Layer;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ParameterCounts;
import io.cambium.checkpoint.family.Quantisation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What can be said of a checkpoint by its headers alone.
 *
 * @param layers runs of equal layers, from the first to the last
 * @param growth every growth step, oldest first
 * @param lineages null for a model that never grew
 * @param selection the rule of a growth step that is still being released; null for plain top-K
 * @param huggingFaceForm whether an engine that knows plain top-K only computes the same
 */
public record ModelFacts(
    String family,
    String architecture,
    int vocabSize,
    int hiddenSize,
    boolean tiedEmbeddings,
    List<Layers> layers,
    ParameterCounts parameters,
    Weights weights,
    List<Manifest.Growth> growth,
    @Nullable Lineages lineages,
    Manifest.@Nullable Selection selection,
    boolean huggingFaceForm) {

  /**
   * Layers {@code first} to {@code last}, which are equal.
   *
   * @param mixture null for dense layers
   * @param dense null for layers that route
   */
  public record Layers(
      int first, int last, Attention attention, @Nullable Dense dense, @Nullable Mixture mixture) {

    private static Layers of(int index, Layer layer) {
      return switch (layer.feedForward()) {
        case Dense dense -> new Layers(index, index, layer.attention(), dense, null);
        case Mixture mixture -> new Layers(index, index, layer.attention(), null, mixture);
      };
    }

    /** Whichever of both it is. */
    public FeedForward feedForward() {
      return mixture == null ? Objects.requireNonNull(dense) : mixture;
    }

    private boolean continuesWith(Layers next) {
      return equals(new Layers(first, last, next.attention, next.dense, next.mixture));
    }
  }

  /**
   * The tensors on disk.
   *
   * @param files how many files hold them
   * @param bytes length of their data
   * @param bytesByType how much of it is of which element type
   * @param quantisation how weights are stored in fewer bits; null where they are not
   * @param leftOut tensors that the family does not load
   */
  public record Weights(
      int files,
      int tensors,
      long bytes,
      SortedMap<DType, Long> bytesByType,
      @Nullable String quantisation,
      List<String> leftOut) {

    private static Weights of(CheckpointDirectory checkpoint) {
      List<TensorEntry> entries =
          checkpoint.files().values().stream().flatMap(f -> f.tensors().values().stream()).toList();
      SortedMap<DType, Long> bytesByType = new TreeMap<>();
      entries.forEach(e -> bytesByType.merge(e.spec().dtype(), e.bytes(), Long::sum));
      return new Weights(
          checkpoint.files().size(),
          entries.size(),
          entries.stream().mapToLong(TensorEntry::bytes).sum(),
          bytesByType,
          checkpoint.quantisation() instanceof Quantisation.None
              ? null
              : checkpoint.quantisation().method(),
          checkpoint.ignoredTensors());
    }
  }

  /**
   * Experts that descend from one expert of the model that never grew.
   *
   * @param count lineages in each layer
   * @param smallest experts of the smallest lineage of all layers
   * @param largest experts of the largest
   */
  public record Lineages(int count, int smallest, int largest) {

    private static @Nullable Lineages of(Manifest manifest) {
      if (manifest.growth().isEmpty()) {
        return null;
      }
      int count = manifest.growth().getFirst().sourceExperts();
      IntSummaryStatistics sizes =
          manifest.founders().values().stream()
              .flatMap(founders ->
                  IntStream.range(0, count).mapToObj(i -> Collections.frequency(founders, i)))
              .collect(Collectors.summarizingInt(Integer::intValue));
      return new Lineages(count, sizes.getMin(), sizes.getMax());
    }
  }

  /** The facts of an open checkpoint. */
  public static ModelFacts of(CheckpointDirectory checkpoint) {
    DecoderSpec decoder = checkpoint.decoder();
    Manifest manifest = checkpoint.manifest();
    return new ModelFacts(
        checkpoint.family().modelType(),
        checkpoint.family().architecture(),
        decoder.vocabSize(),
        decoder.hiddenSize(),
        decoder.tiedEmbeddings(),
        layers(decoder.layers()),
        ParameterCounts.of(decoder, checkpoint.family().tensors(decoder)),
        Weights.of(checkpoint),
        manifest.growth(),
        Lineages.of(manifest),
        manifest.selection(),
        manifest.hasHuggingFaceForm());
  }

  private static List<Layers> layers(List<Layer> layers) {
    List<Layers> runs = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      Layers layer = Layers.of(i, layers.get(i));
      if (!runs.isEmpty() && runs.getLast().continuesWith(layer)) {
        Layers run = runs.removeLast();
        runs.add(new Layers(run.first, i, run.attention, run.dense, run.mixture));
      } else {
        runs.add(layer);
      }
    }
    return runs;
  }
}
