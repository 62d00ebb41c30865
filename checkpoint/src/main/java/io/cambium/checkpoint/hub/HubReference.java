package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.UsageException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model on the Hub, at a revision.
 *
 * @param repository such as {@code HuggingFaceTB/SmolLM2-135M}
 * @param revision a branch, a tag, or a commit
 */
public record HubReference(String repository, String revision) {

  private static final String SCHEME = "hf:";
  private static final String DEFAULT_REVISION = "main";

  // Names become parts of paths: no name begins with a dot, and none holds "..".
  private static final String NAME = "\\w(?:(?!\\.\\.|--)[\\w.-])*";
  private static final Pattern FORM =
      Pattern.compile(
          SCHEME + "//(" + NAME + "/" + NAME + ")(?:@(\\w(?:(?!\\.\\.|/[./])[\\w./+-])*(?<!/)))?");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  /** Whether a text means a model on the Hub, well-formed or not. */
  public static boolean isMeant(String text) {
    return text.startsWith(SCHEME);
  }

  /**
   * Reads {@code hf://owner/model} or {@code hf://owner/model@revision}.
   *
   * @throws UsageException if it is something else
   */
  public static HubReference parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new UsageException(
          text, "names no model on the Hub", "write hf://owner/model or hf://owner/model@revision");
    }
    String revision = matcher.group(2);
    return new HubReference(matcher.group(1), revision == null ? DEFAULT_REVISION : revision);
  }

  /** Whether the revision is a commit's full hash, which never means anything else later. */
  boolean isCommit() {
    return isCommit(revision);
  }

  static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }

  @Override
  public String toString() {
    return SCHEME + "//" + repository + (revision.equals(DEFAULT_REVISION) ? "" : "@" + revision);
  }
}
