package io.cambium.upcycle.plan;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.cambium.checkpoint.Manifest;
import io.cambium.upcycle.engine.Engine;
import io.cambium.upcycle.engine.Verdict;
import io.cambium.upcycle.ledger.Entry;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/**
 * Everything about a conversion before the first weight is written: the ledger of every output
 * tensor as a formula over named source tensors, and what follows from it. It is all that the
 * execution knows.
 *
 * @param sources directories, or single weight files, that it reads; the first is what the result
 *     is compared with
 * @param target directory that is written
 * @param family the result's model_type
 * @param settings what is done, for people, by name
 * @param seed of everything drawn
 * @param stepZero what the result computes before it is trained
 * @param runsOn engines that a user wants it to run on
 * @param engines whether each engine will run it
 * @param figures sizes before and after, and what carrying it out costs
 * @param config the result's config.json
 * @param manifest the result's cambium.json, but for the checksums
 * @param weights every tensor of the model, in model order
 * @param optimizer every tensor of the optimizer state; empty where there is none
 * @param copiedFiles files of the first source that go along as they are, relative to it
 * @param leftOut source tensors, keys and files that do not go along, with the reason
 * @param warnings what a user should know before going on
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record UpcyclePlan(
    List<String> sources,
    String target,
    String family,
    SequencedMap<String, String> settings,
    long seed,
    StepZero stepZero,
    List<Engine> runsOn,
    SequencedMap<Engine, Verdict> engines,
    Figures figures,
    ObjectNode config,
    Manifest manifest,
    List<Entry> weights,
    List<Entry> optimizer,
    List<String> copiedFiles,
    SortedMap<String, String> leftOut,
    List<String> warnings) {

  public UpcyclePlan {
    sources = List.copyOf(sources);
    settings = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(settings));
    runsOn = List.copyOf(runsOn);
    engines = Collections.unmodifiableSequencedMap(new TreeMap<>(engines));
    weights = List.copyOf(weights);
    optimizer = List.copyOf(optimizer);
  }

  /** The same with another manifest. */
  public UpcyclePlan withManifest(Manifest other) {
    return new UpcyclePlan(
        sources,
        target,
        family,
        settings,
        seed,
        stepZero,
        runsOn,
        engines,
        figures,
        config,
        other,
        weights,
        optimizer,
        copiedFiles,
        leftOut,
        warnings);
  }

  /** The plan for people, in a few lines. */
  public String describe() {
    return PlanText.of(this);
  }
}
