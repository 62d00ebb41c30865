package io.cambium.training.data.template;

import io.cambium.training.data.template.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Turns a template of jinja2 into one of jinjava: its tags here, its expressions beside. */
final class TemplateCompiler {

  /** What jinjava renders, and the values it finds under the names in it. */
  record Compiled(String source, Map<String, Object> constants) {}

  private final StringBuilder out = new StringBuilder();
  private final Scope scope = new Scope();
  private final Deque<String> open = new ArrayDeque<>();

  /** Variables of loops and those set in them: jinjava would show them to a macro. */
  private final Set<String> ofLoops = new HashSet<>(Set.of("loop"));

  private final Set<String> freeInMacros = new HashSet<>();
  private final Set<String> ofMacro = new HashSet<>();
  private Set<String> outsideMacro = new HashSet<>();

  private TemplateCompiler() {}

  /**
   * Compiles a template.
   *
   * @throws Refusal if it has a construct that jinjava cannot be brought to render
   */
  static Compiled compile(String source) {
    TemplateCompiler compiler = new TemplateCompiler();
    List<Piece> pieces = TemplateLexer.pieces(source);
    pieces.forEach(compiler::declareMacro);
    pieces.forEach(compiler::piece);
    compiler.finish();
    return new Compiled(compiler.out.toString(), compiler.scope.constants());
  }

  private void declareMacro(Piece piece) {
    if (piece instanceof Piece.Code code && code.tag() && code.tokens().getFirst().is("macro")) {
      scope.macro(token(code.tokens(), 1).text());
    }
  }

  private void piece(Piece piece) {
    switch (piece) {
      // As a value too: jinjava would look for braces in it.
      case Piece.Text text -> print(scope.constant(text.text()));
      case Piece.Code code -> {
        try {
          if (code.tag()) {
            tag(code.tokens());
          } else {
            print(Operations.PREFIX + "print(" + expression(code.tokens(), 0) + ")");
          }
        } catch (Refusal e) {
          throw new Refusal(e.getMessage() + " (line " + code.line() + ")");
        }
      }
    }
  }

  private void print(String expression) {
    out.append("{{ ").append(expression).append(" }}");
  }

  private void tag(List<Token> tokens) {
    String name = tokens.getFirst().text();
    switch (name) {
      case "if" -> {
        open.push(name);
        condition(name, tokens);
      }
      case "elif" -> {
        require("if", name);
        condition(name, tokens);
      }
      case "else" -> {
        require("if", name);
        write("else");
      }
      case "for" -> loop(tokens);
      case "set" -> set(tokens);
      case "macro" -> macro(tokens);
      case "generation" -> open.push(name);
      case "endif", "endfor", "endset", "endmacro", "endgeneration" -> end(name);
      default -> throw new Refusal("the tag " + name);
    }
  }

  private void condition(String tag, List<Token> tokens) {
    write(tag + " " + Operations.PREFIX + "isTrue(" + expression(tokens, 1) + ")");
  }

  private void end(String name) {
    String opening = name.substring("end".length());
    require(opening, name);
    open.pop();
    if (opening.equals("macro")) {
      freeInMacros.addAll(scope.collect(outsideMacro));
      freeInMacros.removeAll(ofMacro);
      ofMacro.clear();
    }
    if (!opening.equals("generation")) {
      write(name);
    }
  }

  private void require(String opening, String tag) {
    if (!opening.equals(open.peek())) {
      throw new Refusal(
          "the tag " + tag + (open.isEmpty() ? " without its opening" : " in " + open.peek()));
    }
  }

  private void loop(List<Token> tokens) {
    List<String> names = new ArrayList<>();
    int at = 1;
    do {
      names.add(name(tokens, at));
      at += 2;
    } while (token(tokens, at - 1).is(","));
    if (!token(tokens, at - 1).is("in")) {
      throw new Refusal("the form of the loop over " + names);
    }
    String items = new ExpressionCompiler(tokens, at, scope).items();
    open.push("for");
    names.forEach(this::bind);
    bind("loop");
    write("for " + String.join(",", names) + LoopTag.IN + items);
  }

  private void set(List<Token> tokens) {
    String name = name(tokens, 1);
    if (open.contains("generation")) {
      throw new Refusal("set inside of generation");
    }
    Token sign = token(tokens, 2);
    if (sign.is(".") && token(tokens, 4).is("=")) {
      String operands =
          String.join(
              ", ", scope.variable(name), scope.constant(name(tokens, 3)), expression(tokens, 5));
      print(Operations.PREFIX + "assign(" + operands + ")");
    } else if (sign.is("=")) {
      // Before the name is bound: the right side still has the old value.
      String value = expression(tokens, 3);
      bind(name);
      write("set " + name + " = " + value);
    } else if (sign.kind() == Kind.END) {
      bind(name);
      open.push("set");
      write("set " + name);
    } else {
      throw new Refusal("the form of set " + name + " " + sign.text());
    }
  }

  private void macro(List<Token> tokens) {
    if (!open.isEmpty()) {
      throw new Refusal("a macro inside of " + open.peek());
    }
    String name = name(tokens, 1);
    List<String> parameters = new ArrayList<>();
    for (int at = 3; token(tokens, at).kind() == Kind.NAME; at++) {
      String parameter = name(tokens, at++);
      ofMacro.add(parameter);
      if (token(tokens, at).is("=")) {
        parameters.add(parameter + "=" + literal(token(tokens, at + 1)));
        at += 2;
      } else {
        parameters.add(parameter);
      }
      if (token(tokens, at).is(")")) {
        break;
      }
      if (!token(tokens, at).is(",")) {
        throw new Refusal("the form of the macro " + name);
      }
    }
    open.push("macro");
    outsideMacro = scope.collect(new HashSet<>());
    write("macro " + name + "(" + String.join(", ", parameters) + ")");
  }

  private String literal(Token token) {
    return switch (token.kind()) {
      case STRING -> scope.constant(token.text());
      case INTEGER -> scope.constant(Long.parseLong(token.text()));
      case NAME ->
          switch (token.text()) {
            case "true", "True" -> scope.constant(true);
            case "false", "False" -> scope.constant(false);
            case "none", "None" -> scope.constant(Absent.NONE);
            default -> throw new Refusal("a macro's default that is no literal");
          };
      case OPERATOR, END -> throw new Refusal("a macro's default that is no literal");
    };
  }

  private void bind(String name) {
    if (open.contains("macro")) {
      ofMacro.add(name);
    } else if (open.contains("for")) {
      ofLoops.add(name);
    }
  }

  private void finish() {
    if (!open.isEmpty()) {
      throw new Refusal("the tag " + open.peek() + " without its end");
    }
    for (String name : freeInMacros) {
      if (ofLoops.contains(name)) {
        throw new Refusal("a macro that uses " + name + ", which is also set in a loop");
      }
    }
  }

  private String expression(List<Token> tokens, int from) {
    return new ExpressionCompiler(tokens, from, scope).whole();
  }

  private static Token token(List<Token> tokens, int at) {
    return at < tokens.size() ? tokens.get(at) : Token.LAST;
  }

  private static String name(List<Token> tokens, int at) {
    Token token = token(tokens, at);
    if (token.kind() != Kind.NAME || token.text().startsWith(Operations.PREFIX)) {
      throw new Refusal(token.text() + " where a name is due");
    }
    return token.text();
  }

  private void write(String tag) {
    out.append("{% ").append(tag).append(" %}");
  }
}
