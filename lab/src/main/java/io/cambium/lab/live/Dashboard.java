package io.cambium.lab.live;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A page that shows a run while it goes on, served to browsers on this machine only: it listens on
 * the loopback address, answers to local names, and can be read but not told anything. The page
 * asks no other host for anything.
 */
public final class Dashboard implements AutoCloseable {

  /** Where a browser finds it unless another port is asked for. */
  public static final int DEFAULT_PORT = 7878;

  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
          + " connect-src 'self'; img-src data:";

  private final HttpServer server;
  private final ExecutorService threads;
  private final Broadcast broadcast;

  private Dashboard(HttpServer server, Path run) {
    this.server = server;
    this.threads = Executors.newVirtualThreadPerTaskExecutor();
    this.broadcast = new Broadcast(new LiveRun(run));
    DashboardPage.FILES.forEach(
        (path, file) -> handle(path, exchange -> send(exchange, file.type(), file.text())));
    handle("/events", broadcast);
    server.setExecutor(threads);
    server.start();
  }

  /**
   * Serves a run.
   *
   * @param port 0 for any that is free
   * @param run its directory, which may be about to be made
   * @throws UsageException if the port is taken
   */
  public static Dashboard open(int port, Path run) {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    try {
      return new Dashboard(HttpServer.create(address, 0), run);
    } catch (BindException e) {
      throw new UsageException(
          "--dashboard",
          "port " + port + " is taken",
          "name another, as in --dashboard=" + (port + 1) + "; 0 takes any that is free",
          e);
    } catch (IOException e) {
      throw new UsageException("--dashboard", "cannot be served: " + e, null, e);
    }
  }

  /** What to open in a browser. */
  public URI address() {
    return URI.create("http://localhost:" + server.getAddress().getPort() + "/");
  }

  private void handle(String path, HttpHandler handler) {
    HttpHandler exactly =
        exchange -> {
          try (exchange) {
            if (exchange.getRequestURI().getPath().equals(path)) {
              handler.handle(exchange);
            } else {
              exchange.sendResponseHeaders(404, -1); // contexts are prefixes
            }
          }
        };
    server.createContext(path, exactly).getFilters().add(new LocalOnly());
  }

  private static void send(HttpExchange exchange, String type, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
    exchange.getResponseHeaders().set("Content-Security-Policy", POLICY);
    exchange.sendResponseHeaders(200, bytes.length);
    try (OutputStream body = exchange.getResponseBody()) {
      body.write(bytes);
    }
  }

  /** Shows the run's last state to whoever looks, then ends. */
  @Override
  public void close() {
    broadcast.close();
    server.stop(1);
    threads.close();
  }
}
