package io.cambium.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Walks the registered commands and complains about what a new one forgot. */
class CommandsTest {

  @ParameterizedTest
  @MethodSource("commands")
  void saysWhatItDoesAndShowsAnExample(CommandSpec command) {
    UsageMessageSpec usage = command.usageMessage();
    assertThat(usage.description()).as("description").isNotEmpty();
    assertThat(String.join("\n", usage.footer()))
        .as("example in the footer")
        .contains("Example", command.qualifiedName() + " ");
    assertThat(command.mixinStandardHelpOptions()).as("has --help").isTrue();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void describesEveryOption(CommandSpec command) {
    assertThat(command.args()).allSatisfy(this::isDescribed);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void rendersItsHelp(CommandSpec command) {
    assertThat(command.commandLine().getUsageMessage(Ansi.OFF)).contains(command.qualifiedName());
  }

  @Test
  void groupsAreInAlphabeticalOrderAndHelpListsThem() {
    String help = Cambium.commandLine(new Cambium()).getUsageMessage(Ansi.OFF);
    for (CommandGroup group : Cambium.GROUPS) {
      List<String> names = group.commands().stream().map(CommandsTest::name).toList();
      assertThat(names).isSorted();
      assertThat(help).contains(group.title());
      assertThat(names).allSatisfy(name -> assertThat(help).contains("  " + name + " "));
    }
  }

  static Stream<CommandSpec> commands() {
    return withSubcommands(Cambium.commandLine(new Cambium()));
  }

  private static Stream<CommandSpec> withSubcommands(CommandLine command) {
    return Stream.concat(
        Stream.of(command.getCommandSpec()),
        command.getSubcommands().values().stream().flatMap(CommandsTest::withSubcommands));
  }

  private void isDescribed(ArgSpec arg) {
    assertThat(arg.description()).as(arg.toString()).isNotEmpty();
  }

  private static String name(Class<?> command) {
    return command.getAnnotation(CommandLine.Command.class).name();
  }
}
