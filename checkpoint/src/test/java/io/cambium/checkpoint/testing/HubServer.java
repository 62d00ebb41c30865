package io.cambium.checkpoint.testing;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Behaves like the Hugging Face Hub, on two ports: one for the Hub, which sends everybody who wants
 * a weight file to the other, where files lie by their SHA-256. Small files are a redirect away on
 * the same port. Also runs by itself, for other programs than tests:
 *
 * <pre>java HubServer.java OWNER/MODEL DIRECTORY</pre>
 *
 * <p>prints its address, the commit, and requests as they come.
 */
public final class HubServer implements AutoCloseable {

  /** What a request was. */
  public record Request(
      String method, String path, boolean toHub, Optional<String> authorization, String range) {}

  /** What goes wrong, once, with a request. */
  public sealed interface Fault {

    /** An answer with another status than it should have. */
    record Status(int status, Map<String, String> headers) implements Fault {}

    /** A connection that ends after so many bytes of the body. */
    record Drop(int bytes) implements Fault {}

    /** A connection on which nothing comes any more after so many bytes, for a minute. */
    record Stall(int bytes) implements Fault {}

    /** A body with one wrong bit. */
    record Flip() implements Fault {}

    /** The whole file, whatever part was asked for. */
    record NoRange() implements Fault {}
  }

  private record Planned(String method, String suffix, Fault fault) {}

  private record Blob(String name, byte[] bytes) {

    boolean isLarge() {
      return name.endsWith(".safetensors") || name.endsWith(".bin");
    }

    String sha256() {
      return hex("SHA-256", bytes);
    }

    String gitHash() {
      byte[] header = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.UTF_8);
      return hex("SHA-1", header, bytes);
    }

    String etag() {
      return isLarge() ? sha256() : gitHash();
    }
  }

  private static final String RESOLVE_CACHE = "/api/resolve-cache/models/";

  private final HttpServer hub = server();
  private final HttpServer store = server();
  private final Map<String, SortedMap<String, Blob>> commits = new ConcurrentHashMap<>();
  private final Map<String, String> revisions = new ConcurrentHashMap<>();
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  private final Map<String, String> tokens = new ConcurrentHashMap<>();
  private final Set<String> gated = ConcurrentHashMap.newKeySet();
  private final List<Planned> faults = Collections.synchronizedList(new ArrayList<>());
  private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());

  private final Consumer<Request> watcher;

  /** Begins to listen. */
  public HubServer() {
    this(_ -> {});
  }

  private HubServer(Consumer<Request> watcher) {
    this.watcher = watcher;
    hub.createContext("/", exchange -> answer(exchange, true));
    store.createContext("/", exchange -> answer(exchange, false));
    hub.start();
    store.start();
  }

  public static void main(String[] args) {
    HubServer server =
        new HubServer(request -> System.out.println(request.method + " " + request.path));
    System.out.println(server.endpoint());
    System.out.println(server.publish(args[0], "main", Path.of(args[1])));
  }

  private static HttpServer server() {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** For HF_ENDPOINT. */
  public String endpoint() {
    return address(hub);
  }

  private static String address(HttpServer server) {
    return "http://localhost:" + server.getAddress().getPort();
  }

  /**
   * Puts a directory's files into a repository as a commit.
   *
   * @param revision branch or tag that stands for it from now on
   * @return the commit
   */
  public String publish(String repository, String revision, Path directory) {
    SortedMap<String, Blob> files = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        String name = directory.relativize(path).toString();
        files.put(name, new Blob(name, Files.readAllBytes(path)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return publish(repository, revision, files);
  }

  /** The same for files that no file system holds, by name. */
  public String publishFiles(String repository, String revision, Map<String, byte[]> files) {
    SortedMap<String, Blob> all = new TreeMap<>();
    files.forEach((name, bytes) -> all.put(name, new Blob(name, bytes)));
    return publish(repository, revision, all);
  }

  private String publish(String repository, String revision, SortedMap<String, Blob> files) {
    String listing =
        files.values().stream()
            .map(blob -> blob.name + " " + blob.etag())
            .collect(Collectors.joining("\n"));
    String commit = hex("SHA-1", listing.getBytes(StandardCharsets.UTF_8));
    commits.put(repository + "@" + commit, files);
    revisions.put(repository + "@" + revision, commit);
    revisions.put(repository + "@" + commit, commit);
    files.values().stream()
        .filter(Blob::isLarge)
        .forEach(blob -> blobs.put("/" + blob.sha256(), blob.bytes));
    return commit;
  }

  /** Only who has the token may read a repository. */
  public void require(String repository, String token) {
    tokens.put(repository, token);
  }

  /** Nobody has been let in yet, whatever the token. */
  public void gate(String repository) {
    gated.add(repository);
  }

  /** Lets the next request go wrong whose path ends so. */
  public void fail(String method, String suffix, Fault fault) {
    faults.add(new Planned(method, suffix, fault));
  }

  /** Requests so far. */
  public List<Request> requests() {
    return List.copyOf(requests);
  }

  /** Requests for a file's bytes where they lie. */
  public List<Request> downloads() {
    return requests().stream()
        .filter(r -> r.method.equals("GET"))
        .filter(r -> !r.toHub || r.path.startsWith(RESOLVE_CACHE))
        .toList();
  }

  public void forgetRequests() {
    requests.clear();
  }

  private void answer(HttpExchange exchange, boolean toHub) throws IOException {
    Headers headers = exchange.getRequestHeaders();
    String path = exchange.getRequestURI().getPath();
    Request request =
        new Request(
            exchange.getRequestMethod(),
            path,
            toHub,
            Optional.ofNullable(headers.getFirst("Authorization")),
            Optional.ofNullable(headers.getFirst("Range")).orElse(""));
    requests.add(request);
    watcher.accept(request);
    try (exchange) {
      Optional<Fault> fault = faultOf(request);
      if (fault.isPresent() && fault.get() instanceof Fault.Status(int status, var more)) {
        more.forEach(exchange.getResponseHeaders()::add);
        exchange.sendResponseHeaders(status, -1);
      } else if (toHub) {
        answerAsHub(exchange, request, fault);
      } else {
        send(exchange, request, Optional.ofNullable(blobs.get(path)), fault);
      }
    }
  }

  private Optional<Fault> faultOf(Request request) {
    synchronized (faults) {
      Optional<Planned> planned =
          faults.stream()
              .filter(f -> f.method.equals(request.method) && request.path.endsWith(f.suffix))
              .findFirst();
      planned.ifPresent(faults::remove);
      return planned.map(Planned::fault);
    }
  }

  private void answerAsHub(HttpExchange exchange, Request request, Optional<Fault> fault)
      throws IOException {
    String path = request.path;
    if (path.startsWith(RESOLVE_CACHE)) {
      String[] parts = path.substring(RESOLVE_CACHE.length()).split("/", 4);
      Blob blob = file(parts[0] + "/" + parts[1], parts[2], parts[3]).orElseThrow();
      exchange.getResponseHeaders().add("ETag", "\"" + blob.gitHash() + "\"");
      exchange.getResponseHeaders().add("X-Repo-Commit", parts[2]);
      send(exchange, request, Optional.of(blob.bytes), fault);
    } else if (path.startsWith("/api/models/")) {
      String[] parts = path.substring("/api/models/".length()).split("/", 4);
      describe(exchange, request, parts);
    } else {
      String[] parts = path.substring(1).split("/", 5);
      resolve(exchange, request, parts[0] + "/" + parts[1], parts[3], parts[4]);
    }
  }

  /** {@code owner/model[/revision/REVISION]} or {@code owner/model/tree/REVISION}. */
  private void describe(HttpExchange exchange, Request request, String[] parts) throws IOException {
    String repository = parts[0] + "/" + parts[1];
    if (refused(exchange, request, repository)) {
      return;
    }
    String commit = revisions.get(repository + "@" + (parts.length > 3 ? parts[3] : "main"));
    if (commit == null) {
      error(exchange, 404, "RevisionNotFound");
      return;
    }
    var files = commits.getOrDefault(repository + "@" + commit, new TreeMap<>()).values();
    String json =
        parts.length > 2 && parts[2].equals("tree")
            ? files.stream().map(HubServer::treeEntry).collect(Collectors.joining(",", "[", "]"))
            : files.stream()
                .map(blob -> "{\"rfilename\":\"" + blob.name.replace("\\", "\\\\") + "\"}")
                .collect(
                    Collectors.joining(
                        ",",
                        "{\"id\":\"%s\",\"sha\":\"%s\",\"siblings\":["
                            .formatted(repository, commit),
                        "]}"));
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    send(
        exchange,
        request,
        Optional.of(json.getBytes(StandardCharsets.UTF_8)),
        Optional.<Fault>empty());
  }

  private static String treeEntry(Blob blob) {
    String large =
        blob.isLarge()
            ? ",\"lfs\":{\"oid\":\"%s\",\"size\":%d,\"pointerSize\":130}"
                .formatted(blob.sha256(), blob.bytes.length)
            : "";
    return "{\"type\":\"file\",\"path\":\"%s\",\"size\":%d,\"oid\":\"%s\"%s}"
        .formatted(blob.name, blob.bytes.length, blob.gitHash(), large);
  }

  private void resolve(
      HttpExchange exchange, Request request, String repository, String revision, String name)
      throws IOException {
    if (refused(exchange, request, repository)) {
      return;
    }
    String commit = revisions.get(repository + "@" + revision);
    Optional<Blob> blob = commit == null ? Optional.empty() : file(repository, commit, name);
    if (commit == null || blob.isEmpty()) {
      error(exchange, 404, commit == null ? "RevisionNotFound" : "EntryNotFound");
      return;
    }
    Headers headers = exchange.getResponseHeaders();
    headers.add("X-Repo-Commit", commit);
    if (blob.get().isLarge()) {
      headers.add("X-Linked-Etag", "\"" + blob.get().sha256() + "\"");
      headers.add("X-Linked-Size", Integer.toString(blob.get().bytes.length));
      headers.add("Location", address(store) + "/" + blob.get().sha256() + "?signature=x%2Fy");
    } else {
      headers.add("Location", RESOLVE_CACHE + repository + "/" + commit + "/" + name);
    }
    exchange.sendResponseHeaders(blob.get().isLarge() ? 302 : 307, -1);
  }

  private Optional<Blob> file(String repository, String commit, String name) {
    return Optional.ofNullable(commits.get(repository + "@" + commit))
        .map(files -> files.get(name));
  }

  /** As the Hub does, which says of what does not exist that one is not logged in. */
  private boolean refused(HttpExchange exchange, Request request, String repository)
      throws IOException {
    boolean known = revisions.keySet().stream().anyMatch(r -> r.startsWith(repository + "@"));
    Optional<String> given = request.authorization;
    String token = tokens.get(repository);
    boolean right = token == null || given.equals(Optional.of("Bearer " + token));
    if (gated.contains(repository)) {
      error(exchange, given.isEmpty() ? 401 : 403, "GatedRepo");
    } else if (given.isEmpty() && (!known || !right)) {
      error(exchange, 401, "RepoNotFound");
    } else if (!right) {
      error(exchange, 401, "");
    } else if (!known) {
      error(exchange, 404, "RepoNotFound");
    } else {
      return false;
    }
    return true;
  }

  private static void error(HttpExchange exchange, int status, String code) throws IOException {
    if (!code.isEmpty()) {
      exchange.getResponseHeaders().add("X-Error-Code", code);
    }
    exchange.sendResponseHeaders(status, -1);
  }

  private static void send(
      HttpExchange exchange, Request request, Optional<byte[]> body, Optional<Fault> fault)
      throws IOException {
    if (body.isEmpty()) {
      exchange.sendResponseHeaders(403, -1);
      return;
    }
    byte[] bytes = body.get();
    boolean part =
        !request.range.isEmpty() && !(fault.isPresent() && fault.get() instanceof Fault.NoRange);
    int from = 0;
    int to = bytes.length;
    if (part) {
      String[] ends = request.range.substring("bytes=".length()).split("-", 2);
      from = Integer.parseInt(ends[0]);
      to = ends[1].isEmpty() ? to : Math.min(to, Integer.parseInt(ends[1]) + 1);
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, bytes.length));
    }
    byte[] sent = Arrays.copyOfRange(bytes, from, to);
    if (request.method.equals("HEAD")) {
      exchange.getResponseHeaders().add("Content-Length", Integer.toString(sent.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    exchange.sendResponseHeaders(part ? 206 : 200, sent.length == 0 ? -1 : sent.length);
    write(exchange, sent, fault);
  }

  private static void write(HttpExchange exchange, byte[] bytes, Optional<Fault> fault)
      throws IOException {
    switch (fault.orElse(new Fault.NoRange())) {
      case Fault.Drop(int count) -> {
        exchange.getResponseBody().write(bytes, 0, Math.min(count, bytes.length));
        exchange.getResponseBody().flush();
      }
      case Fault.Stall(int count) -> {
        exchange.getResponseBody().write(bytes, 0, Math.min(count, bytes.length));
        exchange.getResponseBody().flush();
        sleep();
      }
      case Fault.Flip() -> {
        bytes[bytes.length / 2] ^= 1;
        exchange.getResponseBody().write(bytes);
      }
      default -> exchange.getResponseBody().write(bytes);
    }
  }

  private static void sleep() {
    try {
      Thread.sleep(60_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String hex(String algorithm, byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      for (byte[] part : parts) {
        digest.update(part);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    store.stop(0);
  }
}
