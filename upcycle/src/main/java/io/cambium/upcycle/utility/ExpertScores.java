package io.cambium.upcycle.utility;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Checksums;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Scores of all routed experts of a model.
 *
 * @param byScore per score and routing layer, one value for each expert [E]
 * @param routers what {@link #routersOf} says of the model they are of
 */
public record ExpertScores(Map<Score, SortedMap<Integer, List<Double>>> byScore, String routers) {

  private static final String ROUTERS = "routers_sha256";
  private static final Pattern TENSOR = Pattern.compile("layer\\.([0-9]{1,9})\\.([a-z_]+)");
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED;

  /**
   * @throws CheckpointException if a score is no finite number, as after a division by nothing or
   *     an overflow
   */
  public ExpertScores {
    byScore = Collections.unmodifiableMap(new TreeMap<>(byScore));
    byScore.forEach(
        (score, layers) -> layers.forEach((layer, values) -> requireFinite(score, layer, values)));
  }

  private static void requireFinite(Score score, int layer, List<Double> values) {
    for (int expert = 0; expert < values.size(); expert++) {
      if (!Double.isFinite(values.get(expert)) || values.get(expert) < 0) {
        throw new CheckpointException(
            "layer " + layer + " expert " + expert,
            "has a " + score + " of " + values.get(expert),
            "does the model have weights that are not finite?");
      }
    }
  }

  /**
   * One score.
   *
   * @return by routing layer, one value for each expert
   * @throws UsageException if it was not computed
   */
  public SortedMap<Integer, List<Double>> of(Score score) {
    SortedMap<Integer, List<Double>> layers = byScore.get(score);
    if (layers == null) {
      throw new UsageException(
          "score " + score,
          "was not computed: the scores hold "
              + byScore.keySet().stream().map(Score::toString).collect(Collectors.joining(", ")),
          "name one of those, or compute it with `cambium score --score " + score + "`");
    }
    return layers;
  }

  /** Tells models apart that were trained differently: the SHA-256 of all their routers. */
  public static String routersOf(CheckpointDirectory model) {
    return Checksums.sha256(
        model.tensors().stream()
            .filter(tensor -> tensor.part() == Part.ROUTER)
            .map(ModelTensor::name)
            .map(model::data)
            .toList());
  }

  /**
   * Refuses scores of another model.
   *
   * @throws UsageException if they are
   */
  public void requireOf(CheckpointDirectory model, Path file) {
    if (!routers.equals(routersOf(model))) {
      throw new UsageException(
          file,
          "holds scores of another model than " + model.path() + ", or of another training step",
          "compute them anew with `cambium score`");
    }
  }

  /**
   * Writes one tensor per score and layer, {@code layer.<index>.<score>} F64 [E]. A file that is
   * there stays until the new one is complete.
   */
  public void write(Path file, Map<String, String> metadata) {
    Map<String, List<Double>> tensors = new TreeMap<>();
    byScore.forEach((score, layers) ->
        layers.forEach((layer, values) -> tensors.put("layer." + layer + "." + score, values)));
    List<TensorSpec> specs = new ArrayList<>();
    tensors.forEach((name, values) ->
        specs.add(new TensorSpec(name, DType.F64, List.of((long) values.size()))));
    Map<String, String> all = new TreeMap<>(metadata);
    all.put(ROUTERS, routers);
    try (SafetensorsWriter writer = SafetensorsWriter.replace(file, specs, all)) {
      tensors.forEach((name, values) ->
          writer.write(
              name,
              MemorySegment.ofArray(values.stream().mapToDouble(Double::doubleValue).toArray())));
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws CheckpointException if the file holds something else
   */
  public static ExpertScores read(Path path) {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Map<Score, SortedMap<Integer, List<Double>>> byScore = new EnumMap<>(Score.class);
      file.tensors()
          .forEach((name, entry) -> {
            Matcher matcher = TENSOR.matcher(name);
            if (!matcher.matches() || entry.spec().dtype() != DType.F64) {
              throw malformed(path, "holds the tensor " + name);
            }
            byScore
                .computeIfAbsent(score(matcher.group(2), path), _ -> new TreeMap<>())
                .put(
                    Integer.parseInt(matcher.group(1)),
                    Arrays.stream(file.data(name).toArray(F64)).boxed().toList());
          });
      String routers = file.metadata().get(ROUTERS);
      if (routers == null) {
        throw malformed(path, "has no \"" + ROUTERS + "\" in its metadata");
      }
      return new ExpertScores(byScore, Objects.requireNonNull(routers));
    }
  }

  private static Score score(String name, Path path) {
    return Arrays.stream(Score.values())
        .filter(score -> score.toString().equals(name))
        .findFirst()
        .orElseThrow(() -> malformed(path, "holds an unknown score, " + name));
  }

  private static CheckpointException malformed(Path path, String what) {
    return new CheckpointException(path, what, "is it a file that `cambium score` wrote?");
  }
}
