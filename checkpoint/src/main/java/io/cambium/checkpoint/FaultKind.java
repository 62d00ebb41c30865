package io.cambium.checkpoint;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What can be wrong with a checkpoint directory, with the remedy, and with what engines make of it
 * where they differ: transformers 4.57.6 and 5.23, vLLM 0.32 and llama.cpp of October 2026.
 */
public enum FaultKind {
  UNREADABLE_CONFIG(
      "config.json not understood",
      Severity.FAULT,
      "put the config.json there that the model was saved with"),
  QUANTIZATION_CONFIG(
      "quantization_config",
      Severity.FAULT,
      "if the weights are plain numbers, delete the key; if they are quantised, take the model's"
          + " unquantised release",
      engines("refuses plain weights", "loads plain weights all the same", "not run", "not run")),
  NO_ARCHITECTURE(
      "no architecture",
      Severity.WARNING,
      "write \"architectures\" into config.json, with the family's class",
      engines("goes by model_type", "goes by model_type", "refuses", "refuses")),
  NO_WEIGHTS(
      "no weights",
      Severity.FAULT,
      "only safetensors weights are read: save the model in that format"),
  SINGLE_FILE_AND_INDEX(
      "single file and index",
      Severity.FAULT,
      "delete whichever is stale: model.safetensors, or the index with its shards",
      engines(
          "reads model.safetensors alone",
          "reads model.safetensors alone",
          "reads the files that the index names",
          "reads every model*.safetensors, and refuses what does not fit the index")),
  STALE_FILE(
      "stale weight file",
      Severity.WARNING,
      "delete the file, or move it out of the directory",
      engines("ignores it", "ignores it", "ignores it", "reads every model*.safetensors")),
  MALFORMED_INDEX(
      "malformed index",
      Severity.FAULT,
      "save the model again, or copy the index again from where the shards came from"),
  NO_INDEX_METADATA(
      "index without metadata",
      Severity.FAULT,
      "add \"metadata\": {\"total_size\": N} to the index, N being the bytes of all tensors",
      engines(
          "refuses (KeyError)",
          "refuses (KeyError)",
          "does not look at it",
          "does not look at it")),
  WRONG_TOTAL_SIZE(
      "wrong total_size",
      Severity.WARNING,
      "write the bytes of all tensors there",
      engines("does not check it", "does not check it", "does not check it", "does not check it")),
  OUTSIDE_DIRECTORY(
      "path outside the directory",
      Severity.FAULT,
      "name files of the directory itself, without a path"),
  MISSING_FILE(
      "missing file",
      Severity.FAULT,
      "copy or download the file again: nothing else holds its tensors",
      engines("refuses", "refuses", "misses its tensors", "refuses")),
  MALFORMED_FILE("malformed file", Severity.FAULT, "copy or download the file again"),
  TENSOR_IN_TWO_FILES(
      "tensor in two files",
      Severity.FAULT,
      "keep the file that belongs to this model, and take the other out of the index"),
  UNMAPPED_TENSOR(
      "tensor that the index omits",
      Severity.FAULT,
      "add the tensor to weight_map, or delete the index's shards and save the model again",
      engines(
          "draws it at random, with a warning",
          "loads it all the same",
          "loads it all the same",
          "refuses")),
  PHANTOM_TENSOR(
      "tensor that only the index names",
      Severity.FAULT,
      "take it out of weight_map; if the model needs it, copy or download the shards again",
      engines("reports it as unexpected", "says nothing", "says nothing", "refuses")),
  WRONG_FILE(
      "tensor listed in the wrong file",
      Severity.FAULT,
      "write the file that holds it into weight_map",
      engines("loads it", "loads it", "loads it", "loads it")),
  LESS_THAN_CONFIG(
      "more layers or experts than the files can hold",
      Severity.FAULT,
      "config.json and weights must be of one model"),
  MISSING_TENSOR(
      "missing tensor",
      Severity.FAULT,
      "copy or download the weights again; without it the model computes something else",
      engines(
          "draws it at random, with a warning",
          "draws it at random, with a warning",
          "refuses",
          "refuses")),
  MISSING_EXPERT_TENSOR(
      "missing expert tensor",
      Severity.FAULT,
      "copy or download the weights again; without it the expert computes something else",
      engines(
          "draws it at random, with a warning",
          "refuses",
          "may leave the expert as it is in memory",
          "refuses")),
  EXPERT_GAP(
      "gap in the numbering of experts",
      Severity.FAULT,
      "number the experts of a layer from 0 without a gap, and set their number in config.json",
      engines(
          "draws the missing ones at random, with a warning",
          "numbers them anew, without a word",
          "not run",
          "refuses")),
  UNEXPECTED_TENSOR(
      "unexpected tensor",
      Severity.FAULT,
      "take it out of the weights, or put the config.json there that describes it",
      engines("ignores it, with a warning", "ignores it, with a warning", "refuses", "refuses")),
  HEAD_OF_TIED_MODEL(
      "output matrix of a tied model",
      Severity.FAULT,
      "set tie_word_embeddings to false if the model was trained so, else take lm_head.weight out"
          + " of the weights",
      engines(
          "ties, and ignores it without a word",
          "computes with it, as if the model were not tied",
          "not run",
          "not run")),
  NO_HEAD_OF_UNTIED_MODEL(
      "no output matrix in an untied model",
      Severity.FAULT,
      "set tie_word_embeddings to true if the model was trained so, else copy or download the"
          + " weights again",
      engines(
          "draws it at random, with a warning",
          "draws it at random, with a warning",
          "refuses",
          "not run")),
  WRONG_EXPERT_COUNT(
      "another number of experts",
      Severity.FAULT,
      "set the number of experts in config.json to that of the weights, or put the config.json"
          + " there that they were saved with",
      engines("refuses", "refuses", "refuses", "refuses")),
  WRONG_SHAPE(
      "wrong shape",
      Severity.FAULT,
      "config.json and weights must be of one model",
      engines("refuses", "refuses", "refuses", "refuses")),
  WRONG_TYPE(
      "wrong type", Severity.FAULT, "take the model's unquantised release, in F32, BF16 or F16"),
  MIXED_TYPES(
      "experts of several types",
      Severity.WARNING,
      "save the model in one type",
      engines("casts them", "casts them", "casts them", "casts them")),
  TOKENIZER_DOES_NOT_FIT(
      "tokenizer that does not fit", Severity.FAULT, "put the model's own tokenizer there"),
  UNREADABLE_TOKENIZER(
      "malformed tokenizer", Severity.FAULT, "copy or download tokenizer.json again"),
  UNREADABLE_MANIFEST(
      "malformed manifest",
      Severity.FAULT,
      "restore cambium.json; or delete it, and with it the record of how the model grew"),
  MANIFEST_DOES_NOT_FIT(
      "manifest of another model",
      Severity.FAULT,
      "put the cambium.json there that belongs to these weights, or delete it"),
  WRONG_CHECKSUM(
      "wrong checksum",
      Severity.FAULT,
      "the file was damaged or changed after it was written: restore it, or delete the entry if the"
          + " change was intended");

  /** How much it matters. */
  public enum Severity {
    FAULT,
    WARNING;

    @JsonValue
    @Override
    public String toString() {
      return this == FAULT ? "fault" : "warning";
    }
  }

  private final String text;
  private final Severity severity;
  private final String remedy;
  private final SortedMap<String, String> engines;

  FaultKind(String text, Severity severity, String remedy) {
    this(text, severity, remedy, Collections.emptySortedMap());
  }

  FaultKind(String text, Severity severity, String remedy, SortedMap<String, String> engines) {
    this.text = text;
    this.severity = severity;
    this.remedy = remedy;
    this.engines = engines;
  }

  private static SortedMap<String, String> engines(
      String transformers4, String transformers5, String vllm, String llamaCpp) {
    SortedMap<String, String> engines = new TreeMap<>();
    engines.put("transformers4", transformers4);
    engines.put("transformers5", transformers5);
    engines.put("vllm", vllm);
    engines.put("llama.cpp", llamaCpp);
    return Collections.unmodifiableSortedMap(engines);
  }

  public Severity severity() {
    return severity;
  }

  /** What the user can do, unless the fault itself knows better. */
  public String remedy() {
    return remedy;
  }

  /** What each engine does with such a directory; empty where that is beside the point. */
  public SortedMap<String, String> engines() {
    return engines;
  }

  @JsonValue
  @Override
  public String toString() {
    return text;
  }
}
