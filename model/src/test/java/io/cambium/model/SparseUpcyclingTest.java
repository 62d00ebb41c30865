package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.family.Family;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.PlannedUpcycle;
import io.cambium.upcycle.UpcycleResult;
import io.cambium.upcycle.Upcycler;
import io.cambium.upcycle.Verification.Word;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.DenseSources;
import io.cambium.upcycle.dense.LayerChoice;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.router.Normal;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.plan.StepZero.Exact;
import io.cambium.upcycle.runner.TokenIds;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Experts of dense models' blocks, in every family that can have them, against transformers. */
class SparseUpcyclingTest {

  private static final float TOLERANCE = 2e-5f;
  private static final TorchRunner RUNNER = new TorchRunner();

  private static final Set<String> LLAMA_HOMES =
      Set.of("mixtral", "granitemoe", "qwen2_moe", "glm4_moe");

  /** Which families compute the same as each golden, from running transformers. */
  private static final Map<String, Set<String>> HOMES =
      Map.ofEntries(
          Map.entry("llama", LLAMA_HOMES),
          Map.entry("llama_llama3rope_tied", LLAMA_HOMES),
          Map.entry("llama_llama3rope_tied-v4", LLAMA_HOMES),
          // Biases on all four projections.
          Map.entry("llama_linear", Set.of("granitemoe")),
          Map.entry("llama_yarn", LLAMA_HOMES),
          Map.entry("mistral", Set.of("mixtral")),
          Map.entry("qwen2", Set.of("granitemoe", "qwen2_moe", "glm4_moe")),
          Map.entry("qwen3", Set.of("qwen3_moe", "dots1", "glm4_moe")),
          Map.entry("olmo2", Set.of("flex_olmo")),
          Map.entry("granite", Set.of("granitemoe")),
          Map.entry("phi3", LLAMA_HOMES),
          Map.entry("phi3_longrope", LLAMA_HOMES),
          Map.entry("phi3_longrope_long", Set.of("glm4_moe")),
          Map.entry("gemma", Set.of("mixtral")),
          Map.entry("ernie4_5", Set.of("ernie4_5_moe")),
          Map.entry("hunyuan_v1_dense", Set.of("hunyuan_v1_moe")),
          Map.entry("seed_oss", Set.of("granitemoe", "qwen2_moe", "glm4_moe")),
          Map.entry("seed_oss_out_bias", Set.of()),
          Map.entry("olmo3", Set.of()),
          Map.entry("smollm3", Set.of()));

  private static final Set<String> WITH_SHARED_EXPERT =
      Set.of("qwen2_moe", "glm4_moe", "dots1", "ernie4_5_moe");
  private static final Set<String> WITH_DENSE_PREFIX =
      Set.of("qwen2_moe", "qwen3_moe", "glm4_moe", "dots1", "ernie4_5_moe");
  private static final Set<String> WITH_ANY_DENSE_LAYER = Set.of("qwen2_moe", "qwen3_moe");

  /** What is tried on each pair. */
  private record Variant(
      String init, int experts, int topK, int granularity, boolean shared, String layers) {

    boolean fits(String family) {
      return (!shared || hasSharedExpert(family))
          && switch (layers) {
            case ":" -> true;
            case "1:" -> WITH_DENSE_PREFIX.contains(family);
            default -> WITH_ANY_DENSE_LAYER.contains(family);
          };
    }

    private boolean hasSharedExpert(String family) {
      return family.equals("hunyuan_v1_moe")
          // As wide as its routed experts.
          ? granularity == 1
          : WITH_SHARED_EXPERT.contains(family);
    }
  }

  private static final List<Variant> VARIANTS =
      List.of(
          new Variant("copy", 3, 2, 1, false, ":"),
          // More experts than a family that packs them has tensors.
          new Variant("partition", 4, 3, 4, false, ":"),
          new Variant("permute", 4, 2, 2, false, "1:"),
          new Variant("copy", 3, 1, 2, false, "0,2"),
          new Variant("permute", 4, 2, 1, true, ":"),
          new Variant("copy", 3, 2, 2, true, "1:"),
          new Variant("partition", 4, 4, 2, true, "0::2"));

  private record Case(String golden, String family, Variant variant) {}

  @TempDir Path folder;

  static Stream<Case> cases() {
    return HOMES.keySet().stream()
        .sorted()
        .flatMap(golden ->
            Families.ALL.stream()
                .filter(family -> family.mixtureForm() != null)
                .map(Family::modelType)
                .flatMap(
                    family -> VARIANTS.stream().map(variant -> new Case(golden, family, variant))));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computesWhatTheDenseModelDoesOrSaysWhyNot(Case chosen) {
    Path source = Goldens.unpack(chosen.golden, folder);
    String family = chosen.family;
    if (homes(chosen.golden).contains(family) && chosen.variant.fits(family)) {
      Path target = upcycle(source, Optional.of(family), chosen.variant);
      agreesWithTransformers(target, source);
      hasShape(target, source, chosen);
    } else {
      assertThatThrownBy(() -> upcycle(source, Optional.of(family), chosen.variant))
          .isInstanceOf(UsageException.class)
          .hasMessageMatching("(?s).*\n  " + family + ": \\S.*");
    }
  }

  static Stream<String> goldens() {
    return HOMES.keySet().stream().sorted();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void findsAHomeOrNamesWhatEachFamilyLacks(String golden) {
    Path source = Goldens.unpack(golden, folder);
    Variant variant = VARIANTS.getFirst();
    if (homes(golden).isEmpty()) {
      assertThatThrownBy(() -> upcycle(source, Optional.empty(), variant))
          .isInstanceOf(UsageException.class)
          .hasMessageContainingAll(
              Families.ALL.stream()
                  .filter(family -> family.mixtureForm() != null)
                  .map(family -> "\n  " + family.modelType() + ": ")
                  .toArray(String[]::new));
    } else {
      Path target = upcycle(source, Optional.empty(), variant);
      agreesWithTransformers(target, source);
      try (CheckpointDirectory directory = CheckpointDirectory.open(target)) {
        assertThat(homes(golden)).contains(directory.family().modelType());
      }
    }
  }

  @Test
  void refusesAGranularityThatDividesNoBlock() {
    Path source = Goldens.unpack("llama", folder);
    assertThatThrownBy(
            () -> upcycle(source, Optional.of("mixtral"), new Variant("copy", 3, 2, 3, false, ":")))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("3 does not divide the blocks' 80 neurons");
  }

  private static Set<String> homes(String golden) {
    return Objects.requireNonNull(HOMES.get(golden));
  }

  private Path upcycle(Path source, Optional<String> family, Variant variant) {
    Path target = folder.resolve("target");
    DenseOptions options =
        new DenseOptions(
            variant.experts,
            variant.topK,
            variant.granularity,
            new LayerChoice(variant.layers),
            variant.shared,
            ExpertInitialisations.named(variant.init, Parameters.DEFAULT),
            Normal.DEFAULT,
            family,
            // In transformers 4 some families have no heads of the goldens' size.
            List.of(Engine.TRANSFORMERS_5),
            5,
            false);
    try (PlannedUpcycle planned =
        Upcycler.planDense(
            DenseSources.of(source), target, options, RUNNER, List.of(tokens(source)))) {
      assertThat(planned.plan().stepZero()).isInstanceOf(Exact.class);
      UpcycleResult result = planned.execute(Progress.NONE);
      assertThat(result.verification().word()).isEqualTo(Word.VERIFIED);
    }
    return target;
  }

  private static void agreesWithTransformers(Path target, Path golden) {
    try (SafetensorsFile expected = SafetensorsFile.open(golden.resolve(Goldens.EXPECTED))) {
      float[] want = expected.data("logits").toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
      assertThat(RUNNER.logits(target, tokens(golden), OptionalInt.empty(), DType.F32))
          .containsExactly(want, within(TOLERANCE));
    }
  }

  private static void hasShape(Path target, Path source, Case chosen) {
    Variant variant = chosen.variant;
    try (CheckpointDirectory directory = CheckpointDirectory.open(target);
        CheckpointDirectory dense = CheckpointDirectory.open(source)) {
      assertThat(directory.family().modelType()).isEqualTo(chosen.family);
      List<Integer> routing = directory.decoder().mixtureLayers();
      assertThat(routing)
          .isEqualTo(
              switch (variant.layers) {
                case ":" -> List.of(0, 1, 2);
                case "1:" -> List.of(1, 2);
                default -> List.of(0, 2);
              });
      Mixture mixture = directory.decoder().mixture(routing.getFirst());
      assertThat(mixture.experts()).isEqualTo(variant.experts * variant.granularity);
      assertThat(mixture.topK()).isEqualTo(variant.topK * variant.granularity);
      assertThat(mixture.intermediateSize() * variant.granularity)
          .isEqualTo(((Dense) dense.decoder().feedForwards().getFirst()).intermediateSize());
    }
  }

  /** The golden's own ids, 2 sequences of 24. */
  private static TokenIds tokens(Path golden) {
    try (SafetensorsFile expected = SafetensorsFile.open(golden.resolve(Goldens.EXPECTED))) {
      long[] ids = expected.data("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      return new TokenIds(2, ids.length / 2, ids);
    }
  }
}
