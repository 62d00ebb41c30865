package io.cambium.cli;

import io.cambium.checkpoint.UsageException;
import io.cambium.model.Generator;
import io.cambium.model.InferenceModel;
import io.cambium.training.data.StreamingDecoder;
import io.cambium.training.data.Tokenizer;
import io.cambium.training.data.TokenizerFile;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lets a checkpoint write. */
@Command(
    name = "generate",
    description = "Continues a text with a checkpoint and the tokenizer.json in its directory.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium generate runs/demo/final --prompt \"public static\"",
      "  cambium generate runs/demo/final --prompt \"The house\" --temperature 0.8 --seed 1"
    })
final class GenerateCommand implements Callable<Integer> {

  @Parameters(paramLabel = "DIR", description = "Checkpoint directory.")
  private Path directory = Path.of("");

  @Option(
      names = "--prompt",
      required = true,
      paramLabel = "TEXT",
      description = "Text to go on from.")
  private String prompt = "";

  @Option(
      names = "--max-tokens",
      defaultValue = "100",
      paramLabel = "N",
      description = "Tokens to generate at most (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--temperature",
      defaultValue = "0",
      paramLabel = "T",
      description =
          "0 takes the most probable token each time, 1 samples (default: ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "Of the sampling (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Override
  public Integer call() {
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new UsageException("--temperature", "is " + temperature, "give 0 or more");
    }
    try (InferenceModel model = InferenceModel.openForGeneration(directory);
        Tokenizer tokenizer = Tokenizer.load(directory.resolve(TokenizerFile.NAME))) {
      tokenizer.requireFits(model.decoder().spec().vocabSize(), directory);
      int[] ids = tokenizer.encode(prompt);
      if (ids.length == 0) {
        throw new UsageException("--prompt", "is empty", "give at least one character");
      }
      System.out.print(prompt);
      write(model, tokenizer, ids);
      System.out.println();
    }
    return 0;
  }

  private void write(InferenceModel model, Tokenizer tokenizer, int[] ids) {
    StreamingDecoder decoder = tokenizer.streamingDecoder();
    OptionalInt end = tokenizer.endOfText();
    int positions = model.directory().config().requirePositiveInt("max_position_embeddings");
    new Generator(model.decoder(), temperature, seed)
        .generate(
            ids,
            maxTokens,
            positions,
            token -> {
              if (end.isPresent() && token == end.getAsInt()) {
                return false;
              }
              System.out.print(decoder.next(token));
              System.out.flush();
              return true;
            });
    System.out.print(decoder.finish());
  }
}
