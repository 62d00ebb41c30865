package io.cambium.lab.report;

import static io.cambium.lab.Events.evaluation;
import static io.cambium.lab.Events.step;
import static org.assertj.core.api.Assertions.assertThat;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.lab.RunHistory;
import io.cambium.training.metrics.Metric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which runs stand in one line of the table. */
class SeedGroupTest {

  @TempDir private Path folder;

  private final SequencedMap<String, RunHistory> runs = new LinkedHashMap<>();

  /** Two seeds of one arm. */
  @BeforeEach
  void twoSeeds() throws IOException {
    add("a-1", model("a-seed-1", "copy", 1), 1, 20);
    add("a-2", model("a-seed-2", "copy", 2), 2, 20);
  }

  private void add(String name, Path model, int seed, long lastStep) {
    add(name, name, model, seed, lastStep);
  }

  private void add(String name, String directory, Path model, int seed, long lastStep) {
    String yaml = "model: %s\nseed: %d\ngrowth: {at: 3, seed: %d}\n".formatted(model, seed, seed);
    List<Metric> events = List.of(step(lastStep, 0.5, 0.5), evaluation(lastStep, 3));
    runs.put(name, new RunHistory(folder.resolve(directory), yaml, events));
  }

  private Path model(String name, String initialisation, long seed) throws IOException {
    Path model = Files.createDirectory(folder.resolve(name));
    Files.writeString(model.resolve("config.json"), "{\"hidden_size\": 16}");
    Manifest.SparseUpcycling made =
        new Manifest.SparseUpcycling(
            List.of("llama"),
            4,
            2,
            1,
            List.of(0),
            false,
            initialisation,
            "normal",
            new TreeMap<>(),
            seed,
            null);
    Files.write(model.resolve(Manifest.FILE_NAME), Json.bytes(Manifest.of(made)));
    return model;
  }

  private List<List<String>> groups() {
    return SeedGroup.of(runs).stream().map(SeedGroup::runs).toList();
  }

  @Test
  void seedsOfOneArmStandTogether() {
    assertThat(groups()).containsExactly(List.of("a-1", "a-2"));
  }

  /** As the lab lays them out. */
  @Test
  void theyAreCalledByTheDirectoryThatTheyHaveInCommon() throws IOException {
    assertThat(SeedGroup.of(runs)).extracting(SeedGroup::name).containsExactly("a-1");
    runs.clear();
    add("a/seed-1", folder.resolve("a-seed-1"), 1, 20);
    add("a/seed-2", folder.resolve("a-seed-2"), 2, 20);
    add("b/seed-1", model("b-seed-1", "drop", 1), 1, 20);
    assertThat(SeedGroup.of(runs)).extracting(SeedGroup::name).containsExactly("a", "b/seed-1");
  }

  /** Alone they are told apart by the seed, and a directory of two arms is neither's name. */
  @Test
  void noTwoAreCalledTheSame() throws IOException {
    runs.clear();
    add("seed-1", "a/seed-1", folder.resolve("a-seed-1"), 1, 20);
    add("seed-2", "a/seed-2", folder.resolve("a-seed-2"), 2, 20);
    assertThat(SeedGroup.of(runs)).extracting(SeedGroup::name).containsExactly("a");
    runs.clear();
    add("a/x-1", folder.resolve("a-seed-1"), 1, 20);
    add("a/x-2", folder.resolve("a-seed-2"), 2, 20);
    add("a/y-1", model("b-seed-1", "drop", 1), 1, 20);
    add("a/y-2", model("b-seed-2", "drop", 2), 2, 20);
    assertThat(SeedGroup.of(runs)).extracting(SeedGroup::name).containsExactly("a/x-1", "a/y-1");
  }

  @Test
  void anotherInitialisationIsAnotherArm() throws IOException {
    add("a-3", model("a-seed-3", "drop", 3), 3, 20);
    assertThat(groups()).containsExactly(List.of("a-1", "a-2"), List.of("a-3"));
  }

  /** Weights do not tell whether they are another seed's or another model's. */
  @Test
  void modelsOfOneConfigInOtherPlacesAreOtherArms() throws IOException {
    add("b-3", model("b-seed-3", "copy", 3), 3, 20);
    assertThat(groups()).containsExactly(List.of("a-1", "a-2"), List.of("b-3"));
  }

  @Test
  void lossesAtOtherTokensAreNotAveraged() throws IOException {
    add("a-3", model("a-seed-3", "copy", 3), 3, 10);
    assertThat(SeedGroup.of(runs)).extracting(SeedGroup::tokens).containsExactly(200L, 100L);
  }
}
