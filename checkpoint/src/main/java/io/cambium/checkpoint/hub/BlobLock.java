package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** Keeps other processes and threads from bringing the same blob at the same time. */
final class BlobLock implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(100);

  private final FileChannel channel;

  private BlobLock(FileChannel channel) {
    this.channel = channel;
  }

  /** Waits until nobody else holds it. */
  static BlobLock acquire(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      while (!isLocked(channel)) {
        Thread.sleep(POLL);
      }
      return new BlobLock(channel);
    } catch (InterruptedException e) {
      channel.close();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (IOException e) {
      channel.close();
      throw CheckpointException.unwritable(file, e);
    }
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) { // Another thread of this process holds it.
      return false;
    }
  }

  /** Leaves the file: who deletes it may delete another's. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
