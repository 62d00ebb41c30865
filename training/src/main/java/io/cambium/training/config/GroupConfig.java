package io.cambium.training.config;

/**
 * How one group differs from the rest.
 *
 * @param rate factor on the learning rate
 * @param decay factor on the weight decay; norms and biases are not decayed in any group
 */
public record GroupConfig(double rate, double decay) {

  public static final GroupConfig DEFAULT = new GroupConfig(1, 1);

  void requireFits(String key) {
    Range.positive(key + ".rate", rate);
    Range.notNegative(key + ".decay", decay);
  }
}
