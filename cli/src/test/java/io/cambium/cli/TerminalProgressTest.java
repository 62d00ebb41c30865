package io.cambium.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class TerminalProgressTest {

  private static final String ERASE = "\r\033[K";

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, UTF_8);
  private long now;

  @Test
  void quickWorkShowsNothing() {
    TerminalProgress progress = terminal(80);
    progress.update("reading", 0, 2);
    progress.update("reading", 1, 2);
    after(1.9);
    progress.update("reading", 2, 2);
    progress.close();
    assertThat(printed()).isEmpty();
  }

  @Test
  void barShowsShareAndTimeLeft() {
    TerminalProgress progress = terminal(80);
    progress.update("writing", 0, 4);
    after(30);
    progress.update("writing", 1, 4);
    after(30);
    progress.update("writing", 2, 4);
    assertThat(printed())
        .isEqualTo(
            "writing  [======                  ]  25 %  1:30 left"
                + ERASE
                + "writing  [============            ]  50 %  1:00 left");
    after(60);
    progress.update("writing", 4, 4);
    progress.update("writing", 4, 4);
    progress.close();
    assertThat(printed()).endsWith("writing  [========================]  100 %  2:00\n");
  }

  @Test
  void redrawsAtMostTenTimesASecond() {
    TerminalProgress progress = terminal(80);
    progress.update("work", 0, 1000);
    after(2);
    LongStream.range(1, 100)
        .forEach(i -> {
          progress.update("work", i, 1000);
          after(0.01);
        });
    assertThat(printed().split(Pattern.quote(ERASE))).hasSize(10);
  }

  @Test
  void resumedWorkCountsItsOwnPace() {
    TerminalProgress progress = terminal(80);
    progress.update("training", 500, 1000);
    after(100);
    progress.update("training", 600, 1000);
    assertThat(printed()).contains("60 %").endsWith("6:40 left");
  }

  @Test
  void linesAndDetailsGoWithTheBar() {
    TerminalProgress progress = terminal(80);
    progress.update("training", 0, 10);
    progress.detail("loss 3.20");
    after(3);
    progress.update("training", 5, 10);
    progress.println("evaluated");
    assertThat(printed()).contains("0:03 left  loss 3.20" + ERASE + "evaluated\n");
    after(1);
    progress.update("training", 6, 10);
    progress.update("writing", 0, 2);
    after(3);
    progress.update("writing", 1, 2);
    assertThat(printed())
        .endsWith(
            "[==============          ]  60 %  0:03 left  loss 3.20\n"
                + "writing  [============            ]  50 %  0:03 left");
  }

  @Test
  void neverWrapsTheLine() {
    TerminalProgress progress = terminal(20);
    progress.update("a work with a long name", 0, 2);
    after(3);
    progress.update("a work with a long name", 1, 2);
    assertThat(printed()).isEqualTo("a work with a long ");
  }

  @Test
  void withoutATerminalALineNowAndThen() {
    TerminalProgress progress = terminal(0);
    progress.update("training", 0, 3600);
    for (int i = 1; i <= 3600; i++) {
      after(0.01);
      progress.update("training", i, 3600);
    }
    progress.close();
    assertThat(printed())
        .isEqualTo(
            """
            training: 5 %  0:34 left
            training: 47 %  0:19 left
            training: 88 %  0:04 left
            training: 100 %  0:36
            """);
  }

  @Test
  void unknownTotalShowsTheCount() {
    TerminalProgress progress = terminal(0);
    progress.update("reading", 0, 0);
    after(3);
    progress.update("reading", 7, 0);
    assertThat(printed()).isEqualTo("reading: 7  0:03 so far\n");
  }

  @Test
  void manyThreadsMayReport() {
    TerminalProgress progress = terminal(0);
    progress.update("work", 0, 1000);
    after(3);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 100; i++) {
        threads.submit(() -> progress.println("line"));
      }
    }
    assertThat(printed()).isEqualTo("line\n".repeat(100));
  }

  private TerminalProgress terminal(int columns) {
    return new TerminalProgress(out, () -> columns, () -> now);
  }

  private void after(double seconds) {
    now += Duration.ofNanos((long) (seconds * 1e9)).toNanos();
  }

  private String printed() {
    return bytes.toString(UTF_8).replace(System.lineSeparator(), "\n");
  }
}
