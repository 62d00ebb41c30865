package io.cambium.cli;

import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Commands that {@code cambium --help} lists together.
 *
 * @param title the line above them
 * @param commands in alphabetical order of their names
 */
record CommandGroup(String title, List<Class<? extends Callable<Integer>>> commands) {

  /**
   * Adds all commands to the root command, and has its help list them group by group.
   *
   * @param isWanted whether the command of this name may be executed; looking for the options of
   *     all of them would take longer than what a short command does
   */
  static void register(CommandLine root, List<CommandGroup> groups, Predicate<String> isWanted) {
    groups.forEach(group ->
        group.commands.forEach(command -> {
          if (isWanted.test(name(command))) {
            root.addSubcommand(command);
          } else {
            root.addSubcommand(name(command), listedOnly(command));
          }
        }));
    root.getHelpSectionMap().remove(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING);
    root.getHelpSectionMap()
        .put(
            UsageMessageSpec.SECTION_KEY_COMMAND_LIST,
            help -> groups.stream().map(group -> group.help(help)).collect(Collectors.joining()));
  }

  private static CommandSpec listedOnly(Class<?> command) {
    CommandSpec listed = CommandSpec.create();
    listed.usageMessage().description(annotation(command).description());
    return listed;
  }

  private static String name(Class<?> command) {
    return annotation(command).name();
  }

  private static Command annotation(Class<?> command) {
    return Objects.requireNonNull(command.getAnnotation(Command.class));
  }

  private String help(Help help) {
    SortedMap<String, Help> listed = new TreeMap<>();
    for (Class<?> command : commands) {
      listed.put(name(command), Objects.requireNonNull(help.subcommands().get(name(command))));
    }
    return "\n" + title + "\n" + help.commandList(listed);
  }
}
