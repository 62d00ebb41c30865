package io.cambium.lab.evaluation;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.model.InferenceModel;
import io.cambium.training.Evaluator;
import io.cambium.training.data.Corpus;
import io.cambium.training.data.TokenShard;
import io.cambium.training.data.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The loss on one domain's held-out text.
 *
 * @param loss nats per token
 * @param standardError of the loss, from its spread over the sequences, which stand for independent
 *     draws of the domain's text; absent for a single one
 * @param bitsPerByte the same per byte of text, so that tokenizers can be compared; the token that
 *     ends a document counts with its loss and has no bytes
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DomainLoss(
    String domain, long tokens, double loss, @Nullable Double standardError, double bitsPerByte) {

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
    double[] losses = evaluator.sequenceLosses(model.decoder(), shard);
    double loss = Arrays.stream(losses).average().orElseThrow();
    return new DomainLoss(
        domain.name(),
        tokens,
        loss,
        standardError(losses, loss),
        loss * tokens / Math.log(2) / bytes);
  }

  private static @Nullable Double standardError(double[] losses, double mean) {
    int n = losses.length;
    double squares = Arrays.stream(losses).map(loss -> (loss - mean) * (loss - mean)).sum();
    return n < 2 ? null : Double.valueOf(Math.sqrt(squares / (n - 1) / n));
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
        meanError(domains),
        domains.stream().mapToDouble(DomainLoss::bitsPerByte).average().orElseThrow());
  }

  private static @Nullable Double meanError(List<DomainLoss> domains) {
    double squares = 0;
    for (DomainLoss domain : domains) {
      if (domain.standardError() == null) {
        return null;
      }
      squares += domain.standardError() * domain.standardError();
    }
    return Math.sqrt(squares) / domains.size();
  }
}
