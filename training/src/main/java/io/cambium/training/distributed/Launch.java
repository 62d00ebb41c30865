package io.cambium.training.distributed;

import io.cambium.checkpoint.UsageException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where this process stands among those that were started with it, in the environment variables of
 * torchrun: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT. With one process per machine and
 * libtorch on its CPUs LOCAL_RANK decides nothing.
 *
 * @param rank from 0 to {@code size - 1}
 * @param size processes in all
 * @param onThisMachine how many of them share this machine (LOCAL_WORLD_SIZE), 1 if nobody says
 * @param host where rank 0 is found, or torchrun's own store
 * @param port likewise
 * @param storePrefix what keys begin with in the store of torchrun, which outlives a restart; null
 *     where rank 0 keeps the store
 * @param networkInterface of the exchanges (GLOO_SOCKET_IFNAME); null for the one that leads to the
 *     host
 */
public record Launch(
    int rank,
    int size,
    int onThisMachine,
    String host,
    int port,
    @Nullable String storePrefix,
    @Nullable String networkInterface) {

  private static final int LARGEST_PORT = 65_535;

  /**
   * Reads the environment.
   *
   * @return empty where this process is the only one
   * @throws UsageException if variables are missing, or contradict each other
   */
  public static Optional<Launch> of(Map<String, String> environment) {
    Variables variables = new Variables(environment);
    if (!variables.has("RANK") && !variables.has("WORLD_SIZE")) {
      return Optional.empty();
    }
    int size = variables.number("WORLD_SIZE", 1, Integer.MAX_VALUE);
    if (size == 1 && !variables.has("RANK")) {
      return Optional.empty();
    }
    int rank = variables.number("RANK", 0, Integer.MAX_VALUE);
    if (rank >= size) {
      throw new UsageException(
          "RANK", "is " + rank + ", but WORLD_SIZE is " + size, "count ranks from 0");
    }
    if (size == 1) {
      return Optional.empty();
    }
    int onThisMachine =
        variables.has("LOCAL_WORLD_SIZE") ? variables.number("LOCAL_WORLD_SIZE", 1, size) : 1;
    return Optional.of(
        new Launch(
            rank,
            size,
            onThisMachine,
            variables.text("MASTER_ADDR"),
            variables.number("MASTER_PORT", 1, LARGEST_PORT),
            storePrefix(environment),
            variables.has("GLOO_SOCKET_IFNAME") ? variables.text("GLOO_SOCKET_IFNAME") : null));
  }

  /** The same prefix as torch.distributed's, so that no attempt reads what an earlier one left. */
  private static @Nullable String storePrefix(Map<String, String> environment) {
    return "True".equals(environment.get("TORCHELASTIC_USE_AGENT_STORE"))
        ? "/worker/attempt_" + environment.getOrDefault("TORCHELASTIC_RESTART_COUNT", "0")
        : null;
  }

  /** The variables, each with an error that says how it comes to be set. */
  private record Variables(Map<String, String> environment) {

    private static final String REMEDY =
        "start all processes with torchrun, or set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT"
            + " for each; unset RANK and WORLD_SIZE to train in one process";

    boolean has(String name) {
      return !environment.getOrDefault(name, "").isBlank();
    }

    String text(String name) {
      if (!has(name)) {
        throw new UsageException(name, "is not set, though others of its kind are", REMEDY);
      }
      return environment.getOrDefault(name, "").strip();
    }

    int number(String name, int least, int most) {
      String text = text(name);
      try {
        int number = Integer.parseInt(text);
        if (number >= least && number <= most) {
          return number;
        }
      } catch (NumberFormatException e) {
        // Said below.
      }
      throw new UsageException(
          name,
          "is "
              + text
              + ", which is no whole number "
              + (most == Integer.MAX_VALUE
                  ? "from " + least + " on"
                  : "from " + least + " to " + most),
          REMEDY);
    }
  }
}
