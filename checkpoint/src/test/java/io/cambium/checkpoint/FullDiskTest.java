package io.cambium.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * A limit on the size of files stands for a full disk: the system refuses a write in the middle.
 */
class FullDiskTest {

  private static final int FILE_BLOCKS = 64;

  @TempDir Path temporary;

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void isOneClearMessageAndLeavesNothing() throws IOException, InterruptedException {
    Path target = temporary.resolve("model");
    Process process =
        new ProcessBuilder(
                "sh",
                "-c",
                "ulimit -f " + FILE_BLOCKS + " && LC_ALL=C exec \"$@\"",
                "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                Writer.class.getName(),
                target.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(output)
        .contains("model.safetensors: cannot be written: File too large")
        .contains("-> check free space and permissions");
    assertThat(process.waitFor()).isEqualTo(CambiumException.WORK_FAILED);
    assertThat(temporary).isEmptyDirectory();
  }

  /** The process that meets the limit. */
  static final class Writer {

    private Writer() {}

    public static void main(String[] args) {
      try (StagedDirectory staged = StagedDirectory.create(Path.of(args[0]), false)) {
        FreshModel.write(
            staged.path(),
            Families.named("glm4_moe").newConfig(TinyModels.glm4Moe().spec(), 64),
            1);
        staged.commit();
      } catch (CheckpointException e) {
        System.out.println(e.getMessage());
        System.exit(e.exitCode());
      }
    }
  }
}
