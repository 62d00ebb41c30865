package io.cambium.lab;

/** Student's t distribution, for intervals of means over a few seeds. */
public final class StudentT {

  /** The 97.5 % quantiles with 1, 2, ... degrees of freedom. */
  private static final double[] QUANTILES = {
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157,
    2.228139
  };

  private static final double NORMAL_QUANTILE = 1.959964;

  private StudentT() {}

  /**
   * The 97.5 % quantile, whose multiple of the standard error is half of a 95 % interval. Beyond
   * ten degrees of freedom by the first terms of its expansion (Abramowitz and Stegun, 26.7.5),
   * right to 0.001.
   *
   * @param freedom degrees of freedom, 1 or more
   */
  public static double quantile(int freedom) {
    if (freedom <= QUANTILES.length) {
      return QUANTILES[freedom - 1];
    }
    double z = NORMAL_QUANTILE;
    return z
        + (Math.pow(z, 3) + z) / (4.0 * freedom)
        + (5 * Math.pow(z, 5) + 16 * Math.pow(z, 3) + 3 * z) / (96.0 * freedom * freedom);
  }
}
