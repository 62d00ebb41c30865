package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Devices that a run is planned for. A file may leave out any setting, and has that of an A100 for
 * it.
 *
 * @param name for people
 * @param memoryGb memory of one device, 10^9 bytes
 * @param usableMemory share of it that weights, state and activations may take; the rest goes to
 *     buffers and fragmentation
 * @param teraflops dense matrix products in bf16, 10^12 operations a second
 * @param utilisation share of that which training reaches; 0.3 to 0.5 is usual
 * @param memoryGbPerSecond of the device's own memory
 * @param linkGbPerSecond to other devices of the node, in each direction
 * @param networkGbPerSecond from a device to other nodes, in each direction
 * @param devicesPerNode that share the faster link
 * @param devices that the run has; 0 for the fewest that hold the larger model
 * @param secondsBefore measured time of a step before growing; 0 to model it
 * @param secondsAfter and afterwards
 */
public record HardwareConfig(
    String name,
    double memoryGb,
    double usableMemory,
    double teraflops,
    double utilisation,
    double memoryGbPerSecond,
    double linkGbPerSecond,
    double networkGbPerSecond,
    int devicesPerNode,
    int devices,
    double secondsBefore,
    double secondsAfter) {

  private static final double GIGA = 1e9;

  /** From NVIDIA's data sheet of the A100 80GB SXM, on a network of 200 Gb/s per device. */
  public static final HardwareConfig A100_80 =
      new HardwareConfig("a100-80", 80, 0.9, 312, 0.4, 2039, 300, 25, 8, 0, 0, 0);

  /** From NVIDIA's data sheet of the H100 SXM, on a network of 400 Gb/s per device. */
  public static final HardwareConfig H100 =
      new HardwareConfig("h100", 80, 0.9, 989, 0.4, 3350, 450, 50, 8, 0, 0, 0);

  private static final List<HardwareConfig> KNOWN = List.of(A100_80, H100);

  public HardwareConfig {
    Range.positive("memory_gb", memoryGb);
    Range.share("usable_memory", usableMemory);
    Range.positive("teraflops", teraflops);
    Range.positive("utilisation", utilisation);
    Range.share("utilisation", utilisation);
    Range.positive("memory_gb_per_second", memoryGbPerSecond);
    Range.positive("link_gb_per_second", linkGbPerSecond);
    Range.positive("network_gb_per_second", networkGbPerSecond);
    Range.atLeastOne("devices_per_node", devicesPerNode);
    Range.notNegative("devices", devices);
    Range.notNegative("seconds_before", secondsBefore);
    Range.notNegative("seconds_after", secondsAfter);
    if (secondsBefore > 0 != secondsAfter > 0) {
      throw new UsageException(
          "seconds_before, seconds_after", "are not both given", "measure both, or neither");
    }
  }

  /**
   * Hardware by its name, or from a YAML file.
   *
   * @throws UsageException if there is neither, or a setting is wrong
   */
  public static HardwareConfig of(String nameOrFile) {
    return KNOWN.stream()
        .filter(known -> known.name.equals(nameOrFile))
        .findFirst()
        .orElseGet(() -> read(Path.of(nameOrFile)));
  }

  private static HardwareConfig read(Path file) {
    if (!Files.exists(file)) {
      throw new UsageException(
          file,
          "is neither a file nor hardware that is known",
          "known: "
              + KNOWN.stream().map(HardwareConfig::name).collect(Collectors.joining(", "))
              + ", and `here` for this machine");
    }
    return RunConfigFile.readOver(A100_80, file);
  }

  /** Whether step times were measured elsewhere. */
  public boolean hasStepTimes() {
    return secondsBefore > 0;
  }

  /** Bytes of a device that weights, state and activations may take. */
  public double usableBytes() {
    return memoryGb * GIGA * usableMemory;
  }

  /** Operations a second that training reaches. */
  public double reachedFlops() {
    return teraflops * 1e12 * utilisation;
  }

  /** Bytes a second of a device's memory. */
  public double memoryBytesPerSecond() {
    return memoryGbPerSecond * GIGA;
  }

  /** Bytes a second from each device to all others, if so many take part evenly. */
  public double exchangeBytesPerSecond(int devicesInAll) {
    if (devicesInAll <= devicesPerNode) {
      return linkGbPerSecond * GIGA;
    }
    double outside = (double) (devicesInAll - devicesPerNode) / devicesInAll;
    return GIGA / (outside / networkGbPerSecond + (1 - outside) / linkGbPerSecond);
  }
}
