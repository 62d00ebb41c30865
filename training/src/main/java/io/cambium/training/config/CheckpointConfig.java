package io.cambium.training.config;

/**
 * What is kept of a run on the way.
 *
 * @param every steps between two checkpoints; a run that is killed loses at most these
 * @param keep how many of the newest checkpoints stay on the disk
 * @param best how many others stay, those with the lowest validation loss; only a checkpoint of a
 *     step that is evaluated too has one
 */
public record CheckpointConfig(int every, int keep, int best) {

  public static final CheckpointConfig DEFAULT = new CheckpointConfig(200, 2, 0);

  public CheckpointConfig {
    Range.atLeastOne("checkpoint.every", every);
    Range.atLeastOne("checkpoint.keep", keep);
    Range.notNegative("checkpoint.best", best);
  }
}
