package io.cambium.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

class DownloadProgressTest {

  private static final long GB = 1_000_000_000;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long now;
  private final DownloadProgress progress =
      new DownloadProgress(
          new TerminalProgress(new PrintStream(bytes, true, UTF_8), () -> 0, () -> now), () -> now);

  @Test
  void showsSpeedAndTimeLeft() {
    arrive(0);
    now += 10 * GB;
    arrive(1);
    now += 15 * GB;
    arrive(2);
    assertThat(lines())
        .containsExactly(
            "downloading: 25 %  0:30 left  100 MB/s", "downloading: 50 %  0:25 left  80 MB/s");
  }

  @Test
  void standsBehindTheWorkThatGoesOnMeanwhile() {
    Progress writing = progress.beside();
    arrive(0);
    writing.update("writing", 0, 100);
    now += 20 * GB;
    arrive(2);
    now += 20 * GB;
    writing.update("writing", 50, 100);
    now += 20 * GB;
    arrive(4);
    now += 20 * GB;
    writing.update("writing", 60, 100);
    assertThat(lines())
        .containsExactly(
            "writing: 0 %  0:20 so far  2.0 of 4.0 GB here, 100 MB/s",
            "writing: 50 %  0:40 left  2.0 of 4.0 GB here, 100 MB/s",
            "writing: 50 %  1:00 left",
            "writing: 60 %  0:53 left");
  }

  private void arrive(long gigabytes) {
    progress.transferred("downloading", gigabytes * GB, 4 * GB);
  }

  private String[] lines() {
    return bytes.toString(UTF_8).split(System.lineSeparator());
  }
}
