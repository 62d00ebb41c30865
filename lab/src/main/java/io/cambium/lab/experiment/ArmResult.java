package io.cambium.lab.experiment;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.cambium.lab.GapClosure;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * An arm over its seeds.
 *
 * @param loss mean over the domains; absent if every seed failed
 * @param fixedE the arm that is the same without growing; absent for one that does not grow, or if
 *     there is none
 * @param fixedmE the arm with all experts from the start; likewise
 * @param gapClosure absent without them
 * @param eta with its interval; absent too where the gap is not resolved
 * @param seeds those that did not fail
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ArmResult(
    String arm,
    @Nullable Estimate loss,
    @Nullable String fixedE,
    @JsonProperty("fixed_me") @Nullable String fixedmE,
    @Nullable GapClosure gapClosure,
    @Nullable Estimate eta,
    List<MeasuredRun> seeds) {

  public ArmResult {
    seeds = List.copyOf(seeds);
  }
}
