package io.cambium.training;

import io.cambium.checkpoint.TrainingException;
import io.cambium.model.Decoder;
import io.cambium.model.RankGroups;
import io.cambium.model.Torch;
import io.cambium.training.data.Corpus;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/**
 * Whether all ranks hold the same: each reads weights and corpus for itself, from disks that may
 * not be one, and updates its weights by itself. Gradients of weights that differ add up to
 * nonsense without a sign of it.
 */
final class RankAgreement {

  private static final long MOST_BYTES = 1 << 30;

  private RankAgreement() {}

  /**
   * Compares the weights, bit by bit in their checksums: what all hold over all ranks, experts
   * among those that hold the same ones.
   *
   * @return the ranks whose weights are not those of the first rank that holds them
   */
  static List<Integer> othersByWeights(Decoder decoder) {
    RankGroups ranks = decoder.ranks();
    if (ranks.all().size() == 1) {
      return List.of();
    }
    int set = ranks.experts().size();
    double[] common = ranks.all().ofEach(crc(decoder, false));
    double[] experts = ranks.all().ofEach(crc(decoder, true));
    return IntStream.range(0, common.length)
        .filter(rank -> common[rank] != common[0] || experts[rank] != experts[rank % set])
        .boxed()
        .toList();
  }

  /**
   * Refuses to begin with what differs.
   *
   * @throws TrainingException on all ranks, naming those that read something else than the first
   *     that holds the same
   */
  static void require(Decoder decoder, Corpus corpus) {
    requireNone(othersByWeights(decoder), "weights");
    double[] corpora = decoder.ranks().all().ofEach(crc(corpus));
    requireNone(
        IntStream.range(0, corpora.length)
            .filter(rank -> corpora[rank] != corpora[0])
            .boxed()
            .toList(),
        "data");
  }

  private static void requireNone(List<Integer> others, String what) {
    if (!others.isEmpty()) {
      throw new TrainingException(
          null,
          "%s %s read other %s than the first rank that has the same part"
              .formatted(named(others), others.size() == 1 ? "has" : "have", what),
          "let all ranks read the same files");
    }
  }

  /** As people call them. */
  static String named(List<Integer> ranks) {
    return (ranks.size() == 1 ? "rank " : "ranks ")
        + ranks.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }

  private static long crc(Decoder decoder, boolean ofExperts) {
    CRC32C crc = new CRC32C();
    decoder
        .weights()
        .all()
        .forEach((tensor, value) -> {
          if (tensor.part().isExpert() == ofExperts) {
            update(crc, Torch.memory(value));
          }
        });
    return crc.getValue();
  }

  private static void update(CRC32C crc, MemorySegment bytes) {
    for (long done = 0; done < bytes.byteSize(); done += MOST_BYTES) {
      long count = Math.min(MOST_BYTES, bytes.byteSize() - done);
      crc.update(bytes.asSlice(done, count).asByteBuffer());
    }
  }

  /** Of what its files say of themselves: tokens are not read for it. */
  private static long crc(Corpus corpus) {
    CRC32C crc = new CRC32C();
    for (Corpus.Domain domain : corpus.domains()) {
      String shards =
          "%s %s %d %s %d"
              .formatted(
                  domain.name(),
                  domain.train().info(),
                  domain.train().size(),
                  domain.validation().info(),
                  domain.validation().size());
      crc.update(shards.getBytes(StandardCharsets.UTF_8));
    }
    return crc.getValue();
  }
}
