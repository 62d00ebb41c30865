package io.cambium.training.distributed;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Rank 0's side: it hears from every other rank, and passes on what all must know. */
final class HostRollCall extends RollCall {

  /** Between two looks whether all have left. */
  private static final Duration LOOK = Duration.ofMillis(10);

  private final int size;
  private final String token = UUID.randomUUID().toString();
  private final ServerSocket server;
  private final SortedMap<Integer, Guest> guests = new ConcurrentSkipListMap<>();
  private final CountDownLatch missing;

  /** With ranks that others wait for; null: without end. */
  private volatile @Nullable Duration patience;

  /** Another rank that is there. */
  private record Guest(String name, Wire wire) {}

  /**
   * @throws TrainingException if no port can be opened
   */
  HostRollCall(int size, Timing timing) {
    super(timing);
    this.size = size;
    this.missing = new CountDownLatch(size - 1);
    try {
      server = new ServerSocket();
      server.bind(new InetSocketAddress(0), size);
    } catch (IOException e) {
      throw new TrainingException("rank 0", "cannot listen to the others: " + e, null, e);
    }
    Thread.ofVirtual().name("roll call").start(this::accept);
    repeat(
        "signs of life",
        () -> {
          tell(pulse().state().message());
          loseTheLate();
        });
  }

  /** What other ranks need to come: port and token. */
  String invitation() {
    return server.getLocalPort() + " " + token;
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().name("a rank").start(() -> serve(socket));
      } catch (IOException e) {
        return; // Closed.
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      Wire wire = new Wire(socket, timing().silence());
      Introduction guest = Introduction.parse(wire.read().text());
      if (guest.token().equals(token)) { // else a stranger
        welcome(guest, wire);
      }
    } catch (IOException e) {
      // A stranger too.
    }
  }

  private void welcome(Introduction guest, Wire wire) throws IOException {
    if (missing.getCount() == 0) { // of another run, whose own rank 0 could not take the port
      String remedy = "\n  -> take another MASTER_PORT: this one is of a run that has begun";
      wire.write(
          new Wire.Message(Wire.Kind.FAILED, guest + " comes after all ranks are there" + remedy));
      return;
    }
    if (guest.size() != size) {
      lose(guest + " was started with WORLD_SIZE " + guest.size() + ", rank 0 with " + size);
    } else if (guests.putIfAbsent(guest.rank(), new Guest(guest.toString(), wire)) != null) {
      lose("two processes have RANK " + guest.rank() + ", one of them " + guest);
    }
    try {
      if (isLost()) {
        wire.write(loss());
      } else {
        missing.countDown();
        listen(guest.toString(), wire);
      }
    } finally {
      guests.remove(guest.rank(), new Guest(guest.toString(), wire));
    }
  }

  private void listen(String guest, Wire wire) {
    Wire.Message message = next(wire, guest);
    if (message != null) {
      switch (message.kind()) {
        case DONE -> {}
        case FAILED -> end(message.by(guest));
        default -> loseByWord(guest, message);
      }
    }
  }

  private void tell(Wire.Message message) {
    for (Guest guest : guests.values()) {
      try {
        guest.wire().write(message);
      } catch (IOException e) {
        // Whoever listens to it hears so too.
      }
    }
  }

  /** From now on a rank is lost for which others have waited so long. */
  void beImpatientAfter(Duration time) {
    patience = time;
  }

  /**
   * Takes a rank for lost that gives signs of life, but does not come to an exchange in which
   * others wait: its disk may hang, or it computes in circles.
   */
  private void loseTheLate() {
    Duration time = patience;
    SortedMap<String, Pulse.State> states = states();
    if (time == null || states.values().stream().noneMatch(state -> state.hasWaited(time))) {
      return;
    }
    Map<String, Pulse.State> late = new TreeMap<>(states);
    late.values().removeIf(state -> !state.hasWorked(time));
    String tooLong = inMinutes(time) + " min (distributed.timeout_minutes)";
    if (!late.isEmpty()) {
      lose(String.join(", ", late.keySet()) + " kept the others waiting for " + tooLong);
      // What hangs does not leave, and close() need not wait for it.
      guests.values().removeIf(guest -> late.containsKey(guest.name()));
    } else if (states.values().stream().allMatch(state -> state.hasWaited(time))) {
      lose("all ranks waited for each other for " + tooLong + ": what they send does not arrive");
    }
  }

  private static String inMinutes(Duration time) {
    return BigDecimal.valueOf(time.toMillis() / 60_000.0).stripTrailingZeros().toPlainString();
  }

  private SortedMap<String, Pulse.State> states() {
    SortedMap<String, Pulse.State> states = new TreeMap<>();
    states.put(Introduction.of(token, 0, size).toString(), pulse().state());
    for (Guest guest : guests.values()) {
      Pulse.State state = guest.wire().pulse();
      if (state != null) {
        states.put(guest.name(), state);
      }
    }
    return states;
  }

  @Override
  void awaitAll() {
    long deadline = System.nanoTime() + timing().start().toNanos();
    try {
      while (!missing.await(timing().sign().toMillis(), TimeUnit.MILLISECONDS)) {
        requireAll();
        if (System.nanoTime() > deadline) {
          lose(absent() + " did not come within " + timing().start().toSeconds() + " s");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException(
          "rank 0", "was interrupted while it waited for the others", null, e);
    }
    requireAll();
    tell(Wire.Message.of(Wire.Kind.COMPLETE));
  }

  private String absent() {
    List<String> absent =
        IntStream.range(1, size)
            .filter(rank -> !guests.containsKey(rank))
            .mapToObj(Integer::toString)
            .toList();
    return (absent.size() == 1 ? "rank " : "ranks ") + String.join(", ", absent) + " of " + size;
  }

  @Override
  void end(Wire.Message how) {
    super.end(how);
    tell(loss());
  }

  @Override
  void fail(String reason) {
    end(new Wire.Message(Wire.Kind.FAILED, reason).by("rank 0"));
  }

  /** Waits for the others to leave first, so that none takes this for a loss. */
  @Override
  public void close() {
    long deadline = System.nanoTime() + timing().silence().toNanos();
    while (!guests.isEmpty() && System.nanoTime() < deadline) {
      pause(LOOK);
    }
    super.end(Wire.Message.of(Wire.Kind.DONE));
    try {
      server.close();
    } catch (IOException e) {
      // Nobody comes any more.
    }
    guests.values().forEach(guest -> guest.wire().close());
  }
}
