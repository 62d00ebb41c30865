package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.cambium.checkpoint.FreshModel;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.DensePlanner;
import io.cambium.upcycle.dense.LayerChoice;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.router.Normal;
import io.cambium.upcycle.engine.Engine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkingMemoryTest {

  /** Records and buffers that do not grow with the tensors. */
  private static final long SMALL = 1 << 16;

  @TempDir Path folder;

  /** All that a thread allocates for a line is more than it ever holds at once. */
  @Test
  void boundsWhatEveryLineAllocates() throws IOException {
    Path source = Files.createDirectory(folder.resolve("source"));
    FreshModel.write(
        source,
        Goldens.config("llama").put("hidden_size", 256).put("intermediate_size", 512),
        1);
    DenseOptions options =
        new DenseOptions(
            2,
            2,
            2,
            LayerChoice.ALL,
            false,
            ExpertInitialisations.named("drop", Parameters.DEFAULT),
            Normal.DEFAULT,
            Optional.empty(),
            Engine.DEFAULT,
            0,
            false);
    try (SourceCheckpoint opened = SourceCheckpoint.open(source, 0);
        Sources sources = new Sources(List.of(opened), Optional.empty())) {
      List<Entry> ledger =
          DensePlanner.plan(opened, folder.resolve("target"), options).weights();
      Evaluator evaluator = new Evaluator(sources);
      ledger.forEach(entry -> allocated(evaluator, entry));
      for (Entry entry : ledger) {
        assertThat(allocated(evaluator, entry))
            .as(entry.toString())
            .isLessThan(WorkingMemory.bytes(List.of(entry)) + SMALL);
      }
      Entry largest = ledger.stream().filter(e -> !e.formula().isCopied()).findFirst().orElseThrow();
      assertThat(WorkingMemory.bytes(ledger)).isGreaterThan(2 * largest.bytes());
    }
  }

  private static long allocated(Evaluator evaluator, Entry entry) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    evaluator.evaluate(entry, (_, _) -> {});
    return threads.getCurrentThreadAllocatedBytes() - before;
  }
}
