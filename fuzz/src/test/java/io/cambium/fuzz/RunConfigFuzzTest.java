package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.training.config.RunConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** run.yaml; JSON is YAML too. */
class RunConfigFuzzTest {

  private static final EditedJson RUNS =
      EditedJson.ofTexts(
          """
          {"model": "model", "data": "data", "steps": 100,
           "batch": {"sequences": 4, "length": 64}, "workers": 2,
           "optimizer": {"learning_rate": 0.001, "betas": [0.9, 0.95]},
           "schedule": {"warmup": 0.1}, "balance": {}, "release": {},
           "growth": {"at": 0.3, "experts": 16, "mode": "lineage", "rows": "split"}}\
          """);

  private static final Path FILE = Scratch.directory("run").resolve(RunConfig.FILE_NAME);

  static Stream<Arguments> seeds() {
    String text =
        """
        model: a
        data: &x b
        steps: 3  # three
        batch: {sequences: 2}
        seed: !!int 7
        """;
    byte[] yaml = (" " + text).getBytes(StandardCharsets.UTF_8);
    return Stream.concat(RUNS.seeds(), Stream.of(Arguments.of((Object) yaml)));
  }

  @MethodSource("seeds")
  @FuzzTest
  void readsOrRefuses(byte[] input) {
    boolean text = input.length > 0 && input[0] == ' ';
    Scratch.write(FILE, text ? input : RUNS.of(input));
    Limits.hold(input, () -> RunConfig.read(FILE, List.of()));
  }
}
