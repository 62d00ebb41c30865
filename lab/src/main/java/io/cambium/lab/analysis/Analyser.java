package io.cambium.lab.analysis;

import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.model.InferenceModel;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.Tokenizer;
import io.cambium.training.metrics.Balance;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Measures the experts of checkpoints on the validation split of a corpus. */
public final class Analyser {

  private static final List<String> CLASSES =
      Arrays.stream(TokenClass.values()).map(TokenClass::toString).toList();

  private final Corpus corpus;
  private final Tokenizer tokenizer;
  private final int sequences;
  private final int length;
  private final Progress progress;
  private final Map<Integer, String> texts = new HashMap<>();

  /**
   * @param tokenizer the corpus's
   * @param sequences of each domain
   * @param length tokens per sequence
   */
  public Analyser(
      Corpus corpus, Tokenizer tokenizer, int sequences, int length, Progress progress) {
    this.corpus = corpus;
    this.tokenizer = tokenizer;
    this.sequences = sequences;
    this.length = length;
    this.progress = progress;
  }

  /**
   * A checkpoint to measure.
   *
   * @param name as the user has it
   */
  public record Subject(String name, InferenceModel model) {

    /**
     * Takes a checkpoint with experts.
     *
     * @throws UsageException if it has none
     */
    public Subject {
      if (model.decoder().spec().mixtureLayers().isEmpty()) {
        throw new UsageException(
            Path.of(name),
            "is a dense model: no layer has experts to analyse",
            "make experts of it with `cambium upcycle`, or see its loss with `cambium eval`");
      }
    }

    private DecoderSpec spec() {
      return model.decoder().spec();
    }

    private Path place() {
      return Path.of(name);
    }
  }

  /**
   * Measures a checkpoint, and what changed since an earlier one.
   *
   * @param earlier null for none
   * @throws UsageException if the two cannot be compared
   */
  public Analysis analyse(Subject subject, @Nullable Subject earlier) {
    if (earlier != null) {
      requireComparable(earlier, subject);
    }
    RoutedText routed = RoutedText.of(subject.model, corpus, sequences, length, progress);
    int[] class_T =
        Arrays.stream(routed.id_T()).map(id -> TokenClass.of(text(id)).ordinal()).toArray();
    List<Analysis.Layer> layers = new ArrayList<>();
    for (int layer : subject.spec().mixtureLayers()) {
      progress.update("comparing experts", layers.size(), routed.layers().size());
      layers.add(layer(subject, layer, routed, class_T));
    }
    progress.update("comparing experts", layers.size(), layers.size());
    return new Analysis(
        subject.name,
        subject.model.directory().family().modelType(),
        routed.id_T().length,
        length,
        routed.loss(),
        layers,
        earlier == null ? null : against(earlier, subject, routed));
  }

  private Analysis.Layer layer(Subject subject, int layer, RoutedText routed, int[] class_T) {
    Choices choices = routed.layer(layer).choices();
    Manifest manifest = subject.model.directory().manifest();
    Specialisation domains = Specialisation.of(choices, routed.domains(), routed.domain_T());
    Similarity similarity =
        Similarity.of(subject.model.decoder(), layer, routed.layer(layer).input_ND());
    List<Integer> parents =
        manifest.growth().isEmpty() ? null : manifest.growth().getLast().parents().get(layer);
    return new Analysis.Layer(
        layer,
        choices.experts(),
        choices.topK(),
        choices.load_E(),
        Balance.of(choices.load_E(), inPlay(manifest, layer, choices.experts())),
        routed.layer(layer).entropy(),
        domains,
        Specialisation.of(choices, CLASSES, class_T),
        Vocabulary.of(choices, routed.id_T(), this::text),
        choices.together_EE(),
        similarity,
        parents == null ? null : Siblings.of(choices, parents, similarity, domains));
  }

  /** All experts but the replicas that a {@code cold} growth still holds back. */
  private static int[] inPlay(Manifest manifest, int layer, int experts) {
    Manifest.Selection selection = manifest.selection();
    List<Integer> heldBack =
        selection != null && selection.mode() == Manifest.Selection.Mode.COLD
            ? manifest.growth().getLast().replicas(layer)
            : List.of();
    return IntStream.range(0, experts).filter(expert -> !heldBack.contains(expert)).toArray();
  }

  private String text(int id) {
    return texts.computeIfAbsent(id, token -> tokenizer.decode(new int[] {token}));
  }

  private Analysis.Against against(Subject earlier, Subject later, RoutedText now) {
    RoutedText then = RoutedText.of(earlier.model, corpus, sequences, length, progress);
    List<Analysis.LayerChange> layers = new ArrayList<>();
    for (int layer : later.spec().mixtureLayers()) {
      List<Integer> ancestors = ancestors(earlier, later, layer);
      layers.add(
          new Analysis.LayerChange(
              layer,
              ancestors,
              Saturation.of(
                  then.layer(layer).choices(),
                  now.layer(layer).choices(),
                  ancestors,
                  now.domain_T(),
                  now.domains()),
              Change.of(earlier.model.decoder(), later.model.decoder(), layer, ancestors)));
    }
    return new Analysis.Against(earlier.name, then.loss(), layers);
  }

  private static List<Integer> ancestors(Subject earlier, Subject later, int layer) {
    return Descent.of(
        later.place(),
        later.model.directory().manifest(),
        layer,
        later.spec().mixture(layer).experts(),
        earlier.spec().mixture(layer).experts());
  }

  private static void requireComparable(Subject earlier, Subject later) {
    List<Integer> layers = later.spec().mixtureLayers();
    boolean alike =
        earlier.spec().hiddenSize() == later.spec().hiddenSize()
            && earlier.spec().mixtureLayers().equals(layers)
            && layers.stream()
                .allMatch(i -> sameExperts(earlier.spec().mixture(i), later.spec().mixture(i)));
    if (!alike) {
      throw new UsageException(
          earlier.place(),
          "has other layers or sizes of experts than " + later.name,
          "compare checkpoints of one model");
    }
    layers.forEach(layer -> ancestors(earlier, later, layer));
  }

  private static boolean sameExperts(Mixture a, Mixture b) {
    return a.intermediateSize() == b.intermediateSize()
        && a.expertBias() == b.expertBias()
        && a.activation() == b.activation();
  }
}
