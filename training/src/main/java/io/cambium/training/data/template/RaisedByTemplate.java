package io.cambium.training.data.template;

/** What a template's own {@code raise_exception} says. */
final class RaisedByTemplate extends RuntimeException {

  private static final long serialVersionUID = 1;

  RaisedByTemplate(String message) {
    super(message);
  }
}
