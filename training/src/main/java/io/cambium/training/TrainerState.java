package io.cambium.training;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * What {@code training/trainer.json} keeps: with the weights and moments beside it, all that the
 * next step depends on. No generator has a state to save, since every random choice is a function
 * of the seed and a position.
 *
 * @param format version of this record
 * @param step steps taken
 * @param sequences training sequences consumed, the position in the data
 * @param tokens training tokens consumed
 * @param seconds wall time spent training since the model's first step
 * @param seed of the order of the data
 * @param workers threads of each process the run was computed with, which rounding depends on
 * @param ranks processes it was computed with, likewise; absent for one
 * @param release of a growth, as long as it is under way
 * @param scheduleFrom steps taken when the schedule of the learning rate began anew; absent where
 *     it never did
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record TrainerState(
    int format,
    long step,
    long sequences,
    long tokens,
    double seconds,
    long seed,
    int workers,
    @Nullable Integer ranks,
    @Nullable Release release,
    @Nullable Integer scheduleFrom) {

  /** Where it lies in a checkpoint directory. */
  public static final Path FILE = Path.of("training", "trainer.json");

  private static final int FORMAT = 1;

  /** Before the first step. */
  static TrainerState start(long seed, int workers) {
    return new TrainerState(FORMAT, 0, 0, 0, 0, seed, workers, null, null, null);
  }

  TrainerState after(long newSequences, long newTokens, double newSeconds) {
    return new TrainerState(
        format,
        step + 1,
        sequences + newSequences,
        tokens + newTokens,
        seconds + newSeconds,
        seed,
        workers,
        ranks,
        release,
        scheduleFrom);
  }

  TrainerState withRanks(int newRanks) {
    Integer several = newRanks == 1 ? null : newRanks;
    return new TrainerState(
        format, step, sequences, tokens, seconds, seed, workers, several, release, scheduleFrom);
  }

  /** Processes the run was computed with. */
  int ranksOrOne() {
    return ranks == null ? 1 : ranks;
  }

  TrainerState withRelease(@Nullable Release newRelease) {
    return new TrainerState(
        format, step, sequences, tokens, seconds, seed, workers, ranks, newRelease, scheduleFrom);
  }

  /** With a schedule that begins anew here. */
  TrainerState withScheduleAnew() {
    return new TrainerState(
        format,
        step,
        sequences,
        tokens,
        seconds,
        seed,
        workers,
        ranks,
        release,
        Math.toIntExact(step));
  }

  void write(Path checkpoint) throws IOException {
    Files.createDirectories(checkpoint.resolve(FILE).getParent());
    Files.write(checkpoint.resolve(FILE), Json.bytes(this));
  }

  /**
   * @throws CheckpointException if the checkpoint has none, or one of another version
   */
  static TrainerState read(Path checkpoint) {
    Path file = checkpoint.resolve(FILE);
    try {
      TrainerState state = Json.MAPPER.treeToValue(Json.readObject(file), TrainerState.class);
      if (state.format() != FORMAT) {
        throw new CheckpointException(
            file, "has format " + state.format() + ", this version reads " + FORMAT, null);
      }
      return state;
    } catch (JacksonException e) {
      throw new CheckpointException(
          file, "is no training state: " + e.getOriginalMessage(), null, e);
    }
  }
}
