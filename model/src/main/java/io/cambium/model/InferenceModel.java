package io.cambium.model;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.family.DecoderSpec;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * A checkpoint directory that is open to be run on all cores, in fp32 unless told, under the
 * selection rule of its manifest.
 */
public final class InferenceModel implements AutoCloseable {

  private final CheckpointDirectory directory;
  private final Team team;
  private final Decoder decoder;

  /** How weights come into memory. */
  private interface Mapping {
    Weights map(CheckpointDirectory directory, DecoderSpec spec, DType compute);
  }

  private InferenceModel(
      CheckpointDirectory directory, OptionalInt topK, Team team, Mapping weights, DType compute) {
    this.directory = directory;
    DecoderSpec spec =
        topK.isPresent() ? withTopK(directory, topK.getAsInt()) : directory.decoder();
    this.team = team;
    this.decoder = Decoder.forInference(weights.map(directory, spec, compute), team);
    decoder.select(SelectionRule.of(directory.manifest()));
  }

  /**
   * Opens a checkpoint and compares its files with the checksums of its manifest.
   *
   * @param topK experts per token instead of the configured number
   * @throws io.cambium.checkpoint.CheckpointException if anything is wrong with it
   */
  public static InferenceModel open(Path path, OptionalInt topK) {
    return open(path, topK, DType.F32);
  }

  /**
   * The same in fp32 or fp64.
   *
   * @param compute F32 or F64
   */
  public static InferenceModel open(Path path, OptionalInt topK, DType compute) {
    return open(path, topK, Team.ofAllCores(), Weights::map, compute);
  }

  /**
   * The same for generating one sequence token by token: weights stay in the file, and half of what
   * fp32 ones would be is read for each token where they are stored in half precision.
   */
  public static InferenceModel openForGeneration(Path path) {
    return open(path, OptionalInt.empty(), Team.ofOneOnAllCores(), Weights::mapAsStored, DType.F32);
  }

  /**
   * The same for a single pass in little memory: weights stay in the file and are converted where
   * they are used.
   *
   * @param compute F32 or F64
   */
  static InferenceModel openAsStored(Path path, OptionalInt topK, DType compute) {
    return open(path, topK, Team.ofAllCores(), Weights::mapAsStored, compute);
  }

  /** The same on a team of the caller's choice, which this model then owns. */
  static InferenceModel open(Path path, OptionalInt topK, Team team) {
    return open(path, topK, team, Weights::map, DType.F32);
  }

  private static InferenceModel open(
      Path path, OptionalInt topK, Team team, Mapping weights, DType compute) {
    CheckpointDirectory directory = CheckpointDirectory.open(path);
    try {
      directory.verifyChecksums();
      return new InferenceModel(directory, topK, team, weights, compute);
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  private static DecoderSpec withTopK(CheckpointDirectory directory, int topK) {
    return directory
        .family()
        .decoder(
            new ModelConfig(
                directory.config().file(),
                directory.family().withTopK(directory.config().json(), topK)));
  }

  public Decoder decoder() {
    return decoder;
  }

  public CheckpointDirectory directory() {
    return directory;
  }

  @Override
  public void close() {
    team.close();
    directory.close();
  }
}
