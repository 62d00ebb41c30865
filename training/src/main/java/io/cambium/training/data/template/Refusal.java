package io.cambium.training.data.template;

/** A construct that cannot be rendered as jinja2 renders it. The message names it. */
final class Refusal extends RuntimeException {

  private static final long serialVersionUID = 1;

  Refusal(String construct) {
    super(construct);
  }
}
