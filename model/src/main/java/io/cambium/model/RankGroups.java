package io.cambium.model;

/**
 * How the processes of a run share its model. Each is in one group of every kind; with R groups of
 * P ranks, rank r is in the group r / P of those that share experts, and in the group r % P of
 * those that hold the same ones.
 *
 * @param all every process of the run: they share the batch, and each has all weights but those of
 *     the routed experts
 * @param experts those among which one set of the routed experts is spread (expert parallelism)
 * @param replicas those that hold the same experts as this process
 */
public record RankGroups(ProcessGroup all, ProcessGroup experts, ProcessGroup replicas) {

  /** One process by itself. */
  public static final RankGroups ALONE = ofReplicas(ProcessGroup.ALONE);

  /** Processes that all hold the whole model. */
  public static RankGroups ofReplicas(ProcessGroup all) {
    return new RankGroups(all, ProcessGroup.ALONE, all);
  }

  /** Whether experts are spread over several ranks. */
  public boolean shareExperts() {
    return experts.size() > 1;
  }

  /** Whether this process is in the first set of ranks that hold the whole model together. */
  public boolean inFirstSet() {
    return replicas.isFirst();
  }
}
