package io.cambium.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Commands that {@code cambium --help} lists together.
 *
 * @param title the line above them
 * @param commands in alphabetical order of their names
 */
record CommandGroup(String title, List<Class<? extends Callable<Integer>>> commands) {

  /** Adds all commands to the root command, and has its help list them group by group. */
  static void register(CommandLine root, List<CommandGroup> groups) {
    groups.forEach(group -> group.commands.forEach(root::addSubcommand));
    root.getHelpSectionMap().remove(UsageMessageSpec.SECTION_KEY_COMMAND_LIST_HEADING);
    root.getHelpSectionMap()
        .put(
            UsageMessageSpec.SECTION_KEY_COMMAND_LIST,
            help -> groups.stream().map(group -> group.help(help)).collect(Collectors.joining()));
  }

  private String help(Help help) {
    Map<String, Help> listed =
        help.subcommands().entrySet().stream()
            .filter(e -> commands.contains(e.getValue().commandSpec().userObject().getClass()))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    return "\n" + title + "\n" + help.commandList(new TreeMap<>(listed));
  }
}
