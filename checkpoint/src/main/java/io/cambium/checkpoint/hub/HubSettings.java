package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * How to reach the Hub, and where its files are kept: the environment variables of the
 * huggingface_hub package, with their meaning there.
 *
 * @param endpoint HF_ENDPOINT
 * @param cache HF_HUB_CACHE; else hub/ in HF_HOME; else ~/.cache/huggingface/hub
 * @param token HF_TOKEN, HUGGING_FACE_HUB_TOKEN, or what the file HF_TOKEN_PATH holds (by default
 *     token in HF_HOME, where {@code hf auth login} puts it)
 * @param offline HF_HUB_OFFLINE: take everything from the cache
 * @param links unless HF_HUB_DISABLE_SYMLINKS says otherwise
 * @param patience HF_HUB_DOWNLOAD_TIMEOUT: how long a server may be silent
 */
public record HubSettings(
    URI endpoint,
    Path cache,
    Optional<String> token,
    boolean offline,
    boolean links,
    Duration patience) {

  private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
  private static final String DEFAULT_PATIENCE = "10";
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");

  /**
   * Reads an environment.
   *
   * @throws UsageException if a variable has an impossible value
   */
  public static HubSettings of(Map<String, String> environment) {
    Variables variables = new Variables(environment);
    Path home =
        variables
            .path("HF_HOME")
            .orElseGet(() ->
                variables
                    .path("XDG_CACHE_HOME")
                    .orElse(variables.userHome().resolve(".cache"))
                    .resolve("huggingface"));
    return new HubSettings(
        variables.endpoint(),
        variables.path("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE").orElse(home.resolve("hub")),
        variables
            .text("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
            .or(() -> tokenIn(variables.path("HF_TOKEN_PATH").orElse(home.resolve("token")))),
        variables.isTrue("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"),
        !variables.isTrue("HF_HUB_DISABLE_SYMLINKS"),
        variables.patience());
  }

  private static Optional<String> tokenIn(Path file) {
    try {
      return Files.exists(file)
          ? Optional.of(Files.readString(file).strip()).filter(token -> !token.isEmpty())
          : Optional.empty();
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }

  /** An empty variable is one that is not set. */
  private record Variables(Map<String, String> environment) {

    Optional<String> text(String... names) {
      return Stream.of(names)
          .map(name -> environment.getOrDefault(name, "").strip())
          .filter(value -> !value.isEmpty())
          .findFirst();
    }

    Optional<Path> path(String... names) {
      return text(names)
          .map(text ->
              text.equals("~") || text.startsWith("~/") ? userHome() + text.substring(1) : text)
          .map(Path::of);
    }

    Path userHome() {
      return Path.of(System.getProperty("user.home"));
    }

    boolean isTrue(String... names) {
      return text(names).filter(value -> TRUE.contains(value.toUpperCase(Locale.ROOT))).isPresent();
    }

    URI endpoint() {
      String text = text("HF_ENDPOINT").orElse(DEFAULT_ENDPOINT).replaceAll("/+$", "");
      try {
        URI endpoint = URI.create(text);
        if (endpoint.getHost() != null
            && Set.of("http", "https").contains(String.valueOf(endpoint.getScheme()))) {
          return endpoint;
        }
      } catch (IllegalArgumentException e) {
        throw noAddress(text);
      }
      throw noAddress(text);
    }

    private static UsageException noAddress(String text) {
      return new UsageException(
          "HF_ENDPOINT", "is \"" + text + "\", no address of a server", "as " + DEFAULT_ENDPOINT);
    }

    Duration patience() {
      String text = text("HF_HUB_DOWNLOAD_TIMEOUT").orElse(DEFAULT_PATIENCE);
      if (!text.matches("[1-9][0-9]{0,5}")) {
        throw new UsageException(
            "HF_HUB_DOWNLOAD_TIMEOUT", "is \"" + text + "\"", "give whole seconds, 1 or more");
      }
      return Duration.ofSeconds(Long.parseLong(text));
    }
  }

  /** Not the token. */
  @Override
  public String toString() {
    return "HubSettings[endpoint=%s, cache=%s, offline=%s]".formatted(endpoint, cache, offline);
  }
}
