package io.cambium.upcycle.dense;

import io.cambium.checkpoint.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Which layers get experts, as users write it: indices and Python slices, such as {@code 0,4,8},
 * {@code 1::2} or {@code 1:}; negative indices count from the end.
 *
 * @param text what was written
 */
public record LayerChoice(String text) {

  /** All of them. */
  public static final LayerChoice ALL = new LayerChoice(":");

  private static final Pattern INDEX = Pattern.compile("-?\\d{1,6}");
  private static final Pattern SLICE =
      Pattern.compile("(-?\\d{1,6})?:(-?\\d{1,6})?(?::(\\d{1,6}))?");

  /**
   * The indices, ascending.
   *
   * @throws UsageException if something is malformed, names no layer, or names none at all
   */
  List<Integer> of(int layers) {
    TreeSet<Integer> chosen = new TreeSet<>();
    for (String item : text.split(",", -1)) {
      chosen.addAll(item(item.strip(), layers));
    }
    if (chosen.isEmpty()) {
      throw invalid("chooses none of " + layers + " layers");
    }
    return new ArrayList<>(chosen);
  }

  private List<Integer> item(String item, int layers) {
    if (INDEX.matcher(item).matches()) {
      int index = fromEnd(Integer.parseInt(item), layers);
      if (index < 0 || index >= layers) {
        throw invalid("names layer " + item + " of " + layers);
      }
      return List.of(index);
    }
    Matcher slice = SLICE.matcher(item);
    if (!slice.matches()) {
      throw invalid("is no list of layers");
    }
    int step = slice.group(3) == null ? 1 : Integer.parseInt(slice.group(3));
    if (step == 0) {
      throw invalid("has the step 0");
    }
    int from = bound(slice.group(1), 0, layers);
    int to = bound(slice.group(2), layers, layers);
    return IntStream.range(from, Math.max(from, to))
        .filter(layer -> (layer - from) % step == 0)
        .boxed()
        .toList();
  }

  private static int bound(@Nullable String text, int otherwise, int layers) {
    return text == null
        ? otherwise
        : Math.clamp(fromEnd(Integer.parseInt(text), layers), 0, layers);
  }

  private static int fromEnd(int index, int layers) {
    return index < 0 ? index + layers : index;
  }

  private UsageException invalid(String what) {
    return new UsageException(
        "option layers", "\"" + text + "\" " + what, "write indices or slices: 0,4,8 or 1::2");
  }
}
