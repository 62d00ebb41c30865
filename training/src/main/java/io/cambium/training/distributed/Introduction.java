package io.cambium.training.distributed;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * What a rank says of itself when it comes.
 *
 * @param token that only ranks of this run know
 * @param size how many ranks it was told there are
 * @param name of machine and process, for people
 */
record Introduction(String token, int rank, int size, String name) {

  /** This process. */
  static Introduction of(String token, int rank, int size) {
    return new Introduction(
        token, rank, size, machine() + ", process " + ProcessHandle.current().pid());
  }

  private static String machine() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "a machine without a name";
    }
  }

  String text() {
    return "%s %d %d %s".formatted(token, rank, size, name);
  }

  static Introduction parse(String text) throws IOException {
    String[] parts = text.split(" ", 4);
    try {
      return new Introduction(
          parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]), parts[3]);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new IOException("no introduction of a rank", e);
    }
  }

  @Override
  public String toString() {
    return "rank " + rank + " (" + name + ")";
  }
}
