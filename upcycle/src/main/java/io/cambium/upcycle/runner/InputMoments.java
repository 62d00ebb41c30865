package io.cambium.upcycle.runner;

/**
 * What one routed expert sees: moments of the inputs, after the layer's norm, of the tokens routed
 * to it.
 *
 * @param layer index of the layer
 * @param expert index of the expert in that layer
 * @param tokens number of inputs
 * @param mean_D their mean; zeros where there are no tokens
 * @param covariance_DD row-major [D, D], centred on the mean, divided by the number of tokens;
 *     zeros where there are no tokens
 */
public record InputMoments(
    int layer, int expert, long tokens, double[] mean_D, double[] covariance_DD) {

  public InputMoments {
    int hiddenSize = mean_D.length;
    if (tokens < 0 || covariance_DD.length != Math.multiplyExact(hiddenSize, hiddenSize)) {
      throw new IllegalArgumentException(
          covariance_DD.length + " covariances for a hidden size of " + hiddenSize);
    }
  }
}
