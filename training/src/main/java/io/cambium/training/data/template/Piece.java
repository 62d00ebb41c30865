package io.cambium.training.data.template;

import java.util.List;

/** A part of a template, with jinja2's rules for the white space between parts applied. */
sealed interface Piece {

  /** Text that stands for itself. */
  record Text(String text) implements Piece {}

  /**
   * What stands between two braces, or in a tag.
   *
   * @param tag whether it is a tag
   * @param line of the file, from 1
   */
  record Code(boolean tag, List<Token> tokens, int line) implements Piece {}
}
