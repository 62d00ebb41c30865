package io.cambium.lab.live;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;

/**
 * Reads a run about once a second, and sends everybody who listens its whole state whenever there
 * is something new (server-sent events). A message depends on none before it, so that a browser may
 * come, go and come back.
 */
final class Broadcast implements HttpHandler, AutoCloseable {

  private static final long POLL_MILLIS = 1000;

  /** How often silence is broken, so that a connection whose other end is gone is noticed. */
  private static final long REPEAT_MILLIS = 15_000;

  private static final ObjectWriter WRITER =
      Json.MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT);

  private final LiveRun run;
  private final Thread poller;
  private byte[] message = {};
  private long number;
  private boolean closing;
  private boolean over;

  Broadcast(LiveRun run) {
    this.run = run;
    this.poller = Thread.ofPlatform().daemon().name("dashboard").start(this::poll);
  }

  private void poll() {
    publish("state", run.snapshot());
    while (pause()) {
      look();
    }
    look(); // what came last
    end();
  }

  private void look() {
    try {
      if (run.poll(event -> {})) {
        publish("state", run.snapshot());
      }
    } catch (CambiumException e) {
      publish("trouble", Map.of("message", Objects.requireNonNull(e.getMessage())));
    }
  }

  private synchronized void publish(String event, Object data) {
    message =
        "event: %s\ndata: %s\n\n"
            .formatted(event, WRITER.writeValueAsString(data))
            .getBytes(StandardCharsets.UTF_8);
    number++;
    notifyAll();
  }

  private synchronized void end() {
    over = true;
    notifyAll();
  }

  /** Waits for the next look; false if there is to be none. */
  private synchronized boolean pause() {
    waitUntil(() -> closing, POLL_MILLIS);
    return !closing;
  }

  private synchronized void waitUntil(BooleanSupplier condition, long millis) {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    try {
      for (long left = millis; left > 0 && !condition.getAsBoolean(); ) {
        wait(left);
        left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      }
    } catch (InterruptedException e) {
      closing = true;
      over = true;
    }
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream body = exchange.getResponseBody()) {
      for (Message next = after(0); next != null; next = after(next.number())) {
        body.write(next.bytes());
        body.flush();
      }
    }
  }

  private record Message(long number, byte[] bytes) {}

  /** The message that follows another, or the same again after a while; null at the end of all. */
  private synchronized @Nullable Message after(long known) {
    waitUntil(() -> number > known || over, REPEAT_MILLIS);
    return over && number == known ? null : new Message(number, message);
  }

  @Override
  public void close() {
    synchronized (this) {
      closing = true;
      notifyAll();
    }
    try {
      poller.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
