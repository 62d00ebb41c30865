package io.cambium.training;

import com.sun.management.OperatingSystemMXBean;
import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How much memory a process can still take. */
public final class MachineMemory {

  private static final Path MEMINFO = Path.of("/proc/meminfo");
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable: *(\\d+) kB");
  private static final int KILOBYTE = 1024;

  private MachineMemory() {}

  /**
   * What the system can give without swapping, and no more than the limit of the container that the
   * process runs in; where the system does not say (it is no Linux), all the memory there is.
   *
   * @return bytes
   */
  public static long available() {
    long limit =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    if (!Files.exists(MEMINFO)) {
      return limit;
    }
    try {
      Matcher available = AVAILABLE.matcher(Files.readString(MEMINFO));
      return available.find()
          ? Math.min(limit, Long.parseLong(available.group(1)) * KILOBYTE)
          : limit;
    } catch (IOException e) {
      throw CheckpointException.unreadable(MEMINFO, e);
    }
  }
}
