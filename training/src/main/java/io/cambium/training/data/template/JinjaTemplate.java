package io.cambium.training.data.template;

import com.google.common.base.Throwables;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.UsageException;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A template of jinja2 as transformers renders it: with {@code trim_blocks} and {@code
 * lstrip_blocks}, {@code raise_exception}, {@code strftime_now} and {@code generation}.
 *
 * <p>jinjava renders it, but reads neither its text nor its operators: they are read here by
 * jinja2's grammar and handed to jinjava as values and calls. So what comes from a checkpoint or a
 * user is never interpreted as code, no Java object can be reached from it, and a construct that is
 * not known is an error and not an empty text.
 */
public final class JinjaTemplate {

  /** The variable that holds the time. */
  static final String NOW = Operations.PREFIX + "now";

  private static final long LONGEST_OUTPUT = 16L << 20;

  private final Object place;
  private final TemplateCompiler.Compiled compiled;

  private JinjaTemplate(Object place, TemplateCompiler.Compiled compiled) {
    this.place = place;
    this.compiled = compiled;
  }

  /**
   * Reads a template.
   *
   * @param place where it comes from, for messages
   * @throws CheckpointException if it has a construct that cannot be rendered
   */
  public static JinjaTemplate parse(String source, Object place) {
    try {
      return new JinjaTemplate(place, TemplateCompiler.compile(source));
    } catch (Refusal e) {
      throw refused(place, e);
    }
  }

  /**
   * Renders the template.
   *
   * @param variables strings, Long, Boolean, lists and maps of them; null is {@code none}
   * @param now the time that {@code strftime_now} formats
   * @throws CheckpointException if it comes to a construct that cannot be rendered
   * @throws UsageException if the template refuses what it is given
   */
  public String render(Map<String, ?> variables, ZonedDateTime now) {
    Map<String, Object> values = new HashMap<>(compiled.constants());
    variables.forEach((name, value) -> values.put(name, value == null ? Absent.NONE : value));
    values.putAll(Operations.state());
    values.put(NOW, now);
    RenderResult result = jinjava().renderForResult(compiled.source(), values);
    if (!result.getErrors().isEmpty()) {
      throw failure(result.getErrors().getFirst());
    }
    return result.getOutput();
  }

  private static Jinjava jinjava() {
    Jinjava jinjava =
        new Jinjava(
            JinjavaConfig.newBuilder()
                .withNestedInterpretationEnabled(false)
                .withKeepTrailingNewline(true)
                .withMaxOutputSize(LONGEST_OUTPUT)
                .build());
    jinjava.setResourceLocator((name, encoding, interpreter) -> {
      throw new Refusal("another file, " + name);
    });
    jinjava.registerTag(new LoopTag());
    Operations.functions().forEach(jinjava::registerFunction);
    return jinjava;
  }

  private RuntimeException failure(TemplateError error) {
    List<Throwable> causes =
        error.getException() == null ? List.of() : Throwables.getCausalChain(error.getException());
    for (Throwable cause : causes) {
      if (cause instanceof RaisedByTemplate raised) {
        return new UsageException(
            place,
            "refuses the messages: " + raised.getMessage(),
            "give what the model's template takes",
            raised);
      }
      if (cause instanceof Refusal refusal) {
        return refused(place, refusal);
      }
    }
    return new CheckpointException(place, "cannot be rendered: " + error.getMessage(), REMEDY);
  }

  private static final String REMEDY =
      "render the template with transformers, and give the text as --prompt without --chat";

  private static CheckpointException refused(Object place, Refusal refusal) {
    return new CheckpointException(
        place,
        "uses what Cambium cannot render as jinja2 does: " + refusal.getMessage(),
        REMEDY,
        refusal);
  }
}
