package io.cambium.training.config;

/**
 * Evaluation on held-out text.
 *
 * @param every steps between two evaluations; each stops training for its duration
 * @param sequences sequences of each domain, the same ones every time; more make the loss surer and
 *     the evaluation longer
 */
public record EvaluationConfig(int every, int sequences) {

  public static final EvaluationConfig DEFAULT = new EvaluationConfig(100, 16);

  public EvaluationConfig {
    Range.atLeastOne("evaluate.every", every);
    Range.atLeastOne("evaluate.sequences", sequences);
  }
}
