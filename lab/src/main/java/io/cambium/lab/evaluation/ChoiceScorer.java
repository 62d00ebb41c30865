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
 * tokens as lm-evaluation-harness does: question and choice together, with the special tokens that
 * the tokenizer puts around a text, and what goes beyond the question's own number of tokens is the
 * choice. What it stops at is refused: a question of white space alone, a choice without a token of
 * its own, or one longer than the model's positions.
 */
public final class ChoiceScorer {

  /**
   * A text whose end is scored.
   *
   * @param ids of the whole text
   * @param first index of the first token that counts
   */
  private record Continuation(int[] ids, int first) {}

  /** White space for Python and not for Java. */
  private static final char NEXT_LINE = '\u0085';

  /** Characters of a text in a message. */
  private static final int MOST_SHOWN = 40;

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
        question.choices().forEach(choice -> texts.add(continuation(question.question(), choice))));
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

  private Continuation continuation(String question, String choice) {
    Continuation text = question.isEmpty() ? whole(choice) : after(question, choice);
    int scored = text.ids.length - text.first;
    if (text.first < 1 || scored < 1) {
      throw refused(question, choice, "shares its tokens with the choice", "word it otherwise");
    }
    if (scored > positions) {
      throw refused(
          question,
          choice,
          "has a choice of %d tokens, the model has %d positions".formatted(scored, positions),
          "shorten the choice, or leave the question out");
    }
    return fitted(text);
  }

  private static UsageException refused(
      String question, String choice, String what, String remedy) {
    return new UsageException(
        "question \"%s\", choice \"%s\"".formatted(shortened(question), shortened(choice)),
        what,
        remedy);
  }

  private static String shortened(String text) {
    return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "...";
  }

  /** White space at a question's end belongs to the choice, as most tokenizers would have it. */
  private Continuation after(String question, String choice) {
    String context = withoutSpaceAtEnd(question);
    if (context.isEmpty()) {
      throw refused(question, choice, "is white space alone", "write \"\" where there is none");
    }
    return new Continuation(
        tokenizer.encodeWithSpecialTokens(question + " " + choice),
        tokenizer.encodeWithSpecialTokens(context).length);
  }

  /** What Python's rstrip takes for white space. */
  private static String withoutSpaceAtEnd(String text) {
    int end = text.length();
    while (end > 0 && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == NEXT_LINE;
  }

  /** A text of its own stands behind the token that begins one, unless it has that itself. */
  private Continuation whole(String choice) {
    int[] text = tokenizer.encode(" " + choice);
    int prefix = tokenizer.file().requirePrefix();
    if (text.length > 0 && text[0] == prefix) {
      return new Continuation(text, 1);
    }
    int[] ids = new int[text.length + 1];
    ids[0] = prefix;
    System.arraycopy(text, 0, ids, 1, text.length);
    return new Continuation(ids, 1);
  }

  /** The end of a text, as much as the model has positions for. */
  private Continuation fitted(Continuation text) {
    int length = text.ids.length;
    int from = Math.max(0, length - positions - 1);
    cut += from > 0 ? 1 : 0;
    return new Continuation(Arrays.copyOfRange(text.ids, from, length), text.first - from);
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
