package io.cambium.lab.evaluation;

import io.cambium.checkpoint.Progress;
import io.cambium.checkpoint.UsageException;
import io.cambium.model.Decoder;
import io.cambium.model.InferenceModel;
import io.cambium.model.Team;
import io.cambium.model.Torch;
import io.cambium.training.data.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Scores choices by the likelihood a model gives them after their question and a space, cut into
 * tokens as lm-evaluation-harness does: question and choice together, and what goes beyond the
 * question's own number of tokens is the choice.
 */
public final class ChoiceScorer {

  /**
   * A text whose end is scored.
   *
   * @param ids of the whole text
   * @param first index of the first token that counts
   */
  private record Continuation(int[] ids, int first) {}

  private final Decoder decoder;
  private final Tokenizer tokenizer;
  private final int positions;
  private int cut;

  /**
   * @param tokenizer that fits the model
   */
  public ChoiceScorer(InferenceModel model, Tokenizer tokenizer) {
    this.decoder = model.decoder();
    this.tokenizer = tokenizer;
    this.positions =
        model.directory().config().countOr("max_position_embeddings", Integer.MAX_VALUE);
  }

  /** How many texts were too long for the model's positions and lost their beginning. */
  public int cut() {
    return cut;
  }

  /** Answers questions, a text per worker at a time. */
  public List<ChoiceResult> score(List<ChoiceQuestion> questions, Progress progress) {
    List<Continuation> texts = new ArrayList<>();
    questions.forEach(question ->
        question.choices().forEach(choice -> texts.add(encode(question.question(), choice))));
    double[] likelihoods = likelihoods(texts, progress);
    List<ChoiceResult> results = new ArrayList<>();
    int at = 0;
    for (ChoiceQuestion question : questions) {
      int end = at + question.choices().size();
      results.add(new ChoiceResult(question, Arrays.stream(likelihoods, at, end).boxed().toList()));
      at = end;
    }
    return results;
  }

  /** White space at a question's end belongs to the choice, as most tokenizers would have it. */
  private Continuation encode(String question, String choice) {
    String context = question.stripTrailing();
    if (context.isEmpty()) {
      return whole(choice);
    }
    int[] ids = tokenizer.encode(question + " " + choice);
    if (ids.length < 2) {
      throw new UsageException(
          "question \"" + question + "\"", "is a single token with its choice", "make it longer");
    }
    return fitted(ids, Math.min(tokenizer.encode(context).length, ids.length - 1));
  }

  /** A text of its own stands behind the token that ends the one before it. */
  private Continuation whole(String choice) {
    int[] text = tokenizer.encode(choice);
    int[] ids = new int[text.length + 1];
    ids[0] = tokenizer.requireEndOfText();
    System.arraycopy(text, 0, ids, 1, text.length);
    return fitted(ids, 1);
  }

  /** The end of a text, as much as the model has positions for. */
  private Continuation fitted(int[] ids, int first) {
    int from = Math.max(0, ids.length - positions - 1);
    cut += from > 0 ? 1 : 0;
    return new Continuation(Arrays.copyOfRange(ids, from, ids.length), Math.max(1, first - from));
  }

  private double[] likelihoods(List<Continuation> texts, Progress progress) {
    double[] likelihoods = new double[texts.size()];
    int workers = decoder.team().size();
    for (int done = 0; done < texts.size(); done += workers) {
      int round = done;
      progress.update("answering questions", round, texts.size());
      decoder
          .team()
          .run(member -> {
            int mine = round + member.index();
            double[] each = logProbabilities(member, mine < texts.size() ? texts.get(mine) : null);
            if (mine < texts.size()) {
              int first = texts.get(mine).first() - 1;
              likelihoods[mine] = Arrays.stream(each, first, each.length).sum();
            }
          });
    }
    progress.update("answering questions", texts.size(), texts.size());
    return likelihoods;
  }

  /** Of all tokens but the first; none for a worker without a text. */
  private double[] logProbabilities(Team.Member member, @Nullable Continuation text) {
    long[] ids = text == null ? new long[1] : Arrays.stream(text.ids()).asLongStream().toArray();
    int length = ids.length - 1;
    int batch = text == null ? 0 : 1;
    Tensor ids_BS = Torch.tensor(Arrays.copyOf(ids, length), batch, Math.max(1, length));
    Tensor targets_BS =
        Torch.tensor(Arrays.copyOfRange(ids, 1, length + 1), batch, Math.max(1, length));
    return decoder.logProbabilities(member, ids_BS, targets_BS);
  }
}
