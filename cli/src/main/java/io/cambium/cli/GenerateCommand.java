package io.cambium.cli;

import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.UsageException;
import io.cambium.model.Generator;
import io.cambium.model.InferenceModel;
import io.cambium.model.Sampler;
import io.cambium.training.data.ChatTemplate;
import io.cambium.training.data.ChatTemplate.Message;
import io.cambium.training.data.EndTokens;
import io.cambium.training.data.StreamingDecoder;
import io.cambium.training.data.Tokenizer;
import io.cambium.training.data.TokenizerFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Lets a checkpoint write. */
@Command(
    name = "generate",
    description = "Continues a text with a checkpoint and the tokenizer.json beside its weights.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cambium generate runs/demo/final --prompt \"public static\"",
      "  cambium generate runs/demo/final --prompt \"The house\" --temperature 0.8 --top-p 0.95"
          + " --seed 1",
      "  cambium generate hf://HuggingFaceTB/SmolLM2-135M --prompt \"The house\"",
      "  cambium generate my-chat-model --chat --system \"Be brief.\" --prompt \"Why is the sky"
          + " blue?\""
    })
final class GenerateCommand implements Callable<Integer> {

  @ParentCommand private Cambium root;

  @Mixin private DownloadedCheckpoint checkpoint;

  @Option(
      names = "--prompt",
      required = true,
      paramLabel = "TEXT",
      description = "Text to go on from; with --chat what the user says.")
  private String prompt = "";

  @Option(
      names = "--chat",
      description =
          "Let the model answer: the prompt goes through the checkpoint's chat template, and only"
              + " the answer is printed.")
  private boolean chat;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "With --chat: the system message before the user's.")
  private @Nullable String system;

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
      names = "--top-k",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "Sample from the N most probable tokens, 0 from all (default: ${DEFAULT-VALUE}).")
  private int topK;

  @Option(
      names = "--top-p",
      defaultValue = "1",
      paramLabel = "P",
      description =
          "Sample from the most probable tokens that have P of the probability together, after"
              + " temperature and --top-k (default: ${DEFAULT-VALUE}).")
  private double topP;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "S",
      description = "Of the sampling (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--stats",
      description =
          "At the end, say on standard error how fast it was, start-up and loading not counted.")
  private boolean stats;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Sampler sampler = sampler();
    if (system != null && !chat) {
      throw new UsageException("--system", "is given without --chat", "add --chat");
    }
    try (CheckpointSource source = checkpoint.open(root.environment())) {
      generate(source, sampler);
    }
    return 0;
  }

  private void generate(CheckpointSource source, Sampler sampler) {
    Path directory = source.directory();
    try (InferenceModel model = InferenceModel.openForGeneration(source.path());
        Tokenizer tokenizer = Tokenizer.load(directory.resolve(TokenizerFile.NAME))) {
      tokenizer.requireFits(model.decoder().spec().vocabSize(), directory);
      int[] ids =
          chat
              ? tokenizer.encode(ChatTemplate.load(directory).render(messages()))
              : tokenizer.encodeWithSpecialTokens(prompt);
      if (ids.length == 0) {
        throw new UsageException("--prompt", "is empty", "give at least one character");
      }
      if (!chat) {
        System.out.print(prompt);
      }
      write(new Generator(model.decoder(), sampler), model, tokenizer, ids);
    }
  }

  private Sampler sampler() {
    Sampler sampler = new Sampler(temperature, topK, topP, seed);
    if (temperature == 0 && (topK != Sampler.ALL || topP != 1)) {
      throw new UsageException(
          topP != 1 ? "--top-p" : "--top-k",
          "has no effect at temperature 0, which takes the most probable token",
          "give --temperature 1");
    }
    return sampler;
  }

  private List<Message> messages() {
    Message user = new Message("user", prompt);
    return system == null ? List.of(user) : List.of(new Message("system", system), user);
  }

  private void write(Generator generator, InferenceModel model, Tokenizer tokenizer, int[] ids) {
    StreamingDecoder decoder = tokenizer.streamingDecoder();
    Set<Integer> ends = EndTokens.of(model.directory().path(), tokenizer);
    int positions = model.directory().config().requirePositiveInt("max_position_embeddings");
    GenerationSpeed speed = new GenerationSpeed(Math.min(ids.length, positions));
    generator.generate(
        ids,
        maxTokens,
        positions,
        token -> {
          speed.token();
          if (ends.contains(token)) {
            return false;
          }
          System.out.print(decoder.next(token));
          System.out.flush();
          return true;
        });
    System.out.println(decoder.finish());
    if (stats) {
      spec.commandLine().getErr().println(speed);
    }
  }
}
