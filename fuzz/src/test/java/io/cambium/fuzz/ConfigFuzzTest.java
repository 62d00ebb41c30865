package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.Families;
import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The config.json of every family, beside the weights of a checkpoint. */
class ConfigFuzzTest {

  /** One input of so many is read with the weights, which takes ten times as long. */
  private static final int WITH_WEIGHTS = 5;

  private static final EditedJson CONFIGS =
      new EditedJson(Goldens.ALL.stream().map(Goldens::config).toList());

  private static final List<Path> DIRECTORIES = directories();

  private static List<Path> directories() {
    Path parent = Scratch.directory("configs");
    return Goldens.ALL.stream().map(golden -> Goldens.unpack(golden, parent)).toList();
  }

  static Stream<Arguments> seeds() {
    return CONFIGS.seeds();
  }

  @MethodSource("seeds")
  @FuzzTest
  void readsOrRefuses(byte[] input) {
    Path directory = DIRECTORIES.get(CONFIGS.example(input));
    Path file = Scratch.write(directory.resolve(CheckpointDirectory.CONFIG), CONFIGS.of(input));
    Limits.hold(
        input,
        () -> {
          if (input.length % WITH_WEIGHTS == 0) {
            CheckpointDirectory.open(directory).close();
          } else {
            ModelConfig config = new ModelConfig(file, Json.readObject(file));
            Families.of(config).decoder(config);
          }
        });
  }
}
