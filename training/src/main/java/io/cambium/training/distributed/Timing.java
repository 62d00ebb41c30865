package io.cambium.training.distributed;

import java.time.Duration;

/**
 * How long ranks wait for each other. How long they do in an exchange the run says ({@link
 * io.cambium.training.config.DistributedConfig#timeoutMinutes}).
 *
 * @param start until all ranks have come: machines may be given to a job one by one
 * @param sign between two signs of life
 * @param silence without any, after which a rank is lost
 */
record Timing(Duration start, Duration sign, Duration silence) {

  static final Timing DEFAULT =
      new Timing(Duration.ofMinutes(10), Duration.ofSeconds(1), Duration.ofSeconds(15));
}
