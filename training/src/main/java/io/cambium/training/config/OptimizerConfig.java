package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;
import java.util.List;

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101) and clipping by the
 * global norm.
 *
 * @param learningRate the peak of the schedule; too high diverges, too low wastes tokens
 * @param betas decay of the first and of the second moment, each below 1; nearer to 1 averages over
 *     more steps
 * @param epsilon added to the root of the second moment; bounds the step of a parameter with hardly
 *     any gradient
 * @param weightDecay share of a weight taken away per step, times the learning rate; not applied to
 *     norms, biases and the router's selection bias
 * @param clipNorm gradients with a larger global norm are scaled down to it
 */
public record OptimizerConfig(
    double learningRate, List<Double> betas, double epsilon, double weightDecay, double clipNorm) {

  public static final OptimizerConfig DEFAULT =
      new OptimizerConfig(1e-3, List.of(0.9, 0.95), 1e-8, 0.1, 1.0);

  public OptimizerConfig {
    Range.positive("optimizer.learning_rate", learningRate);
    if (betas.size() != 2) {
      throw new UsageException(
          "optimizer.betas", "has " + betas.size() + " values", "write two, such as [0.9, 0.95]");
    }
    Range.belowOne("optimizer.betas", betas.get(0));
    Range.belowOne("optimizer.betas", betas.get(1));
    Range.positive("optimizer.epsilon", epsilon);
    Range.notNegative("optimizer.weight_decay", weightDecay);
    Range.positive("optimizer.clip_norm", clipNorm);
    betas = List.copyOf(betas);
  }
}
