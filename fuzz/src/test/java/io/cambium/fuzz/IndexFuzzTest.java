package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.testing.TinyModels;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The index of a sharded checkpoint. */
class IndexFuzzTest {

  private static final Path DIRECTORY =
      TinyModels.glm4Moe()
          .layers(2, 1)
          .experts(2)
          .sharded(20_000)
          .write(Scratch.directory("index").resolve("model"));

  private static final Path INDEX = DIRECTORY.resolve(CheckpointDirectory.INDEX);

  private static final EditedJson INDEXES = new EditedJson(List.of(Json.readObject(INDEX)));

  static Stream<Arguments> seeds() {
    return INDEXES.seeds();
  }

  @MethodSource("seeds")
  @FuzzTest
  void readsOrRefuses(byte[] input) {
    Scratch.write(INDEX, INDEXES.of(input));
    Limits.hold(input, () -> CheckpointDirectory.open(DIRECTORY).close());
  }
}
