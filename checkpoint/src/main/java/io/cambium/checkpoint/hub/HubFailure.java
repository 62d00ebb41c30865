package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a user can do when the Hub does not give what it is asked for. */
record HubFailure(HubSettings settings, HubReference reference) {

  /**
   * The error.
   *
   * @param place the model, or a file of it
   */
  CheckpointException of(Object place, IOException cause) {
    return switch (cause) {
      case RefusedException refused -> refused(place, refused);
      case FileSystemException disk when disk.getFile() != null ->
          CheckpointException.unwritable(Path.of(disk.getFile()), disk);
      default ->
          error(
              place,
              "cannot be reached on " + settings.endpoint() + ": " + reason(cause),
              "check the connection, and HF_ENDPOINT if it is set; what has arrived is kept, and"
                  + " with HF_HUB_OFFLINE=1 the cache alone is asked",
              cause);
    };
  }

  private CheckpointException refused(Object place, RefusedException e) {
    return switch (e.code()) {
      case "GatedRepo" -> gated(e);
      case "RevisionNotFound" ->
          error(
              reference,
              "has no revision \"" + reference.revision() + "\"",
              "name a branch, a tag or a commit's full hash that it has",
              e);
      case "EntryNotFound" -> error(place, "is not in the repository", null, e);
      default -> byStatus(place, e);
    };
  }

  private CheckpointException gated(RefusedException e) {
    return error(
        reference,
        settings.token().isPresent()
            ? "is gated, and the account of your token has not been let in"
            : "is gated, and no token is set",
        "accept its terms at %s/%s, and set HF_TOKEN to a token of the account that did"
            .formatted(settings.endpoint(), reference.repository()),
        e);
  }

  private CheckpointException byStatus(Object place, RefusedException e) {
    return switch (e.status()) {
      case 401 -> unauthorised(e);
      case 403 ->
          error(
              reference,
              "may not be read with " + (settings.token().isPresent() ? "your token" : "no token"),
              "set HF_TOKEN to a token that has permission to read it",
              e);
      case 404 ->
          error(reference, "is not on " + settings.endpoint(), "check the owner's and its name", e);
      case 429 ->
          error(
              place,
              "has been asked for too often: the server limits requests",
              "try again later"
                  + (settings.token().isPresent() ? "" : "; with HF_TOKEN set it allows more"),
              e);
      default ->
          error(
              place,
              "does not come: " + e.getMessage(),
              "try again later; what has arrived is kept",
              e);
    };
  }

  /** Without a token, the Hub says so of what does not exist as well. */
  private CheckpointException unauthorised(RefusedException e) {
    return settings.token().isPresent()
        ? error(
            reference,
            "is not given out: the server does not accept your token",
            "make another at %s/settings/tokens and set HF_TOKEN to it"
                .formatted(settings.endpoint()),
            e)
        : error(
            reference,
            "does not exist, or is private or gated",
            "check its name; if it is right, set HF_TOKEN to a token that may read it",
            e);
  }

  private static CheckpointException error(
      Object place, String what, @Nullable String remedy, IOException e) {
    return new CheckpointException(place, what, remedy, e);
  }

  /** A refused connection comes without a message. */
  private static String reason(IOException e) {
    return Objects.requireNonNullElseGet(
        e.getMessage(), () -> e.getClass().getSimpleName().replace("Exception", ""));
  }
}
