package io.cambium.training.data.template;

/** What {@code loop} tells inside of a loop. */
record Loop(int index0, int length) {

  Object get(String name) {
    return switch (name) {
      case "index" -> index0 + 1L;
      case "index0" -> (long) index0;
      case "revindex" -> (long) length - index0;
      case "revindex0" -> length - index0 - 1L;
      case "first" -> index0 == 0;
      case "last" -> index0 == length - 1;
      case "length" -> (long) length;
      default -> throw new Refusal("loop." + name);
    };
  }
}
