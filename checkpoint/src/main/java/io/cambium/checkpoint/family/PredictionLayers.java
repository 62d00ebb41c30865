package io.cambium.checkpoint.family;

import io.cambium.checkpoint.ModelConfig;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Layers behind the last that predict further tokens, which loaders for plain generation drop. */
final class PredictionLayers {

  private static final Pattern LAYER_PREFIX = Pattern.compile("model\\.layers\\.(\\d{1,9})\\.");

  static final String KEY = "num_nextn_predict_layers";

  private PredictionLayers() {}

  /** Whether the tensor belongs to one of them. */
  static boolean hold(String tensor, ModelConfig config) {
    Matcher layer = LAYER_PREFIX.matcher(tensor);
    if (!layer.lookingAt()) {
      return false;
    }
    long past = Long.parseLong(layer.group(1)) - config.requirePositiveInt("num_hidden_layers");
    return past >= 0 && past < config.countOr(KEY, 0);
  }
}
