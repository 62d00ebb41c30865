package io.cambium.training.distributed;

import io.cambium.training.config.DistributedConfig;
import java.time.Duration;

/**
 * How long ranks wait for each other.
 *
 * @param start until all ranks have come: machines may be given to a job one by one
 * @param sign between two signs of life
 * @param silence without any, after which a rank is lost
 * @param patience with a rank that gives them, but does not come to an exchange in which others
 *     wait; until the run says another one
 */
record Timing(Duration start, Duration sign, Duration silence, Duration patience) {

  static final Timing DEFAULT =
      new Timing(
          Duration.ofMinutes(10),
          Duration.ofSeconds(1),
          Duration.ofSeconds(15),
          DistributedConfig.DEFAULT.timeout());
}
