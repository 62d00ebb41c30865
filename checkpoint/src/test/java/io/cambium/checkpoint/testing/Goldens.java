package io.cambium.checkpoint.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

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

  public static final String EXPECTED = "expected.safetensors";

  private static final List<String> FILES =
      List.of("config.json", "generation_config.json", "model.safetensors", EXPECTED);

  private Goldens() {}

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
      for (String file : FILES) {
        String resource = "/goldens/" + name + "/" + file;
        try (InputStream in = Goldens.class.getResourceAsStream(resource)) {
          Files.copy(Objects.requireNonNull(in, resource), directory.resolve(file));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return directory;
  }
}
