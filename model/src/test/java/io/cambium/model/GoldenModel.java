package io.cambium.model;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.testing.Goldens;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;

/** A golden, opened for inference, with the text on which transformers computed it. */
final class GoldenModel implements AutoCloseable {

  private final SafetensorsFile expected;
  private final CheckpointDirectory directory;
  private final Team team;
  private final Weights weights;
  private final Decoder decoder;

  private GoldenModel(Path path, Team team, DType compute) {
    this.expected = SafetensorsFile.open(path.resolve(Goldens.EXPECTED));
    this.directory = CheckpointDirectory.open(path);
    this.team = team;
    this.weights = Weights.map(directory, compute);
    this.decoder = Decoder.forInference(weights, team);
  }

  /**
   * Opens one, with one worker, in fp32.
   *
   * @param folder to unpack it into
   */
  static GoldenModel open(String golden, Path folder) {
    return open(golden, folder, 1, DType.F32);
  }

  /** The same with more workers, or in another type. */
  static GoldenModel open(String golden, Path folder, int workers, DType compute) {
    return new GoldenModel(Goldens.unpack(golden, folder), new Team(workers), compute);
  }

  Decoder decoder() {
    return decoder;
  }

  Weights weights() {
    return weights;
  }

  /** All token ids, sequence after sequence. */
  long[] ids() {
    return expected.data("input_ids").toArray(ValueLayout.JAVA_LONG_UNALIGNED);
  }

  /** Number of sequences. */
  int batch_B() {
    return Math.toIntExact(
        Objects.requireNonNull(expected.tensors().get("input_ids")).spec().shape().getFirst());
  }

  boolean expects(String tensor) {
    return expected.tensors().containsKey(tensor);
  }

  /** What transformers computed. */
  float[] expected(String tensor) {
    return expected.data(tensor).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
  }

  /** Runs the whole text, for somebody who listens. */
  void run() {
    long[] ids = ids();
    team.run(member -> {
      Tensor ids_BS = Torch.tensor(ids, batch_B(), ids.length / batch_B());
      decoder.logits(member, ids_BS);
    });
  }

  @Override
  public void close() {
    team.close();
    directory.close();
    expected.close();
  }
}
