package io.cambium.checkpoint.testing;

import io.cambium.checkpoint.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import tools.jackson.databind.node.ObjectNode;

/**
 * Tiny checkpoints with what Hugging Face transformers computes on them, as witnesses from outside.
 *
 * <p>Each is a checkpoint directory (fp32) and, beside it, {@value #EXPECTED}: {@code input_ids}
 * int64 [2, 24], {@code logits} fp32 [2, 24, vocab], {@code loss} fp32 [] (mean next-token
 * cross-entropy over the 2 x 23 predicted positions).
 */
public final class Goldens {

  /** Saved by transformers 5.18: {@code rope_parameters}. */
  public static final String GLM4_MOE = "glm4_moe";

  /** Saved by transformers 4.57: {@code rope_theta} and {@code rope_scaling}. */
  public static final String GLM4_MOE_V4 = "glm4_moe-v4";

  /**
   * All of them: {@code -v4} as transformers 4.57 writes it, the others as transformers 5, {@code
   * -fused} with the experts of a layer in one tensor.
   */
  public static final List<String> ALL =
      List.of(
          "deepseek_v2",
          "deepseek_v2_groups",
          "deepseek_v3",
          "deepseek_v3_yarn",
          "dots1",
          "ernie4_5",
          "ernie4_5_moe",
          "ernie4_5_moe_shared",
          "flex_olmo",
          "gemma",
          GLM4_MOE,
          GLM4_MOE_V4,
          "gpt_oss",
          "granite",
          "granitemoe",
          "hunyuan_v1_dense",
          "hunyuan_v1_moe",
          "hunyuan_v1_moe-v4",
          "llama",
          "llama4_text",
          "llama4_text_chunks",
          "llama_llama3rope_tied",
          "llama_llama3rope_tied-v4",
          "llama_linear",
          "llama_yarn",
          "minimax_m2",
          "mistral",
          "mixtral",
          "mixtral-fused",
          "mixtral-v4",
          "mixtral_longrope",
          "olmo2",
          "olmo3",
          "olmo3-v4",
          "olmoe",
          "phi3",
          "phi3_longrope",
          "phi3_longrope-v4",
          "phi3_longrope_long",
          "qwen2",
          "qwen2_moe",
          "qwen2_moe_windows",
          "qwen3",
          "qwen3_moe",
          "qwen3_moe-fused",
          "qwen3_moe-v4",
          "seed_oss",
          "seed_oss_out_bias",
          "smollm3");

  public static final String EXPECTED = "expected.safetensors";

  private static final List<String> FILES =
      List.of("config.json", "generation_config.json", "model.safetensors", EXPECTED);

  private static final String GRADIENTS = "gradients.json";

  private Goldens() {}

  /**
   * Writes what PyTorch's autograd computes on a golden, beside it.
   *
   * @return {@code parent/name.gradients.json}
   */
  public static Path gradients(String name, Path parent) {
    Path file = parent.resolve(name + "." + GRADIENTS);
    copy(name, GRADIENTS, file);
    return file;
  }

  /** A golden's config.json. */
  public static ObjectNode config(String name) {
    String resource = "/goldens/" + name + "/config.json";
    try (InputStream in = Goldens.class.getResourceAsStream(resource)) {
      return (ObjectNode) Json.MAPPER.readTree(Objects.requireNonNull(in, resource));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copy(String name, String file, Path target) {
    String resource = "/goldens/" + name + "/" + file;
    try (InputStream in = Goldens.class.getResourceAsStream(resource)) {
      Files.copy(Objects.requireNonNull(in, resource), target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Writes a golden's files.
   *
   * @param parent an existing directory
   * @return the checkpoint directory {@code parent/name}
   */
  public static Path unpack(String name, Path parent) {
    Path directory = parent.resolve(name);
    try {
      Files.createDirectory(directory);
      FILES.forEach(file -> copy(name, file, directory.resolve(file)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return directory;
  }
}
