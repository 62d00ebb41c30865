package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.PlainFileName;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * The Hub's HTTP interface (https://huggingface.co/docs/hub/api), one attempt a call. The token
 * goes to the Hub alone, and to no other server that it sends us to for the bytes.
 */
final class HubClient implements AutoCloseable {

  private static final int MOST_REDIRECTS = 10;
  private static final int OK = 200;
  private static final int PARTIAL = 206;

  private final HubSettings settings;
  private final HttpClient http;

  HubClient(HubSettings settings) {
    this.settings = settings;
    this.http =
        HttpClient.newBuilder()
            // Several files at once should not share one connection's window.
            .version(Version.HTTP_1_1)
            .followRedirects(Redirect.NEVER)
            .connectTimeout(settings.patience())
            .build();
  }

  /**
   * What a revision stands for.
   *
   * @param files those that lie in no folder
   */
  record Listing(String commit, SortedSet<String> files) {}

  /**
   * The bytes of a file.
   *
   * @param position of the first in the file
   */
  record Body(InputStream stream, long position) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      stream.close();
    }
  }

  /** Resolves a revision to a commit and its files. */
  Listing list(HubReference reference) throws IOException {
    String path = "/api/models/%s/revision/%s";
    URI uri = uri(path.formatted(reference.repository(), encoded(reference.revision())));
    try (InputStream body = requireSuccess(send("GET", uri, "", true)).body()) {
      JsonNode json = Json.MAPPER.readTree(body);
      String commit = json.path("sha").asString("");
      if (!HubReference.isCommit(commit)) {
        throw new IOException("the server's answer names no commit");
      }
      SortedSet<String> files = new TreeSet<>();
      for (JsonNode sibling : json.path("siblings")) {
        String name = sibling.path("rfilename").asString("");
        if (PlainFileName.isPlain(name)) {
          files.add(name);
        }
      }
      return new Listing(commit, files);
    } catch (JacksonException e) {
      throw new IOException("the server's answer is not what the Hub says: " + e.getMessage(), e);
    }
  }

  /** Asks for a file's checksum and size. */
  HubFile describe(String repository, String commit, String name) throws IOException {
    HttpResponse<InputStream> response = send("HEAD", resolve(repository, commit, name), "", false);
    response.body().close();
    Optional<String> linked = response.headers().firstValue("X-Linked-Etag");
    if (linked.isEmpty()) {
      requireSuccess(response);
    }
    String etag =
        linked.or(() -> response.headers().firstValue("ETag")).orElse("").replaceAll("^W/|\"", "");
    OptionalLong size = response.headers().firstValueAsLong("X-Linked-Size");
    if (size.isEmpty() && linked.isEmpty()) {
      size = response.headers().firstValueAsLong("Content-Length");
    }
    boolean sameCommit =
        response.headers().firstValue("X-Repo-Commit").map(commit::equals).orElse(true);
    if (!HubFile.isChecksum(etag) || size.isEmpty() || size.getAsLong() < 0 || !sameCommit) {
      throw new IOException("the server gives no checksum and size of " + name + " at " + commit);
    }
    return new HubFile(name, etag, size.getAsLong());
  }

  /** Reads a file from a position to its end. A server may begin at its beginning all the same. */
  Body read(String repository, String commit, String name, long from) throws IOException {
    return read(repository, commit, name, from, from == 0 ? "" : "bytes=" + from + "-");
  }

  /** Reads a part of a file. */
  Body read(String repository, String commit, String name, long from, long bytes)
      throws IOException {
    String range = "bytes=%d-%d".formatted(from, from + bytes - 1);
    Body body = read(repository, commit, name, from, range);
    if (body.position != from) {
      body.close();
      throw new IOException("the server gives out whole files only");
    }
    return body;
  }

  private Body read(String repository, String commit, String name, long from, String range)
      throws IOException {
    HttpResponse<InputStream> response =
        requireSuccess(send("GET", resolve(repository, commit, name), range, true));
    if (response.statusCode() == OK) {
      return new Body(response.body(), 0);
    }
    String given = response.headers().firstValue("Content-Range").orElse("");
    if (!given.startsWith("bytes " + from + "-")) {
      response.body().close();
      throw new IOException("the server gives another part than it was asked for: " + given);
    }
    return new Body(response.body(), from);
  }

  private static HttpResponse<InputStream> requireSuccess(HttpResponse<InputStream> response)
      throws IOException {
    if (response.statusCode() != OK && response.statusCode() != PARTIAL) {
      response.body().close();
      throw new RefusedException(response.statusCode(), response.headers());
    }
    return response;
  }

  /**
   * Sends a request and follows redirects.
   *
   * @param range empty for the whole
   * @param leave whether to follow to another server: the Hub says what it knows of a file in the
   *     answer that sends us away
   */
  private HttpResponse<InputStream> send(String method, URI first, String range, boolean leave)
      throws IOException {
    URI uri = first;
    for (int i = 0; i <= MOST_REDIRECTS; i++) {
      HttpResponse<InputStream> response = sendOnce(method, uri, range);
      Optional<URI> next = redirect(uri, response);
      boolean described = !leave && response.headers().firstValue("X-Linked-Etag").isPresent();
      if (next.isEmpty() || described || (!leave && !isHub(next.get()))) {
        return response;
      }
      response.body().close();
      uri = next.get();
    }
    throw new IOException("the server sends us in circles, from " + first);
  }

  private HttpResponse<InputStream> sendOnce(String method, URI uri, String range)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(method, BodyPublishers.noBody())
            .timeout(settings.patience())
            .header("User-Agent", "cambium")
            // Sizes and ranges count the file's own bytes.
            .header("Accept-Encoding", "identity");
    if (!range.isEmpty()) {
      request.header("Range", range);
    }
    if (isHub(uri)) {
      settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
    }
    try {
      return http.send(request.build(), BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private static Optional<URI> redirect(URI from, HttpResponse<?> response) throws IOException {
    Optional<String> location = response.headers().firstValue("Location");
    if (response.statusCode() / 100 != 3 || location.isEmpty()) {
      return Optional.empty();
    }
    URI to;
    try {
      to = from.resolve(location.get());
    } catch (IllegalArgumentException e) {
      throw new IOException("the server sends us to no address: " + location.get(), e);
    }
    if (!"https".equals(to.getScheme()) && !from.getScheme().equals(to.getScheme())) {
      throw new IOException("the server sends us to an address without encryption: " + to);
    }
    return Optional.of(to);
  }

  private boolean isHub(URI uri) {
    URI hub = settings.endpoint();
    return hub.getScheme().equals(uri.getScheme())
        && hub.getHost().equalsIgnoreCase(uri.getHost())
        && hub.getPort() == uri.getPort();
  }

  private URI resolve(String repository, String commit, String name) {
    return uri("/%s/resolve/%s/%s".formatted(repository, commit, encoded(name)));
  }

  private URI uri(String path) {
    return URI.create(settings.endpoint() + path);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
