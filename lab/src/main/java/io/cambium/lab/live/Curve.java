package io.cambium.lab.live;

import java.util.List;

/**
 * Values over steps.
 *
 * @param values as many as steps
 */
public record Curve(List<Long> steps, List<Double> values) {

  public Curve {
    steps = List.copyOf(steps);
    values = List.copyOf(values);
  }
}
