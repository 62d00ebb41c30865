package io.cambium.checkpoint.hub;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An answer that is no success. */
final class RefusedException extends IOException {

  private static final long serialVersionUID = 1;

  /** Of a server that is busy or being restarted. */
  private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);

  private final int status;
  private final String code;
  private final @Nullable Duration retryAfter;

  RefusedException(int status, HttpHeaders headers) {
    super("the server answers " + status);
    this.status = status;
    this.code = headers.firstValue("X-Error-Code").orElse("");
    this.retryAfter =
        headers
            .firstValue("Retry-After")
            .map(String::strip)
            .flatMap(RefusedException::duration)
            .orElse(null);
  }

  int status() {
    return status;
  }

  /** Such as {@code GatedRepo}; empty where the server gives none. */
  String code() {
    return code;
  }

  boolean passes() {
    return PASSING.contains(status);
  }

  /** How long the server wants to be left alone. */
  Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }

  /** Seconds or a date (RFC 9110, 10.2.3). */
  private static Optional<Duration> duration(String text) {
    try {
      Duration time =
          text.matches("[0-9]{1,9}")
              ? Duration.ofSeconds(Long.parseLong(text))
              : Duration.between(
                  Instant.now(),
                  ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
      return Optional.of(time.isNegative() ? Duration.ZERO : time);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
