package io.cambium.training.data.template;

import io.cambium.training.data.template.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Turns an expression of jinja2 into one of jinjava. jinjava reads several operators otherwise:
 * {@code not a == b} as {@code (not a) == b}, {@code 'x' + none} as {@code "xnull"}, the text
 * {@code "false"} as untrue. So the grammar of jinja2 is read here, and every operator becomes a
 * call of {@link Operations}; jinjava evaluates the calls.
 *
 * <p>The methods go from the operator that binds least to the one that binds most, in the order of
 * jinja2's own parser.
 */
final class ExpressionCompiler {

  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<String> TESTS_WITH_ARGUMENT =
      Set.of("equalto", "eq", "ne", "divisibleby", "in", "sameas");
  private static final Set<String> KEYWORDS =
      Set.of("and", "or", "not", "in", "is", "if", "else", "for", "recursive");

  private final List<Token> tokens;
  private final Scope scope;
  private int at;

  ExpressionCompiler(List<Token> tokens, int from, Scope scope) {
    this.tokens = tokens;
    this.at = from;
    this.scope = scope;
  }

  /** The rest of the tag, which must be one expression. */
  String whole() {
    String value = expression();
    if (peek().kind() != Kind.END) {
      throw new Refusal(peek().text() + " where an expression ends");
    }
    return value;
  }

  /** What a loop goes over, and which of it. */
  String items() {
    String items = call("items", or());
    String condition = accept("if") ? LoopTag.WHERE + call("isTrue", expression()) : "";
    if (peek().kind() != Kind.END) {
      throw new Refusal(peek().text() + " in a loop's head");
    }
    return items + condition;
  }

  /** {@code a if condition else b}. */
  private String expression() {
    String value = or();
    while (accept("if")) {
      String condition = or();
      String otherwise = accept("else") ? expression() : call("undefined");
      value = choice(call("isTrue", condition), value, otherwise);
    }
    return value;
  }

  /** The left operand is evaluated once: what decides is kept, and taken up as the result. */
  private String or() {
    String left = and();
    return accept("or") ? choice(call("keepTrue", left), call("kept"), or()) : left;
  }

  private String and() {
    String left = not();
    return accept("and") ? choice(call("keepFalse", left), call("kept"), and()) : left;
  }

  private String not() {
    return accept("not") ? call("not", not()) : comparison();
  }

  private String comparison() {
    String left = sum();
    String operator = comparisonOperator();
    if (operator.isEmpty()) {
      return left;
    }
    String value = call("compare", scope.constant(operator), left, sum());
    if (!comparisonOperator().isEmpty()) {
      throw new Refusal("a chain of comparisons");
    }
    return value;
  }

  private String comparisonOperator() {
    Token token = peek();
    if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
      at++;
      return token.text();
    }
    if (accept("in")) {
      return "in";
    }
    if (token.is("not") && tokens.get(at + 1).is("in")) {
      at += 2;
      return "not in";
    }
    return "";
  }

  private String sum() {
    String left = concatenation();
    while (peek().is("+") || peek().is("-")) {
      String operation = next().is("+") ? "add" : "subtract";
      left = call(operation, left, concatenation());
    }
    return left;
  }

  private String concatenation() {
    String left = product();
    while (accept("~")) {
      left = call("concatenate", left, product());
    }
    return left;
  }

  private String product() {
    String left = unary(true);
    while (true) {
      if (accept("*")) {
        left = call("multiply", left, unary(true));
      } else if (accept("//")) {
        left = call("divide", left, unary(true));
      } else if (accept("%")) {
        left = call("modulo", left, unary(true));
      } else if (peek().is("/") || peek().is("**")) {
        throw new Refusal("the operator " + peek().text());
      } else {
        return left;
      }
    }
  }

  /** A filter belongs to what stands before it, the sign of a number included. */
  private String unary(boolean withFilters) {
    if (accept("-")) {
      String value = call("subtract", scope.constant(0L), unary(false));
      return withFilters ? filters(postfix(value)) : postfix(value);
    }
    if (peek().is("+")) {
      throw new Refusal("a + without a left side");
    }
    String value = postfix(primary());
    return withFilters ? filters(value) : value;
  }

  private String primary() {
    Token token = next();
    return switch (token.kind()) {
      case STRING -> string(token.text());
      case INTEGER -> scope.constant(Long.parseLong(token.text()));
      case NAME -> name(token.text());
      case OPERATOR -> bracket(token.text());
      case END -> throw new Refusal("a missing value");
    };
  }

  private String bracket(String operator) {
    return switch (operator) {
      case "(" -> parenthesis();
      case "[" -> call("list", items("]"));
      case "{" -> call("dict", entries());
      default -> throw new Refusal(operator + " where a value is due");
    };
  }

  private String string(String first) {
    StringBuilder text = new StringBuilder(first);
    while (peek().kind() == Kind.STRING) {
      text.append(next().text());
    }
    return scope.constant(text.toString());
  }

  private String name(String name) {
    if (KEYWORDS.contains(name)) {
      throw new Refusal("the keyword " + name + " where a value is due");
    }
    if (peek().is("(")) {
      return function(name);
    }
    return switch (name) {
      case "true", "True" -> scope.constant(true);
      case "false", "False" -> scope.constant(false);
      case "none", "None" -> scope.constant(Absent.NONE);
      default -> call("variable", scope.variable(name));
    };
  }

  private String function(String name) {
    at++;
    if (scope.isMacro(name)) {
      return name + "(" + String.join(", ", arguments(true)) + ")";
    }
    List<String> parts = new ArrayList<>(List.of(scope.constant(name)));
    parts.addAll(arguments(false));
    return call("function", parts);
  }

  /** A value in parentheses, or a tuple, which is read as a list. */
  private String parenthesis() {
    if (accept(")")) {
      return call("list", List.of());
    }
    String first = expression();
    if (accept(")")) {
      return first;
    }
    expect(",");
    List<String> parts = new ArrayList<>(List.of(first));
    parts.addAll(items(")"));
    return call("list", parts);
  }

  private List<String> items(String closing) {
    List<String> items = new ArrayList<>();
    while (!accept(closing)) {
      items.add(expression());
      if (!peek().is(closing)) {
        expect(",");
      }
    }
    return items;
  }

  private List<String> entries() {
    List<String> entries = new ArrayList<>();
    while (!accept("}")) {
      entries.add(expression());
      expect(":");
      entries.add(expression());
      if (!peek().is("}")) {
        expect(",");
      }
    }
    return entries;
  }

  private List<String> arguments(boolean ofMacro) {
    List<String> arguments = new ArrayList<>();
    while (!accept(")")) {
      if (peek().kind() == Kind.NAME && tokens.get(at + 1).is("=")) {
        String name = next().text();
        at++;
        String value = expression();
        arguments.add(ofMacro ? name + "=" + value : call("keyword", scope.constant(name), value));
      } else if (peek().is("*") || peek().is("**")) {
        throw new Refusal(peek().text() + " before an argument");
      } else {
        arguments.add(expression());
      }
      if (!peek().is(")")) {
        expect(",");
      }
    }
    return arguments;
  }

  private String postfix(String first) {
    String value = first;
    while (true) {
      if (accept(".")) {
        value = attribute(value);
      } else if (accept("[")) {
        value = subscript(value);
      } else if (peek().is("(")) {
        throw new Refusal("a call of a value");
      } else {
        return value;
      }
    }
  }

  private String attribute(String value) {
    Token token = next();
    if (token.kind() != Kind.NAME) {
      throw new Refusal("." + token.text());
    }
    String name = scope.constant(token.text());
    if (!accept("(")) {
      return call("attribute", value, name);
    }
    List<String> parts = new ArrayList<>(List.of(value, name));
    parts.addAll(arguments(false));
    return call("method", parts);
  }

  private String subscript(String value) {
    List<String> parts = new ArrayList<>();
    String nothing = scope.constant(Absent.NONE);
    int colons = 0;
    String part = nothing;
    while (!accept("]")) {
      if (accept(":")) {
        parts.add(part);
        part = nothing;
        colons++;
      } else {
        part = expression();
        if (!peek().is(":") && !peek().is("]")) {
          throw new Refusal(peek().text() + " in a subscript");
        }
      }
    }
    parts.add(part);
    if (colons == 0) {
      return call("item", value, part);
    }
    if (colons == 1) {
      parts.add(nothing);
    }
    parts.addFirst(value);
    return call("slice", parts);
  }

  private String filters(String first) {
    String value = first;
    while (true) {
      if (accept("|")) {
        List<String> parts = new ArrayList<>(List.of(value, scope.constant(next().text())));
        if (accept("(")) {
          parts.addAll(arguments(false));
        }
        value = call("filter", parts);
      } else if (accept("is")) {
        boolean negated = accept("not");
        String test = test(value);
        value = negated ? call("not", test) : test;
      } else {
        return value;
      }
    }
  }

  private String test(String value) {
    String name = next().text();
    List<String> parts = new ArrayList<>(List.of(value, scope.constant(name)));
    if (TESTS_WITH_ARGUMENT.contains(name)) {
      parts.add(postfix(primary()));
    }
    return call("test", parts);
  }

  private static String choice(String condition, String yes, String no) {
    return "(" + yes + " if " + condition + " else " + no + ")";
  }

  private static String call(String operation, String... operands) {
    return call(operation, List.of(operands));
  }

  private static String call(String operation, List<String> operands) {
    return Operations.PREFIX + operation + "(" + String.join(", ", operands) + ")";
  }

  private Token peek() {
    return tokens.get(at);
  }

  private Token next() {
    Token token = tokens.get(at);
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  private boolean accept(String spelling) {
    if (!peek().is(spelling)) {
      return false;
    }
    at++;
    return true;
  }

  private void expect(String spelling) {
    if (!accept(spelling)) {
      throw new Refusal(peek().text() + " where " + spelling + " is due");
    }
  }
}
