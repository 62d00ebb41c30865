package io.cambium.training.distributed;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The side of every rank but 0. */
final class GuestRollCall extends RollCall {

  private final Consumer<String> givenUp;
  private final Introduction self;
  private final Wire wire;
  private final String host;
  private final CountDownLatch complete = new CountDownLatch(1);
  private final CountDownLatch over = new CountDownLatch(1);

  /**
   * Goes to rank 0.
   *
   * @param invitation of {@link HostRollCall#invitation}
   * @param givenUp is told why the others go on without this rank
   * @throws TrainingException if it is not there
   */
  GuestRollCall(
      int rank,
      int size,
      String address,
      String invitation,
      Timing timing,
      Consumer<String> givenUp) {
    super(timing);
    this.givenUp = givenUp;
    String[] parts = invitation.split(" ", 2);
    this.self = Introduction.of(parts[1], rank, size);
    this.host = "rank 0 (at " + address + ")";
    try {
      Socket socket = new Socket();
      socket.connect(
          new InetSocketAddress(address, Integer.parseInt(parts[0])),
          Math.toIntExact(timing.silence().toMillis()));
      wire = new Wire(socket, timing.silence());
      wire.write(new Wire.Message(Wire.Kind.HERE, self.text()));
    } catch (IOException e) {
      throw new TrainingException(
          self,
          "cannot reach " + host + " on port " + parts[0] + ": " + e,
          "let the machines reach each other on all ports; MASTER_ADDR must lead to rank 0",
          e);
    }
    Thread.ofVirtual().name("roll call").start(this::listen);
    repeat("signs of life", () -> tell(pulse().state().message()));
  }

  private void listen() {
    for (Wire.Message message = next(wire, host);
        message != null;
        message = isLost() ? null : next(wire, host)) {
      switch (message.kind()) {
        case COMPLETE -> complete.countDown();
        case LOST, LATE, FAILED -> end(message);
        case GIVEN_UP -> {
          end(new Wire.Message(Wire.Kind.LATE, message.text()));
          givenUp.accept(message.text());
        }
        default -> loseByWord(host, message);
      }
    }
    over.countDown();
  }

  private void tell(Wire.Message message) {
    try {
      wire.write(message);
    } catch (IOException e) {
      // Whoever listens hears so too.
    }
  }

  @Override
  void awaitAll() {
    try {
      while (!complete.await(timing().sign().toMillis(), TimeUnit.MILLISECONDS)) {
        requireAll();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException(self, "was interrupted while it waited for the others", null, e);
    }
  }

  @Override
  void fail(String reason) {
    tell(new Wire.Message(Wire.Kind.FAILED, reason));
    try {
      // Rank 0 answers by closing: to close first could take the message away.
      over.await(timing().silence().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    tell(Wire.Message.of(Wire.Kind.DONE));
    end(Wire.Message.of(Wire.Kind.DONE));
    wire.close();
  }
}
