package io.cambium.training.distributed;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Knows whether all ranks are still there. Each has a connection to rank 0 ({@link Wire}), which
 * tells all when one ends or falls silent: an exchange of tensors would only hang, or fail next to
 * the rank that is lost and far from it not at all.
 */
abstract sealed class RollCall implements AutoCloseable permits HostRollCall, GuestRollCall {

  private final Timing timing;
  private final Pulse pulse = new Pulse();
  private final CompletableFuture<Wire.Message> loss = new CompletableFuture<>();

  RollCall(Timing timing) {
    this.timing = timing;
  }

  Timing timing() {
    return timing;
  }

  /** What this rank is at. */
  Pulse pulse() {
    return pulse;
  }

  /**
   * Waits until all ranks have come.
   *
   * @throws TrainingException if one does not come, or is lost
   */
  abstract void awaitAll();

  /** Tells the other ranks that this one cannot go on. */
  abstract void fail(String reason);

  /** Leaves, with the work done. */
  @Override
  public abstract void close();

  /**
   * Takes note that the ranks are no longer all there; only the first loss counts, since others
   * follow from it.
   *
   * @param how {@link Wire.Kind#LOST}, {@link Wire.Kind#LATE}, or {@link Wire.Kind#FAILED} if that
   *     rank has said why
   */
  void end(Wire.Message how) {
    loss.complete(how);
  }

  /** Takes note that a rank is lost. */
  final void lose(String how) {
    end(new Wire.Message(Wire.Kind.LOST, how));
  }

  boolean isLost() {
    return loss.isDone();
  }

  /** The next message of another rank; null where there is none any more, which is its loss. */
  final Wire.@Nullable Message next(Wire wire, String rank) {
    try {
      return wire.read();
    } catch (SocketTimeoutException e) {
      lose(rank + " has not been heard of for " + timing.silence().toSeconds() + " s");
    } catch (IOException e) {
      lose(rank + " has ended without a word");
    }
    return null;
  }

  /** Takes note of a message that does not come at such a time: another program's, or a mistake. */
  final void loseByWord(String rank, Wire.Message message) {
    lose(rank + " said " + message.kind() + " out of turn");
  }

  /** How a rank was lost. */
  Wire.Message loss() {
    return loss.join();
  }

  /**
   * @throws TrainingException if a rank is lost
   */
  void requireAll() {
    if (loss.isDone()) {
      throw failure(loss(), null);
    }
  }

  /** The reason why an exchange failed: the rank that is lost, which may become known only now. */
  TrainingException explain(RuntimeException cause) {
    Duration patience = timing.silence().plus(timing.sign().multipliedBy(2));
    try {
      return failure(loss.get(patience.toMillis(), TimeUnit.MILLISECONDS), cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException | ExecutionException e) {
      // All say that they are there.
    }
    String how = "an exchange between the ranks failed: " + cause.getMessage();
    return failure(new Wire.Message(Wire.Kind.LOST, how), cause);
  }

  private static TrainingException failure(Wire.Message how, @Nullable RuntimeException cause) {
    String again =
        "start the ranks again with --resume: it goes on from the last checkpoint, with any"
            + " number of them";
    String remedy =
        switch (how.kind()) {
          case FAILED -> null; // It came with what the rank said.
          case LATE ->
              "if it was still at work, such as writing a large checkpoint, raise"
                  + " distributed.timeout_minutes; "
                  + again;
          default -> again;
        };
    return cause == null
        ? new TrainingException(null, how.text(), remedy)
        : new TrainingException(null, how.text(), remedy, cause);
  }

  /** Runs something again and again until a rank is lost. */
  void repeat(String name, Runnable work) {
    Thread.ofVirtual()
        .name(name)
        .start(() -> {
          while (!isLost()) {
            work.run();
            pause(timing.sign());
          }
        });
  }

  static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
