package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Predicate;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tensors that are trained have the gradients that they have where all are. */
class FrozenTensorsTest {

  @TempDir private Path folder;

  private final RandomText text = new RandomText(3, 3, 7, 61);

  @ParameterizedTest
  @CsvSource({
    "mixtral, ROUTER",
    "mixtral, EXPERT_",
    "mixtral, EMBEDDING",
    "deepseek_v3, SHARED_",
    "deepseek_v3, DENSE_",
    "flex_olmo, ROUTER",
    "flex_olmo, FEED_FORWARD_NORM",
    "llama4_text, QUERY",
    "gpt_oss, EXPERT_",
    "gpt_oss, LM_HEAD",
  })
  void othersDoNotChangeTheGradient(String golden, String parts) {
    Path path = Goldens.unpack(golden, folder);
    Map<ModelTensor, double[]> all = gradients(path, tensor -> true);
    Map<ModelTensor, double[]> some =
        gradients(path, tensor -> tensor.part().name().startsWith(parts));
    all.keySet().removeIf(tensor -> !tensor.part().name().startsWith(parts));
    assertThat(some.keySet()).isNotEmpty().isEqualTo(all.keySet());
    // Sinks that need no gradient let libtorch take another kernel for attention.
    Offset<Double> rounding = Offset.offset(golden.equals("gpt_oss") ? 1e-14 : 0.0);
    some.forEach((tensor, gradient) ->
        assertThat(gradient).as(tensor.toString()).containsExactly(all.get(tensor), rounding));
  }

  private Map<ModelTensor, double[]> gradients(Path path, Predicate<ModelTensor> trained) {
    return Gradients.of(path, text, trained, decoder -> {});
  }
}
