package io.cambium.training.data.template;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The functions of jinja2 and transformers that a template may call. */
final class TemplateFunctions {

  private static final Set<String> KNOWN =
      Set.of(
          "raise_exception",
          "strftime_now",
          "namespace",
          "range",
          "dict",
          "lipsum",
          "cycler",
          "joiner");

  private static final int LONGEST_RANGE = 100_000;

  private static final Map<Character, String> DATE_FIELDS =
      Map.ofEntries(
          Map.entry('Y', "yyyy"),
          Map.entry('y', "yy"),
          Map.entry('m', "MM"),
          Map.entry('d', "dd"),
          Map.entry('H', "HH"),
          Map.entry('I', "hh"),
          Map.entry('M', "mm"),
          Map.entry('S', "ss"),
          Map.entry('p', "a"),
          Map.entry('b', "MMM"),
          Map.entry('B', "MMMM"),
          Map.entry('a', "EEE"),
          Map.entry('A', "EEEE"),
          Map.entry('j', "DDD"));

  private TemplateFunctions() {}

  /** Whether transformers defines a function of that name. */
  static boolean isKnown(String name) {
    return KNOWN.contains(name);
  }

  static Object call(String name, Arguments arguments) {
    if (name.equals("namespace") && arguments.positional().isEmpty()) {
      return Operations.namespace(arguments.named());
    }
    if (name.equals("range")) {
      return range(arguments);
    }
    return switch (arguments.areStrings(1) ? name : "") {
      case "raise_exception" -> throw new RaisedByTemplate(arguments.string(0));
      case "strftime_now" -> date(now(), arguments.string(0));
      default -> throw new Refusal("the function " + name + "(...) with these arguments");
    };
  }

  private static ZonedDateTime now() {
    Object now = JinjavaInterpreter.getCurrent().getContext().get(JinjaTemplate.NOW);
    return (ZonedDateTime) Objects.requireNonNull(now);
  }

  /** Python's {@code strftime} in the C locale. */
  private static String date(ZonedDateTime now, String format) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        text.append(c);
        continue;
      }
      char field = ++i < format.length() ? format.charAt(i) : ' ';
      String pattern = DATE_FIELDS.get(field);
      if (pattern == null && field != '%') {
        throw new Refusal("strftime_now with %" + field);
      }
      text.append(
          pattern == null ? "%" : DateTimeFormatter.ofPattern(pattern, Locale.US).format(now));
    }
    return text.toString();
  }

  private static List<Object> range(Arguments arguments) {
    if (arguments.count() < 1
        || arguments.count() > 2
        || !arguments.positional().stream().allMatch(Long.class::isInstance)) {
      throw new Refusal("the function range(...) with these arguments");
    }
    long from = arguments.count() == 1 ? 0 : (Long) arguments.positional().get(0);
    long to = (Long) arguments.positional().getLast();
    if (to - from > LONGEST_RANGE) {
      throw new Refusal("a range of more than " + LONGEST_RANGE + " numbers");
    }
    List<Object> numbers = new ArrayList<>();
    for (long i = from; i < to; i++) {
      numbers.add(i);
    }
    return numbers;
  }
}
