package io.cambium.upcycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelFacts;
import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.checkpoint.testing.QuantisedModels;
import io.cambium.upcycle.Verification.Word;
import io.cambium.upcycle.growth.GrowthOptions;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/** Growth of experts that are stored in fewer bits, byte by byte. */
class QuantisedGrowthTest {

  @TempDir Path folder;
  private Path target;

  @BeforeEach
  void target() {
    target = folder.resolve("grown");
  }

  /** Names and shapes as gpt-oss-20b has them. */
  @Test
  void mxfp4SlicesAreThoseOfTheParent() {
    Path source = mxfp4();
    UpcycleResult result =
        grow(source, GrowthOptions.to(9).mode(Mode.LINEAGE).rows(Rows.COPY).build());
    unchecked(result, "mxfp4");
    try (CheckpointDirectory before = CheckpointDirectory.open(source);
        CheckpointDirectory after = CheckpointDirectory.open(target)) {
      assertThat(after.config().json().get("quantization_config"))
          .isEqualTo(before.config().json().get("quantization_config"));
      String experts = "model.layers.1.mlp.experts.";
      assertThat(after.spec(experts + "gate_up_proj_blocks"))
          .isEqualTo(u8(experts + "gate_up_proj_blocks", 9, 192, 2, 16));
      assertThat(after.spec(experts + "gate_up_proj_scales"))
          .isEqualTo(u8(experts + "gate_up_proj_scales", 9, 192, 2));
      assertThat(after.spec(experts + "down_proj_blocks"))
          .isEqualTo(u8(experts + "down_proj_blocks", 9, 64, 3, 16));
      assertThat(after.spec(experts + "down_proj_scales"))
          .isEqualTo(u8(experts + "down_proj_scales", 9, 64, 3));
      for (String name : List.of("gate_up_proj", "down_proj")) {
        for (String suffix : List.of("_blocks", "_scales", "_bias")) {
          slicesOfParents(before, after, experts + name + suffix);
        }
      }
    }
  }

  private static TensorSpec u8(String name, long... shape) {
    return new TensorSpec(name, DType.U8, Arrays.stream(shape).boxed().toList());
  }

  private static void slicesOfParents(
      CheckpointDirectory before, CheckpointDirectory after, String tensor) {
    byte[] old = bytes(before, tensor);
    byte[] grown = bytes(after, tensor);
    int each = old.length / 6;
    assertThat(grown).hasSize(9 * each);
    for (int n = 0; n < 9; n++) {
      int parent = n % 6;
      assertThat(Arrays.copyOfRange(grown, n * each, (n + 1) * each))
          .as(tensor + " " + n)
          .isEqualTo(Arrays.copyOfRange(old, parent * each, (parent + 1) * each));
    }
  }

  /** Blocks of 5 by 7, which divide nothing here. */
  @Test
  void fp8WeightsAndScalesAreThoseOfTheParent() {
    Path source = fp8();
    int experts = experts(source);
    UpcycleResult result = grow(source, GrowthOptions.to(experts + 2).build());
    unchecked(result, "fp8");
    try (CheckpointDirectory before = CheckpointDirectory.open(source);
        CheckpointDirectory after = CheckpointDirectory.open(target)) {
      int layer = before.decoder().mixtureLayers().getFirst();
      long width = before.decoder().mixture(layer).intermediateSize();
      long hidden = before.decoder().hiddenSize();
      String first = "model.layers." + layer + ".mlp.experts.";
      assertThat(after.spec(first + "0.gate_proj.weight_scale_inv"))
          .isEqualTo(
              new TensorSpec(
                  first + "0.gate_proj.weight_scale_inv",
                  DType.F32,
                  List.of((width + 4) / 5, (hidden + 6) / 7)));
      List<Integer> parents =
          Objects.requireNonNull(after.manifest().growth().getLast().parents().get(layer));
      for (int n = 0; n < parents.size(); n++) {
        for (String part : List.of("gate_proj", "up_proj", "down_proj")) {
          for (String suffix : List.of(".weight", ".weight_scale_inv")) {
            assertThat(bytes(after, first + n + "." + part + suffix))
                .isEqualTo(bytes(before, first + parents.get(n) + "." + part + suffix));
          }
        }
      }
      String attention = "model.layers.0.self_attn.kv_b_proj.weight";
      assertThat(after.spec(attention).dtype()).isEqualTo(DType.F8_E4M3);
      assertThat(bytes(after, attention + "_scale_inv"))
          .isEqualTo(bytes(before, attention + "_scale_inv"));
    }
  }

  private static void unchecked(UpcycleResult result, String method) {
    Verification verification = result.verification();
    assertThat(verification.word()).isEqualTo(Word.STRUCTURE_VERIFIED);
    assertThat(verification.fromSource()).isNull();
    assertThat(result.describe())
        .contains("structure verified but logits not checked", method, "exact: the logits equal");
    assertThat(result.plan().describe()).contains("no engine was run with quantised weights");
    assertThat(result.plan().figures().target().parameters())
        .isEqualTo(parameters(Path.of(result.plan().target()), method));
  }

  @Test
  void whatWouldComputeIsRefused() {
    Path source = mxfp4();
    refused(source, GrowthOptions.to(9).mode(Mode.FLAT).replicas("drop").build(), "mxfp4", "copy");
    refused(
        source, GrowthOptions.to(9).mode(Mode.LINEAGE).rows(Rows.SPLIT).build(), "split", "mxfp4");
    refused(fp8(), GrowthOptions.to(9).replicas("scaled").build(), "scaled", "fp8", "bf16");
  }

  private void refused(Path source, GrowthOptions options, String... words) {
    assertThatThrownBy(() -> grow(source, options))
        .isInstanceOf(UsageException.class)
        .hasMessageContainingAll(words);
    assertThat(target).doesNotExist();
  }

  @Test
  void otherFormsAreRefusedByName() {
    Path source = fp8();
    Configs.edit(source, config -> quantisation(config).put("quant_method", "bitnet"));
    faulty(source, "\"bitnet\"", "fp8");
    Configs.edit(
        source,
        config -> quantisation(config).put("quant_method", "fp8").remove("weight_block_size"));
    faulty(source, "weight_block_size");
    Configs.edit(source, config -> config.remove("quantization_config"));
    faulty(source, "F8_E4M3, not F64, F32, BF16 or F16");
    Path other = mxfp4();
    Configs.edit(other, config -> config.put("intermediate_size", 90));
    faulty(other, "intermediate_size", "multiples of 32");
  }

  private static ObjectNode quantisation(ObjectNode config) {
    return (ObjectNode) config.get("quantization_config");
  }

  private static void faulty(Path source, String... words) {
    assertThatThrownBy(() -> CheckpointDirectory.open(source).close())
        .isInstanceOf(CheckpointException.class)
        .hasMessageContainingAll(words);
  }

  private UpcycleResult grow(Path source, GrowthOptions options) {
    return Upcycler.grow(source, target, options, new NoRunner(), List.of(), Progress.NONE);
  }

  private Path mxfp4() {
    ObjectNode config = Json.readObject(Goldens.unpack("gpt_oss", folder).resolve("config.json"));
    config.put("hidden_size", 64).put("intermediate_size", 96);
    config.putObject("quantization_config").put("quant_method", "mxfp4");
    return QuantisedModels.write(folder.resolve("mxfp4"), config);
  }

  private Path fp8() {
    Path golden = Goldens.unpack("deepseek_v3", folder);
    ObjectNode config = Json.readObject(golden.resolve("config.json"));
    config
        .putObject("quantization_config")
        .put("quant_method", "fp8")
        .put("fmt", "e4m3")
        .put("activation_scheme", "dynamic")
        .putArray("weight_block_size")
        .add(5)
        .add(7);
    return QuantisedModels.write(folder.resolve("fp8"), config);
  }

  private static byte[] bytes(CheckpointDirectory directory, String tensor) {
    return directory.data(tensor).toArray(ValueLayout.JAVA_BYTE);
  }

  private static int experts(Path directory) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      return checkpoint
          .decoder()
          .mixture(checkpoint.decoder().mixtureLayers().getFirst())
          .experts();
    }
  }

  /** As inspect counts them. */
  private static long parameters(Path directory, String method) {
    try (CheckpointDirectory checkpoint = CheckpointDirectory.open(directory)) {
      ModelFacts facts = ModelFacts.of(checkpoint);
      assertThat(facts.weights().quantisation()).isEqualTo(method);
      return facts.parameters().total();
    }
  }
}
