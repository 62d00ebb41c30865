package io.cambium.training.distributed;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Rank 0's side: it hears from every other rank, and passes on what all must know. */
final class HostRollCall extends RollCall {

  /** Between two looks whether all have left. */
  private static final Duration LOOK = Duration.ofMillis(10);

  private final int size;
  private final String token = UUID.randomUUID().toString();
  private final ServerSocket server;
  private final SortedMap<Integer, Guest> guests = new ConcurrentSkipListMap<>();
  private final CountDownLatch missing;

  private final String name;
  private final Consumer<String> givenUp;

  /** With ranks that others wait for. */
  private volatile Duration patience;

  /** Another rank that is there. */
  private record Guest(int rank, String name, Wire wire) {

    Guest(Introduction introduction, Wire wire) {
      this(introduction.rank(), introduction.toString(), wire);
    }

    boolean hasWorked(Duration time) {
      Pulse.State state = wire.pulse();
      return state != null && state.hasWorked(time);
    }
  }

  /**
   * @param givenUp is told why the others go on without this rank
   * @throws TrainingException if no port can be opened
   */
  HostRollCall(int size, Timing timing, Consumer<String> givenUp) {
    super(timing);
    this.givenUp = givenUp;
    this.name = Introduction.of(token, 0, size).toString();
    this.patience = timing.patience();
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
    } else if (guests.putIfAbsent(guest.rank(), new Guest(guest, wire)) != null) {
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
      guests.remove(guest.rank(), new Guest(guest, wire));
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
    guests.values().forEach(guest -> tell(guest, message));
  }

  private static void tell(Guest guest, Wire.Message message) {
    try {
      guest.wire().write(message);
    } catch (IOException e) {
      // Whoever listens to it hears so too.
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
    Pulse.State own = pulse().state();
    List<Guest> all = List.copyOf(guests.values());
    List<Pulse.State> states =
        Stream.concat(Stream.of(own), all.stream().map(guest -> guest.wire().pulse()))
            .filter(Objects::nonNull)
            .toList();
    if (states.stream().noneMatch(state -> state.hasWaited(time))) {
      return;
    }
    List<Guest> late = all.stream().filter(guest -> guest.hasWorked(time)).toList();
    String tooLong = inMinutes(time) + " min (distributed.timeout_minutes)";
    if (own.hasWorked(time) || !late.isEmpty()) {
      giveUp(own.hasWorked(time), late, " kept the others waiting for " + tooLong);
    } else if (states.stream().allMatch(state -> state.hasWaited(time))) {
      lose("all ranks waited for each other for " + tooLong + ": what they send does not arrive");
    }
  }

  private void giveUp(boolean itself, List<Guest> late, String why) {
    String how =
        Stream.concat(itself ? Stream.of(name) : Stream.empty(), late.stream().map(Guest::name))
                .collect(Collectors.joining(", "))
            + why;
    guests.values().removeAll(late); // what hangs does not leave: close() need not wait for it
    end(new Wire.Message(Wire.Kind.LATE, how));
    late.forEach(guest -> tell(guest, new Wire.Message(Wire.Kind.GIVEN_UP, how)));
    if (itself) {
      givenUp.accept(how);
    }
  }

  private static String inMinutes(Duration time) {
    return BigDecimal.valueOf(time.toMillis() / 60_000.0).stripTrailingZeros().toPlainString();
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
