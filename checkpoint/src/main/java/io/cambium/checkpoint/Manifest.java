package io.cambium.checkpoint;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What {@code cambium.json} keeps beside a checkpoint: how its experts came to be, and checksums of
 * its files.
 *
 * @param format version of this record, {@value #FORMAT}
 * @param sparse how experts were made of a dense model; absent where the first model had experts
 * @param growth every growth step, oldest first
 * @param selection how experts are chosen where that is not plain top-K; absent in a plain model
 * @param sha256 checksum of each weight file, by file name
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Manifest(
    int format,
    @Nullable SparseUpcycling sparse,
    List<Growth> growth,
    @Nullable Selection selection,
    SortedMap<String, String> sha256) {

  public static final String FILE_NAME = "cambium.json";
  public static final int FORMAT = 1;

  /** A checkpoint that never grew. */
  public static final Manifest EMPTY = new Manifest(FORMAT, null, List.of(), null, new TreeMap<>());

  public Manifest {
    growth = List.copyOf(growth);
    sha256 = Collections.unmodifiableSortedMap(new TreeMap<>(sha256));
    sha256.keySet().forEach(PlainFileName::require);
    for (int i = 1; i < growth.size(); i++) {
      require(
          growth.get(i).sourceExperts() == growth.get(i - 1).targetExperts(),
          "growth step " + i + " does not begin with the experts that the step before it left");
    }
    require(
        selection == null || !selection.isRelease() || !growth.isEmpty(),
        "the selection belongs to a growth step, and there is none");
  }

  /**
   * Sparse upcycling (arXiv 2212.05055): dense blocks that became experts. The options as a user
   * gives them.
   *
   * @param sources the dense models' families, in order; copy i comes of source i, round and round
   * @param copies how many copies of a dense block a layer has
   * @param topK how many of them a token visits
   * @param granularity into how many experts each copy was cut; experts of one copy follow each
   *     other
   * @param layers the layers that route
   * @param sharedExpert whether the dense block is the shared expert as well
   * @param initialisation how the copies differ
   * @param parameters of initialisation and router, by name
   * @param router how its rows were made
   * @param realised how far the copies are from the block; absent where they equal it
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record SparseUpcycling(
      List<String> sources,
      int copies,
      int topK,
      int granularity,
      List<Integer> layers,
      boolean sharedExpert,
      String initialisation,
      String router,
      SortedMap<String, Double> parameters,
      long seed,
      @Nullable Realised realised) {

    public SparseUpcycling {
      sources = List.copyOf(sources);
      layers = List.copyOf(layers);
      parameters = Collections.unmodifiableSortedMap(new TreeMap<>(parameters));
    }

    private SparseUpcycling with(Realised measured) {
      return new SparseUpcycling(
          sources,
          copies,
          topK,
          granularity,
          layers,
          sharedExpert,
          initialisation,
          router,
          parameters,
          seed,
          measured);
    }
  }

  /**
   * What became of copies of dense blocks, or of replicas, measured in the weights as they are
   * written, rounded to their type.
   *
   * @param layers that were measured
   * @param matrices by name: gate, up, down
   */
  public record Realised(List<Integer> layers, SortedMap<String, Distances> matrices) {

    public Realised {
      layers = List.copyOf(layers);
      matrices = Collections.unmodifiableSortedMap(new TreeMap<>(matrices));
    }
  }

  /**
   * Distances in one kind of matrix, relative: the root of the sum of squared differences over that
   * of the block's squared weights, both over all layers and copies. Of a matrix with more than a
   * million elements both are sums over some of its batches, spread evenly. Of a growth step, the
   * block is the parent, and its copies are the replicas.
   *
   * @param fromBlock of a copy from its block
   * @param betweenCopies of neighbouring copies from each other; 0 where none has a neighbour
   * @param changed share of the weights that are not, bit by bit, those of the block
   */
  public record Distances(double fromBlock, double betweenCopies, double changed) {}

  /** What a model that was dense begins with. */
  public static Manifest of(SparseUpcycling sparse) {
    return new Manifest(FORMAT, sparse, List.of(), null, new TreeMap<>());
  }

  /**
   * One growth step: the options as a user gives them, and the parent of every expert.
   *
   * @param replicaAmount how far replicas went from their parent, in the unit of their kind; 0 for
   *     copies
   * @param step training step of the transition; absent for a conversion
   * @param parents per routing layer, by layer index: for each expert of the grown model, the index
   *     of the source expert it descends from; the first of a lineage is the original
   * @param realised how far the replicas are from their parents; absent where they equal them
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Growth(
      String mode,
      String rows,
      double rowDelta,
      double biasNoise,
      String replicas,
      @JsonAlias("dropRate") double replicaAmount,
      String moments,
      long seed,
      @Nullable Long step,
      int sourceExperts,
      int targetExperts,
      SortedMap<Integer, List<Integer>> parents,
      @Nullable Realised realised) {

    public Growth {
      SortedMap<Integer, List<Integer>> copy = new TreeMap<>();
      for (Map.Entry<Integer, List<Integer>> layer : parents.entrySet()) {
        requireParents(layer.getKey(), layer.getValue(), sourceExperts, targetExperts);
        copy.put(layer.getKey(), List.copyOf(layer.getValue()));
      }
      parents = Collections.unmodifiableSortedMap(copy);
    }

    /** Before anything was measured of it. */
    public Growth(
        String mode,
        String rows,
        double rowDelta,
        double biasNoise,
        String replicas,
        double replicaAmount,
        String moments,
        long seed,
        @Nullable Long step,
        int sourceExperts,
        int targetExperts,
        SortedMap<Integer, List<Integer>> parents) {
      this(
          mode,
          rows,
          rowDelta,
          biasNoise,
          replicas,
          replicaAmount,
          moments,
          seed,
          step,
          sourceExperts,
          targetExperts,
          parents,
          null);
    }

    private Growth with(Realised measured) {
      return new Growth(
          mode,
          rows,
          rowDelta,
          biasNoise,
          replicas,
          replicaAmount,
          moments,
          seed,
          step,
          sourceExperts,
          targetExperts,
          parents,
          measured);
    }

    /** The experts of a layer that are replicas: all of a lineage but its first. */
    public List<Integer> replicas(int layer) {
      return replicas(Objects.requireNonNull(parents.get(layer)));
    }

    /** The same, of the parents of a layer. */
    public static List<Integer> replicas(List<Integer> parents) {
      return IntStream.range(0, parents.size())
          .filter(expert -> parents.indexOf(parents.get(expert)) < expert)
          .boxed()
          .toList();
    }

    private static void requireParents(int layer, List<Integer> parents, int source, int target) {
      require(
          parents.size() == target && parents.stream().allMatch(p -> p >= 0 && p < source),
          "parents of layer " + layer + " are not " + target + " indices below " + source);
    }
  }

  /**
   * Where a growth step's release from exact to plain top-K stands (docs/grow.md), or that experts
   * are chosen by token id. Such a checkpoint has no Hugging Face form unless it is {@code cold},
   * whose hold-back is folded into the written selection bias.
   *
   * @param mode how experts are chosen
   * @param ownLogit the share {@code a} of a replica's own logit against its lineage's mean, 0 to 1
   * @param siblingPenalty what the score of a lineage's non-best siblings is lowered by, in spans
   *     of the scores; absent for infinite
   * @param holdBack what replicas' selection bias is lowered by in the written file
   * @param hashSeed of the function from token ids to experts; absent but in mode {@code hash}
   * @param hashGenerator what that function draws with, {@link #HASH_GENERATOR}; likewise
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Selection(
      Mode mode,
      double ownLogit,
      @Nullable Double siblingPenalty,
      double holdBack,
      @Nullable Long hashSeed,
      @Nullable String hashGenerator) {

    /** Of {@link CounterRandom}: with another one, every token would go to other experts. */
    public static final String HASH_GENERATOR = "threefry4x32-13";

    /** How experts are chosen where that is not plain top-K. */
    public enum Mode {
      /** Replicas are held back by their selection bias. */
      COLD,
      /** The best sibling stands for its lineage. */
      LINEAGE,
      /** By token id. */
      HASH;

      @JsonCreator
      static Mode named(String name) {
        return Arrays.stream(values())
            .filter(mode -> mode.toString().equals(name))
            .findFirst()
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "selection mode \"" + name + "\" is none of " + Arrays.toString(values())));
      }

      @JsonValue
      @Override
      public String toString() {
        return name().toLowerCase(Locale.ROOT);
      }
    }

    public Selection {
      require(
          (mode == Mode.HASH) == (hashSeed != null),
          "a hashSeed belongs to the selection mode hash, and to no other");
      require(
          Objects.equals(hashGenerator, mode == Mode.HASH ? HASH_GENERATOR : null),
          "hashGenerator is %s: the selection mode hash draws with %s here, and no other mode draws"
              .formatted(hashGenerator, HASH_GENERATOR));
    }

    /** A release. */
    public Selection(Mode mode, double ownLogit, @Nullable Double siblingPenalty, double holdBack) {
      this(mode, ownLogit, siblingPenalty, holdBack, null, null);
    }

    /** By token id, for good. */
    public static Selection hash(long seed) {
      return new Selection(Mode.HASH, 0, null, 0, seed, HASH_GENERATOR);
    }

    /** Whether it ends in plain top-K. */
    @JsonIgnore
    public boolean isRelease() {
      return mode != Mode.HASH;
    }
  }

  /**
   * The manifest of a checkpoint directory, where it has one.
   *
   * @throws CheckpointException if it is of another format version or malformed
   */
  public static Optional<Manifest> read(Path directory) {
    Path file = directory.resolve(FILE_NAME);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    ObjectNode json = Json.readObject(file);
    JsonNode format = json.path("format");
    if (!format.isInt() || format.intValue() != FORMAT) {
      throw new CheckpointException(
          file,
          "is a manifest of format " + (format.isMissingNode() ? "unknown" : format),
          "this version of Cambium reads format " + FORMAT);
    }
    try {
      return Optional.of(Json.MAPPER.treeToValue(json, Manifest.class));
    } catch (JacksonException e) {
      // What a record refuses, in its own words.
      String what =
          e.getCause() instanceof IllegalArgumentException refusal
              ? refusal.getMessage()
              : e.getOriginalMessage();
      throw new CheckpointException(file, "is malformed: " + what, null, e);
    }
  }

  /** Whether plain top-K, all that other engines know, chooses the experts that this rule does. */
  public boolean hasHuggingFaceForm() {
    return selection == null || selection.mode() == Selection.Mode.COLD;
  }

  /**
   * Over all growth steps: per routing layer, for each expert of today, the expert of the model
   * that never grew which it descends from. Empty for that model.
   */
  public SortedMap<Integer, List<Integer>> founders() {
    SortedMap<Integer, List<Integer>> founders = new TreeMap<>();
    for (Growth step : growth) {
      step.parents()
          .forEach((layer, parents) ->
              founders.merge(
                  layer, parents, (older, _) -> parents.stream().map(older::get).toList()));
    }
    return founders;
  }

  /** With what was measured of the copies or replicas that the last step made. */
  public Manifest withRealised(Realised realised) {
    if (growth.isEmpty()) {
      return new Manifest(
          FORMAT, Objects.requireNonNull(sparse).with(realised), growth, selection, sha256);
    }
    List<Growth> steps = new ArrayList<>(growth);
    steps.add(steps.removeLast().with(realised));
    return new Manifest(FORMAT, sparse, steps, selection, sha256);
  }

  /** What was measured of the copies or replicas that the last step made, if anything was. */
  @JsonIgnore
  public Optional<Realised> realised() {
    return growth.isEmpty()
        ? Optional.ofNullable(sparse).map(SparseUpcycling::realised)
        : Optional.ofNullable(growth.getLast().realised());
  }

  /** With a growth step after the others, and the selection rule that it leaves. */
  public Manifest withGrowth(Growth step, @Nullable Selection newSelection) {
    List<Growth> steps = new ArrayList<>(growth);
    steps.add(step);
    return new Manifest(FORMAT, sparse, steps, newSelection, sha256);
  }

  public Manifest withSelection(@Nullable Selection newSelection) {
    return new Manifest(FORMAT, sparse, growth, newSelection, sha256);
  }

  public Manifest withChecksums(Map<String, String> checksums) {
    return new Manifest(FORMAT, sparse, growth, selection, new TreeMap<>(checksums));
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
