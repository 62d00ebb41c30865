package io.cambium.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Keeps other processes, and other threads of this one, from what a file stands for. The system
 * takes it back when the process ends, however it ends. The file stays: who deletes it may delete
 * another's.
 */
public final class ProcessLock implements AutoCloseable {

  private final Path file;
  private final FileChannel channel;

  private ProcessLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes the lock if nobody holds it.
   *
   * @param file is made if it is not there; its directory must be
   * @throws CheckpointException if the file cannot be made or locked
   */
  public static Optional<ProcessLock> tryAcquire(Path file) {
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      boolean taken = false;
      try {
        taken = isTaken(channel);
        return taken ? Optional.of(new ProcessLock(file, channel)) : Optional.empty();
      } finally {
        if (!taken) {
          channel.close();
        }
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }

  private static boolean isTaken(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) { // Another thread of this process holds it.
      return false;
    }
  }

  /**
   * The file itself, open until the lock is closed. It is read and written by this channel alone: a
   * second one, when it is closed, ends the lock on Linux, and may do neither on Windows.
   */
  public FileChannel channel() {
    return channel;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }
}
