package io.cambium.lab.live;

import static io.cambium.lab.Events.evaluation;
import static io.cambium.lab.Events.growth;
import static io.cambium.lab.Events.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.metrics.Metric;
import io.cambium.training.metrics.MetricsLog;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@Timeout(60)
class DashboardTest {

  @TempDir private Path run;
  private MetricsLog log;
  private final HttpClient client = HttpClient.newHttpClient();

  @BeforeEach
  void begin() throws IOException {
    Files.writeString(run.resolve("run.yaml"), "model: m\ndata: d\nsteps: 40\n");
    log = MetricsLog.create(run.resolve(MetricsLog.FILE_NAME));
  }

  @Test
  void everyStateArrivesAsTheRunGoesOn() throws Exception {
    log.append(step(1, 0.5, 0.5));
    try (Dashboard dashboard = Dashboard.open(0, run)) {
      Iterator<String> lines = get(dashboard.address().resolve("events")).body().iterator();
      JsonNode state = next(lines, "state", 1);
      assertThat(state.get("steps").intValue()).isEqualTo(40);
      assertThat(state.get("evaluation").isNull()).isTrue();
      log.append(evaluation(1, 3.25));
      log.append(growth(1, "lineage", 2, 4, 10));
      log.append(step(2, 0.25, 0.25, 0.0, 0.5));
      log.append(alarm(2));
      state = next(lines, "state", 2);
      assertThat(state.get("validation").get("values").get(0).doubleValue()).isEqualTo(3.25);
      assertThat(state.get("layers").get(0).get("load").toString()).isEqualTo("[1.0,1.0,0.0,2.0]");
      assertThat(state.get("events").get(0).get("event").stringValue()).isEqualTo("growth");
      assertThat(state.get("events").get(1).get("message").stringValue()).isEqualTo("<too much>");
    }
  }

  @Test
  void whatCameLastIsSentBeforeTheEnd() throws Exception {
    Iterator<String> lines;
    try (Dashboard dashboard = Dashboard.open(0, run)) {
      lines = get(dashboard.address().resolve("events")).body().iterator();
      next(lines, "state", 0);
      log.append(step(40, 0.5, 0.5));
    }
    next(lines, "state", 40);
  }

  @Test
  void aRunThatCannotBeReadIsSaid() throws Exception {
    Files.writeString(run.resolve(MetricsLog.FILE_NAME), "{}\n");
    try (Dashboard dashboard = Dashboard.open(0, run)) {
      Iterator<String> lines = get(dashboard.address().resolve("events")).body().iterator();
      String message = "";
      while (message.isEmpty()) {
        message = event(lines).equals("trouble") ? lines.next() : "";
      }
      assertThat(message).contains("metrics.jsonl, line 1: is no event");
    }
  }

  /** The events' data up to one whose last step is this; 0 for none yet. */
  private static JsonNode next(Iterator<String> lines, String event, long step) {
    while (lines.hasNext()) {
      assertThat(event(lines)).isEqualTo(event);
      JsonNode data = Json.MAPPER.readTree(lines.next().substring("data: ".length()));
      long last = data.get("latest").isNull() ? 0 : data.get("latest").get("step").longValue();
      if (last == step) {
        return data;
      }
    }
    throw new AssertionError("no more events");
  }

  private static String event(Iterator<String> lines) {
    String line = lines.next();
    while (line.isEmpty()) {
      line = lines.next();
    }
    return line.substring("event: ".length());
  }

  private static Metric.Alarm alarm(long step) {
    return new Metric.Alarm(
        step,
        step * 10,
        "overload",
        "<too much>",
        "less",
        new TreeMap<>(Map.of(1, List.of(3))),
        false);
  }

  @Test
  void thePageAsksNoOtherHostForAnything() throws Exception {
    try (Dashboard dashboard = Dashboard.open(0, run)) {
      HttpResponse<String> page = text(dashboard.address());
      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
          .contains("default-src 'none'")
          .contains("connect-src 'self'");
      assertThat(page.body()).doesNotContain("https:").contains("script.js");
      for (String file : List.of("style.css", "script.js", "echarts.js")) {
        assertThat(text(dashboard.address().resolve(file)).statusCode()).isEqualTo(200);
      }
      assertThat(text(dashboard.address().resolve("script.js")).body()).doesNotContain("https:");
      assertThat(text(dashboard.address().resolve("../run.yaml")).statusCode()).isEqualTo(404);
      assertThat(text(dashboard.address().resolve("events/more")).statusCode()).isEqualTo(404);
    }
  }

  @Test
  void answersToLocalNamesAndToReadersOnly() throws Exception {
    try (Dashboard dashboard = Dashboard.open(0, run)) {
      int port = dashboard.address().getPort();
      assertThat(status(port, "GET", "localhost:" + port)).isEqualTo(200);
      assertThat(status(port, "GET", "127.0.0.1:" + port)).isEqualTo(200);
      assertThat(status(port, "GET", "localhost:4000")).isEqualTo(200);
      assertThat(status(port, "GET", "[::1]")).isEqualTo(200);
      assertThat(status(port, "GET", "rebound.example.org:" + port)).isEqualTo(403);
      assertThat(status(port, "GET", "localhost.example.org")).isEqualTo(403);
      assertThat(status(port, "GET", "")).isEqualTo(403);
      assertThat(status(port, "POST", "localhost")).isEqualTo(405);
      assertThat(status(port, "PUT", "localhost")).isEqualTo(405);
    }
  }

  @Test
  void listensOnThisMachineOnly() throws Exception {
    try (Dashboard dashboard = Dashboard.open(0, run)) {
      List<InetAddress> outward =
          NetworkInterface.networkInterfaces()
              .flatMap(NetworkInterface::inetAddresses)
              .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
              .toList();
      for (InetAddress address : outward) {
        assertThatThrownBy(() -> new Socket(address, dashboard.address().getPort()).close())
            .isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void aPortThatIsTakenIsSaid() {
    try (Dashboard dashboard = Dashboard.open(0, run)) {
      int port = dashboard.address().getPort();
      assertThatThrownBy(() -> Dashboard.open(port, run))
          .isInstanceOf(UsageException.class)
          .hasMessageContaining("port " + port + " is taken");
    }
  }

  private HttpResponse<Stream<String>> get(URI uri) throws Exception {
    return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofLines());
  }

  private HttpResponse<String> text(URI uri) throws Exception {
    return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  /** By hand, since a client of the JDK does not let a test choose its Host. */
  private static int status(int port, String method, String host) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      String request = "%s / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n";
      socket
          .getOutputStream()
          .write(request.formatted(method, host).getBytes(StandardCharsets.US_ASCII));
      String line =
          new BufferedReader(
                  new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
              .readLine();
      return Integer.parseInt(line.split(" ")[1]);
    }
  }
}
