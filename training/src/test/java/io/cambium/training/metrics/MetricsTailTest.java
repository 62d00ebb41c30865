package io.cambium.training.metrics;

import static io.cambium.training.metrics.MetricsLogTest.evaluation;
import static io.cambium.training.metrics.MetricsLogTest.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTailTest {

  @TempDir Path directory;
  private Path file;
  private MetricsTail tail;
  private final List<Metric> heard = new ArrayList<>();

  private final MetricsTail.Follower follower =
      new MetricsTail.Follower() {
        @Override
        public void restarted() {
          heard.clear();
        }

        @Override
        public void event(Metric event) {
          heard.add(event);
        }
      };

  @BeforeEach
  void nothingYet() {
    file = directory.resolve(MetricsLog.FILE_NAME);
    tail = new MetricsTail(file);
  }

  @Test
  void followsALogFromBeforeItExists() {
    assertThat(tail.poll(follower)).isFalse();
    try (MetricsLog log = MetricsLog.create(file)) {
      assertThat(tail.poll(follower)).isFalse();
      log.append(train(1));
      log.append(evaluation(1, null));
      assertThat(tail.poll(follower)).isTrue();
      assertThat(heard).containsExactly(train(1), evaluation(1, null));
      assertThat(tail.poll(follower)).isFalse();
      log.append(train(2));
      assertThat(tail.poll(follower)).isTrue();
      assertThat(heard).containsExactly(train(1), evaluation(1, null), train(2));
    }
  }

  @Test
  void waitsForTheRestOfALine() throws IOException {
    write(train(1), train(2));
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 7));
    tail.poll(follower);
    assertThat(heard).containsExactly(train(1));
    Files.write(file, whole);
    tail.poll(follower);
    assertThat(heard).containsExactly(train(1), train(2));
  }

  @Test
  void aLogThatWasCutIsReadAnew() {
    write(train(1), train(2), train(3));
    tail.poll(follower);
    try (MetricsLog log = MetricsLog.resume(file, 1)) {
      log.append(evaluation(1, null));
      log.append(train(2));
      log.append(train(3));
      log.append(train(4));
    }
    assertThat(tail.poll(follower)).isTrue();
    assertThat(heard).containsExactly(train(1), evaluation(1, null), train(2), train(3), train(4));
  }

  @Test
  void aLogThatIsGoneIsForgotten() throws IOException {
    write(train(1));
    tail.poll(follower);
    Files.delete(file);
    assertThat(tail.poll(follower)).isTrue();
    assertThat(heard).isEmpty();
    assertThat(tail.poll(follower)).isFalse();
  }

  @Test
  void aMalformedLineIsNamed() throws IOException {
    write(train(1));
    tail.poll(follower);
    Files.writeString(file, "{}\n", StandardOpenOption.APPEND);
    assertThatThrownBy(() -> tail.poll(follower)).hasMessageContaining("line 2: is no event");
  }

  private void write(Metric... metrics) {
    try (MetricsLog log = MetricsLog.create(file)) {
      List.of(metrics).forEach(log::append);
    }
  }
}
