package io.cambium.checkpoint;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A checkpoint, tokenizer or token shard that is broken, incomplete or not supported. */
public final class CheckpointException extends CambiumException {

  /**
   * @param place file, tensor or configuration path the error belongs to
   * @param what what is wrong there
   * @param remedy what the user can do
   */
  public CheckpointException(@Nullable Object place, String what, @Nullable String remedy) {
    super(place, what, remedy, null);
  }

  public CheckpointException(
      @Nullable Object place, String what, @Nullable String remedy, Throwable cause) {
    super(place, what, remedy, cause);
  }

  /** The system refuses to read a file. */
  public static CheckpointException unreadable(Path file, IOException cause) {
    return new CheckpointException(
        file, "cannot be read: " + reason(cause), "check the path and its permissions", cause);
  }

  /** The system refuses to write a file or directory. */
  public static CheckpointException unwritable(Path file, IOException cause) {
    return new CheckpointException(
        file, "cannot be written: " + reason(cause), "check free space and permissions", cause);
  }

  /** The reason alone: the messages of java.nio repeat the path, or hold nothing else. */
  private static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "no such file";
      case AccessDeniedException _ -> "permission denied";
      case FileAlreadyExistsException _ -> "exists already";
      case FileSystemException f when f.getReason() != null -> f.getReason();
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    };
  }
}
