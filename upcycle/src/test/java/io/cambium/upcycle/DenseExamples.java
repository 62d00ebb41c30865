package io.cambium.upcycle;

import io.cambium.checkpoint.FreshModel;
import io.cambium.checkpoint.testing.Goldens;
import io.cambium.upcycle.dense.DenseOptions;
import io.cambium.upcycle.dense.LayerChoice;
import io.cambium.upcycle.dense.expert.ExpertInitialisations;
import io.cambium.upcycle.dense.expert.ExpertInitialisations.Parameters;
import io.cambium.upcycle.dense.router.Normal;
import io.cambium.upcycle.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Dense models of any size, and what becomes of them, here or in a Java machine of its own. */
public final class DenseExamples {

  private DenseExamples() {}

  /** A fresh llama in fp32. */
  public static Path llama(Path directory, int layers, int hidden, int intermediate)
      throws IOException {
    FreshModel.write(
        Files.createDirectory(directory),
        Goldens.config("llama")
            .put("num_hidden_layers", layers)
            .put("hidden_size", hidden)
            .put("intermediate_size", intermediate),
        1);
    return directory;
  }

  /** Experts of every block, of which two are chosen. */
  public static DenseOptions options(int experts, int granularity, String initialisation) {
    return new DenseOptions(
        experts,
        2,
        granularity,
        LayerChoice.ALL,
        false,
        ExpertInitialisations.named(initialisation, Parameters.DEFAULT),
        Normal.DEFAULT,
        Optional.empty(),
        Engine.DEFAULT,
        0,
        false);
  }

  /** The command that runs a class's main method with the classes of the tests. */
  public static List<String> java(Class<?> main, List<String> options, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of("-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return command;
  }
}
