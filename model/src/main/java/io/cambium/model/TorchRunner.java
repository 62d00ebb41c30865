package io.cambium.model;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.upcycle.runner.InputMoments;
import io.cambium.upcycle.runner.ModelRunner;
import io.cambium.upcycle.runner.RoutedLogits;
import io.cambium.upcycle.runner.TokenIds;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Runs checkpoint directories on all cores, in fp32 unless told, under the selection rule of their
 * manifest. Logits need no more memory than a layer's weights in that type, beside the page cache.
 */
public final class TorchRunner implements ModelRunner {

  @Override
  public float[] logits(Path path, TokenIds ids, OptionalInt topK, DType compute) {
    try (InferenceModel model = InferenceModel.openAsStored(path, topK, compute)) {
      return logits(model.decoder(), ids);
    }
  }

  @Override
  public RoutedLogits routedLogits(Path path, TokenIds ids, DType compute) {
    try (InferenceModel model = InferenceModel.openAsStored(path, OptionalInt.empty(), compute)) {
      Decoder decoder = model.decoder();
      List<Manifest.Growth> growth = model.directory().manifest().growth();
      if (growth.isEmpty()) {
        return new RoutedLogits(logits(decoder, ids), null);
      }
      SiblingCoselection siblings =
          new SiblingCoselection(decoder.team().size(), growth.getLast().parents());
      decoder.listen(siblings);
      return new RoutedLogits(logits(decoder, ids), siblings.rate());
    }
  }

  /** Logits of a decoder, fp32, row-major [B, S, V]; the sequences are spread over its team. */
  public static float[] logits(Decoder decoder, TokenIds ids) {
    int vocabulary = decoder.spec().vocabSize();
    int sequence = ids.sequence_S();
    float[] logits = new float[Math.toIntExact((long) ids.ids().length * vocabulary)];
    decoder
        .team()
        .run(member -> {
          int from = Share.start(ids.batch_B(), member);
          float[] mine =
              Torch.floats(decoder.logits(member, share(ids, member)).to(ScalarType.Float));
          System.arraycopy(mine, 0, logits, from * sequence * vocabulary, mine.length);
        });
    return logits;
  }

  /**
   * On one core: sums over several would be rounded by their number, and growth shall not depend on
   * it.
   */
  @Override
  public List<InputMoments> inputMoments(Path path, List<TokenIds> batches) {
    try (InferenceModel model = InferenceModel.open(path, OptionalInt.empty(), new Team(1))) {
      Decoder decoder = model.decoder();
      Team team = decoder.team();
      ExpertInputs inputs = new ExpertInputs(decoder.spec(), team.size());
      decoder.listen(inputs);
      for (TokenIds batch : batches) {
        team.run(member -> decoder.logits(member, share(batch, member)));
      }
      return inputs.moments();
    }
  }

  /** On one core, as above. */
  @Override
  public List<SortedMap<Integer, double[]>> blockInputMeans(
      Path path, List<List<TokenIds>> groups) {
    try (InferenceModel model = InferenceModel.open(path, OptionalInt.empty(), new Team(1))) {
      return groups.stream().map(batches -> blockInputMeans(model.decoder(), batches)).toList();
    }
  }

  /** On one core, as above. */
  @Override
  public Map<ModelTensor, float[]> expertGradients(
      Path path, List<TokenIds> batches, List<ModelTensor> matrices) {
    try (CheckpointDirectory directory = CheckpointDirectory.open(path);
        Team team = new Team(1)) {
      Decoder decoder = Decoder.forTraining(Weights.load(directory, DType.F32), team);
      long tokens = batches.stream().mapToLong(TorchRunner::targets).sum();
      boolean further = false;
      for (TokenIds batch : batches) {
        boolean accumulate = further;
        team.run(member -> backward(decoder, member, batch, tokens, accumulate));
        further = true;
      }
      return matrices.stream()
          .collect(Collectors.toMap(matrix -> matrix, matrix -> gradient(decoder, matrix)));
    }
  }

  /** Tokens that follow another. */
  private static long targets(TokenIds batch) {
    return (long) batch.batch_B() * (batch.sequence_S() - 1);
  }

  private static void backward(
      Decoder decoder, Team.Member member, TokenIds batch, long tokens, boolean accumulate) {
    Tensor ids_BS = share(batch, member);
    long last = batch.sequence_S() - 1;
    decoder.backward(
        member,
        ids_BS.narrow(1, 0, last).contiguous(),
        ids_BS.narrow(1, 1, last).contiguous(),
        tokens,
        accumulate);
  }

  private static float[] gradient(Decoder decoder, ModelTensor matrix) {
    return Torch.floats(decoder.mixture(matrix.layer()).gradient(matrix.part(), matrix.expert()));
  }

  private static SortedMap<Integer, double[]> blockInputMeans(
      Decoder decoder, List<TokenIds> batches) {
    BlockInputs inputs = new BlockInputs(decoder.spec());
    decoder.listen(inputs);
    for (TokenIds batch : batches) {
      decoder.team().run(member -> decoder.logits(member, share(batch, member)));
    }
    return inputs.means();
  }

  /** A member's part of the sequences, [b, S]. */
  private static Tensor share(TokenIds ids, Team.Member member) {
    int from = Share.start(ids.batch_B(), member);
    int to = Share.end(ids.batch_B(), member);
    int sequence = ids.sequence_S();
    return Torch.tensor(
        Arrays.copyOfRange(ids.ids(), from * sequence, to * sequence), to - from, sequence);
  }
}
