package io.cambium.cli;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.CheckpointSource;
import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.SafetensorsFile;
import io.cambium.checkpoint.SafetensorsWriter;
import io.cambium.checkpoint.TensorEntry;
import io.cambium.checkpoint.TensorSpec;
import io.cambium.model.InferenceModel;
import io.cambium.model.TorchRunner;
import io.cambium.upcycle.runner.TokenIds;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Computes what a checkpoint computes, for others to compare. */
@Command(
    name = "logits",
    description = {
      "Runs a checkpoint and writes its logits.",
      "",
      "In: a safetensors file with input_ids, int64 [B, S]. Out: input_ids, and logits, fp32 [B, S,"
          + " V]."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Example:",
      "  cambium logits models/small --input ids.safetensors --output logits.safetensors"
    })
final class LogitsCommand implements Callable<Integer> {

  private static final String IDS = "input_ids";
  private static final String LOGITS = "logits";

  @ParentCommand private Cambium root;

  @Mixin private DownloadedCheckpoint checkpoint;

  @Option(names = "--input", required = true, paramLabel = "FILE", description = "Token ids.")
  private Path input = Path.of("");

  @Option(names = "--output", required = true, paramLabel = "FILE", description = "File to write.")
  private Path output = Path.of("");

  @Option(
      names = "--top-k",
      paramLabel = "N",
      description = "Experts per token instead of the configured number.")
  private @Nullable Integer topK;

  @Mixin private PrecisionOption precision;

  @Mixin private OverwriteOption overwrite;

  @Override
  public Integer call() {
    overwrite.requireFree(output);
    OptionalInt experts = topK == null ? OptionalInt.empty() : OptionalInt.of(topK);
    try (CheckpointSource source = checkpoint.open(root.environment());
        InferenceModel model = InferenceModel.open(source.path(), experts, precision.type())) {
      TokenIds ids = read(model.decoder().spec().vocabSize());
      write(model, ids);
    }
    System.out.println("wrote " + output);
    return 0;
  }

  private TokenIds read(int vocabulary) {
    try (SafetensorsFile file = SafetensorsFile.open(input)) {
      TensorEntry entry = file.tensors().get(IDS);
      if (entry == null
          || entry.spec().dtype() != DType.I64
          || entry.spec().shape().size() != 2
          || entry.spec().elements() == 0) {
        throw new CheckpointException(
            input, "holds no " + IDS, "give a tensor input_ids, int64 [B, S], none of them 0");
      }
      long[] ids = file.data(IDS).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
      Arrays.stream(ids)
          .filter(id -> id < 0 || id >= vocabulary)
          .findFirst()
          .ifPresent(id -> {
            throw new CheckpointException(
                input, "holds token id " + id + ", the model has " + vocabulary, null);
          });
      List<Long> shape = entry.spec().shape();
      return new TokenIds(Math.toIntExact(shape.get(0)), Math.toIntExact(shape.get(1)), ids);
    }
  }

  /**
   * A sequence per core at a time, so that memory does not grow with their number; renamed when
   * complete.
   */
  private void write(InferenceModel model, TokenIds ids) {
    long vocabulary = model.decoder().spec().vocabSize();
    long batch = ids.batch_B();
    long sequence = ids.sequence_S();
    List<TensorSpec> tensors =
        List.of(
            new TensorSpec(IDS, DType.I64, List.of(batch, sequence)),
            new TensorSpec(LOGITS, DType.F32, List.of(batch, sequence, vocabulary)));
    try (SafetensorsWriter writer = SafetensorsWriter.replace(output, tensors, Map.of());
        TerminalProgress progress = TerminalProgress.onStandardError()) {
      writer.write(IDS, MemorySegment.ofArray(ids.ids()));
      int step = model.decoder().team().size();
      for (int from = 0; from < batch; from += step) {
        progress.update("computing logits", from, batch);
        int to = Math.min(ids.batch_B(), from + step);
        float[] logits = TorchRunner.logits(model.decoder(), sequences(ids, from, to));
        writer.write(
            LOGITS, from * sequence * vocabulary * Float.BYTES, MemorySegment.ofArray(logits));
      }
    }
  }

  private static TokenIds sequences(TokenIds ids, int from, int to) {
    int sequence = ids.sequence_S();
    return new TokenIds(
        to - from, sequence, Arrays.copyOfRange(ids.ids(), from * sequence, to * sequence));
  }
}
