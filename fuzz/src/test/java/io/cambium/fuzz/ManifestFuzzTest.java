package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.checkpoint.Manifest;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** cambium.json, the manifest. */
class ManifestFuzzTest {

  private static final EditedJson MANIFESTS =
      EditedJson.ofTexts(
          """
          {"format": 1,
           "growth": [
             {"mode": "lineage", "rows": "split", "rowDelta": 0.6, "biasNoise": 0.0,
              "replicas": "copy", "dropRate": 0.5, "moments": "copy", "seed": 7,
              "step": 1200, "sourceExperts": 2, "targetExperts": 3,
              "parents": {"1": [0, 1, 0], "2": [0, 1, 1]}},
             {"mode": "cold", "rows": "copy", "rowDelta": 0.0, "biasNoise": 0.0,
              "replicas": "drop", "dropRate": 0.5, "moments": "zero", "seed": 7,
              "sourceExperts": 3, "targetExperts": 4, "parents": {"1": [0, 1, 2, 2]}}],
           "selection": {"mode": "lineage", "ownLogit": 0.25, "holdBack": 0.0,
                         "siblingPenalty": 3.5},
           "sha256": {"model.safetensors": "00"}}\
          """,
          """
          {"format": 1,
           "sparse": {"sources": ["llama"], "copies": 4, "topK": 2, "granularity": 2,
             "layers": [0, 1], "sharedExpert": false, "initialisation": "drop",
             "router": "normal", "parameters": {"rate": 0.5}, "seed": 3,
             "realised": {"layers": [0], "matrices":
               {"gate": {"fromBlock": 0.1, "betweenCopies": 0.2, "changed": 0.5}}}},
           "growth": [],
           "selection": {"mode": "hash", "ownLogit": 0.0, "holdBack": 0.0, "hashSeed": 7,
            "hashGenerator": "threefry4x32-13"},
           "sha256": {}}\
          """);

  private static final Path DIRECTORY = Scratch.directory("manifest");

  static Stream<Arguments> seeds() {
    return MANIFESTS.seeds();
  }

  @MethodSource("seeds")
  @FuzzTest
  void readsOrRefuses(byte[] input) {
    Scratch.write(DIRECTORY.resolve(Manifest.FILE_NAME), MANIFESTS.of(input));
    Limits.hold(
        input,
        () ->
            Manifest.read(DIRECTORY)
                .ifPresent(manifest -> {
                  manifest.founders();
                  manifest.hasHuggingFaceForm();
                }));
  }
}
