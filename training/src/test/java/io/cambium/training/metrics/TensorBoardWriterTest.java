package io.cambium.training.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TensorBoardWriterTest {

  private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1500));

  // Bytes that the tensorboard package 2.x itself writes for the same events.
  private static final String VERSION_RECORD =
      "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c";
  private static final String GROWTH_RECORD =
      "5a00000000000000136fb4bf09000000000000f83f10ac022a4c0a150a0e67726f7774682f65787065727473"
          + "15000000420a190a1267726f7774682f6c6f73735f6265666f726515000050400a180a1167726f7774682f"
          + "6c6f73735f61667465721566664640c2db72c2";
  private static final String ALARM_RECORD =
      "420000000000000079f36eaa09000000000000f83f10032a350a330a0f616c61726d732f6f7665726c6f616442"
          + "16080712004210746f6f206d756368202d3e206c6573734a080a060a04746578746fbb4dc6";
  private static final String START_RECORD =
      "100000000000000095fbfe1809000000000000f83f10ad023a020801d17949d4";

  @TempDir Path run;
  private Path directory;

  @BeforeEach
  void directoryThatDoesNotExist() {
    directory = run.resolve("tensorboard");
  }

  @Test
  void maskedChecksumsAreTensorBoards() {
    assertThat(maskedCrc32c("123456789")).isEqualTo(0xc78ab0e5);
    assertThat(maskedCrc32c("\0".repeat(32))).isEqualTo(0x0fd7fffa);
    assertThat(maskedCrc32c("")).isEqualTo(0xa282ead8);
  }

  @Test
  void bytesAreTensorBoards() throws IOException {
    try (TensorBoardWriter writer = TensorBoardWriter.create(directory, CLOCK)) {
      writer.write(growth());
      writer.write(MetricsLogTest.alarm(3));
    }
    assertThat(hex("events.out.tfevents.0000000000.cambium"))
        .isEqualTo(VERSION_RECORD + GROWTH_RECORD + ALARM_RECORD);
  }

  @Test
  void resumeBeginsALaterFileThatDropsWhatCameAfter() throws IOException {
    TensorBoardWriter.create(directory, CLOCK).close();
    TensorBoardWriter.resume(directory, 300, CLOCK).close();
    TensorBoardWriter.resume(directory, 300, CLOCK).close();

    assertThat(hex("events.out.tfevents.0000000000.cambium")).isEqualTo(VERSION_RECORD);
    assertThat(hex("events.out.tfevents.0000000001.cambium"))
        .isEqualTo(VERSION_RECORD + START_RECORD)
        .isEqualTo(hex("events.out.tfevents.0000000002.cambium"));
  }

  @Test
  void anExistingFileIsNotOverwritten() {
    TensorBoardWriter.create(directory, CLOCK).close();
    assertThatThrownBy(() -> TensorBoardWriter.create(directory, CLOCK))
        .isInstanceOf(TrainingException.class);
  }

  @Test
  void scalarsByTag() {
    assertThat(Scalars.of(MetricsLogTest.train(2)))
        .containsEntry("loss/train", 8.25)
        .containsEntry("tokens", 8192.0)
        .containsEntry("max_vio/layer_0", 0.5)
        .containsEntry("max_vio/layer_1", 0.0)
        .containsEntry("max_vio_micro/layer_0", 0.75)
        .containsEntry("load_cv/layer_0", 0.5)
        .containsEntry("load_min/layer_0", 0.5)
        .containsEntry("load_max/layer_0", 1.5)
        .hasSize(15);
    assertThat(Scalars.of(MetricsLogTest.evaluation(2, 0.25)))
        .containsEntry("loss/validation", 2.5)
        .containsEntry("loss/validation/gloss", 3.0)
        .containsEntry("sibling_coselection", 0.25)
        .containsEntry("dead_experts", 0.0)
        .containsEntry("unhealthy_layers", 0.0)
        .containsEntry("max_vio_global/layer_0", 0.0)
        .containsEntry("router_entropy/layer_0", 0.5)
        .containsEntry("siblings/coselection/layer_0", 0.25)
        .containsEntry("siblings/distinct_lineages/layer_0", 1.75)
        .containsEntry("siblings/cosine/layer_0", 0.5)
        .containsEntry("siblings/distance/layer_0", 0.125)
        .hasSize(12);
    assertThat(Scalars.of(MetricsLogTest.evaluation(2, null)))
        .doesNotContainKey("sibling_coselection");
  }

  private static Metric.Growth growth() {
    return new Metric.Growth(300, 0, "flat", "copy", 8, 32, 3.25, 3.1, 0);
  }

  private static int maskedCrc32c(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    return TensorBoardWriter.maskedCrc32c(bytes, bytes.length);
  }

  private String hex(String file) throws IOException {
    return HexFormat.of().formatHex(Files.readAllBytes(directory.resolve(file)));
  }
}
