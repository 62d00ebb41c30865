package io.cambium.lab.evaluation;

import io.cambium.model.InferenceModel;
import io.cambium.training.Evaluator;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.TokenShard;
import io.cambium.training.data.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * The loss on one domain's held-out text.
 *
 * @param loss nats per token
 * @param bitsPerByte the same per byte of text, so that tokenizers can be compared; the token that
 *     ends a document counts with its loss and has no bytes
 */
public record DomainLoss(String domain, long tokens, double loss, double bitsPerByte) {

  public double perplexity() {
    return Math.exp(loss);
  }

  /** Evaluates a domain of a corpus that the model's tokenizer made. */
  public static DomainLoss of(
      InferenceModel model, Evaluator evaluator, Corpus.Domain domain, Tokenizer tokenizer) {
    TokenShard shard = domain.validation();
    List<long[]> targets = evaluator.targets(shard);
    long tokens = targets.stream().mapToLong(sequence -> sequence.length).sum();
    long bytes = targets.stream().mapToLong(sequence -> bytes(sequence, tokenizer)).sum();
    double loss = evaluator.loss(model.decoder(), shard);
    return new DomainLoss(domain.name(), tokens, loss, loss * tokens / Math.log(2) / bytes);
  }

  /** A character that a sequence's ends cut apart counts as the replacement character's 3 bytes. */
  private static long bytes(long[] sequence, Tokenizer tokenizer) {
    int end = tokenizer.endOfText().orElse(-1);
    int[] text =
        Arrays.stream(sequence).mapToInt(Math::toIntExact).filter(id -> id != end).toArray();
    return tokenizer.decode(text).getBytes(StandardCharsets.UTF_8).length;
  }

  /** The mean over domains, each counting alike. */
  public static DomainLoss mean(List<DomainLoss> domains) {
    return new DomainLoss(
        "mean",
        domains.stream().mapToLong(DomainLoss::tokens).sum(),
        domains.stream().mapToDouble(DomainLoss::loss).average().orElseThrow(),
        domains.stream().mapToDouble(DomainLoss::bitsPerByte).average().orElseThrow());
  }
}
