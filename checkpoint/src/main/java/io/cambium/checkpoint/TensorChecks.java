package io.cambium.checkpoint;

import io.cambium.checkpoint.CheckpointParts.Model;
import io.cambium.checkpoint.family.DecoderSpec;
import io.cambium.checkpoint.family.DecoderSpec.FeedForward;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor;
import io.cambium.checkpoint.family.Part;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What must hold of the tensors on disk. */
final class TensorChecks {

  /** Of a weight, in any form that there is. */
  private static final double LEAST_BITS = 4;

  private static final int MOST_EXPERTS = 1 << 18;

  private static final Pattern EXPERT = Pattern.compile("(.+\\.experts)\\.(\\d{1,9})\\..+");

  private final Model model;
  private final CheckpointParts checkpoint;
  private final Consumer<Fault> faults;

  private TensorChecks(Model model, CheckpointParts checkpoint, Consumer<Fault> faults) {
    this.model = model;
    this.checkpoint = checkpoint;
    this.faults = faults;
  }

  /** The tensors are exactly those that config.json describes. */
  static void areThoseOfConfig(CheckpointParts checkpoint, Consumer<Fault> faults) {
    if (checkpoint.model().isPresent() && !checkpoint.weights().files().isEmpty()) {
      Model model = checkpoint.model().get();
      TensorChecks checks = new TensorChecks(model, checkpoint, faults);
      if (checks.hasEnoughTensors() && checks.hasEnoughBytes()) {
        checks.compare(model.tensors(model.decoder(), checkpoint.weights().tensors()));
      }
    }
  }

  /** Before a list is made that is as long as config.json claims: every layer has a tensor. */
  private boolean hasEnoughTensors() {
    int present = checkpoint.weights().tensors().size();
    int layers = model.decoder().layers().size();
    if (layers <= present || !checkpoint.weights().isComplete()) {
      return true;
    }
    reportTooLittle("%d tensors, but config.json describes %d layers".formatted(present, layers));
    return false;
  }

  /** Before that, too. */
  private boolean hasEnoughBytes() {
    DecoderSpec decoder = model.decoder();
    long experts = 0;
    double needed = 0;
    for (FeedForward part : decoder.feedForwards()) {
      if (part instanceof Mixture mixture) {
        experts += mixture.experts();
        double weights = 3.0 * mixture.intermediateSize() * decoder.hiddenSize();
        needed += mixture.experts() * weights * LEAST_BITS / Byte.SIZE;
      }
    }
    long present = checkpoint.tensorBytes();
    boolean enough = needed <= present || !checkpoint.weights().isComplete();
    if (!enough || experts > MOST_EXPERTS) {
      reportTooLittle("%d bytes, but config.json describes %d experts".formatted(present, experts));
      return false;
    }
    return true;
  }

  private void reportTooLittle(String what) {
    faults.accept(new Fault(FaultKind.LESS_THAN_CONFIG, checkpoint.path(), "holds " + what));
  }

  private void compare(List<ModelTensor> tensors) {
    TreeSet<String> unexpected = checkpoint.weights().tensors();
    Set<String> seen = new HashSet<>();
    for (ModelTensor expected : tensors) {
      boolean first = seen.add(expected.name());
      if (unexpected.remove(expected.name())) {
        requireForm(expected, checkpoint.spec(expected.name()));
      } else if (first && !checkpoint.weights().isInUnopenedFile(expected.name())) {
        report(missing(expected), expected.name(), "is missing");
      }
    }
    unexpected.removeIf(name -> model.family().ignores(name, model.config()));
    unexpected.forEach(name -> report(unexpected(name), name, "is unexpected"));
  }

  private static FaultKind missing(ModelTensor expected) {
    if (expected.part() == Part.LM_HEAD) {
      return FaultKind.NO_HEAD_OF_UNTIED_MODEL;
    }
    return expected.part().isExpert() ? FaultKind.MISSING_EXPERT_TENSOR : FaultKind.MISSING_TENSOR;
  }

  private FaultKind unexpected(String name) {
    return model.decoder().tiedEmbeddings() && name.equals("lm_head.weight")
        ? FaultKind.HEAD_OF_TIED_MODEL
        : FaultKind.UNEXPECTED_TENSOR;
  }

  private void requireForm(ModelTensor expected, TensorSpec actual) {
    List<Long> whole = expected.piece().whole();
    if (!actual.shape().equals(whole)) {
      boolean experts =
          expected.part().hasExpertRows()
              && actual.shape().size() == whole.size()
              && actual.shape().getLast().equals(whole.getLast());
      report(
          experts ? FaultKind.WRONG_EXPERT_COUNT : FaultKind.WRONG_SHAPE,
          expected.name(),
          "is " + actual.shape() + " where config.json needs " + whole);
    }
    requireType(expected, actual.dtype());
  }

  private void requireType(ModelTensor expected, DType actual) {
    if (model.quantisation().covers(expected.part())) {
      DType needed = model.quantisation().dtype(expected);
      if (actual != needed) {
        report(FaultKind.WRONG_TYPE, expected.name(), "is " + actual + ", not " + needed);
      }
    } else if (!actual.isFloatingPoint()) {
      report(FaultKind.WRONG_TYPE, expected.name(), "is " + actual + ", not F64, F32, BF16 or F16");
    }
  }

  private void report(FaultKind kind, String tensor, String what) {
    faults.accept(new Fault(kind, tensor, what));
  }

  /** The experts of a layer are numbered from 0 without a gap. */
  static void numberExpertsWithoutGap(CheckpointParts checkpoint, Consumer<Fault> faults) {
    if (!checkpoint.weights().isComplete()) {
      return;
    }
    experts(checkpoint)
        .forEach((layer, experts) -> {
          String gaps =
              IntStream.range(0, experts.last())
                  .filter(expert -> !experts.contains(expert))
                  .mapToObj(Integer::toString)
                  .collect(Collectors.joining(", "));
          if (!gaps.isEmpty()) {
            faults.accept(
                new Fault(
                    FaultKind.EXPERT_GAP,
                    layer,
                    "go up to " + experts.last() + ", but there is no " + gaps));
          }
        });
  }

  /** The numbers of the experts that have tensors of their own, by the name before the number. */
  private static SortedMap<String, SortedSet<Integer>> experts(CheckpointParts checkpoint) {
    SortedMap<String, SortedSet<Integer>> experts = new TreeMap<>();
    for (String name : checkpoint.weights().tensors()) {
      Matcher expert = EXPERT.matcher(name);
      if (expert.matches()) {
        experts
            .computeIfAbsent(expert.group(1), _ -> new TreeSet<>())
            .add(Integer.parseInt(expert.group(2)));
      }
    }
    return experts;
  }

  /** All experts are of one type. */
  static void haveOneTypeOfExperts(CheckpointParts checkpoint, Consumer<Fault> faults) {
    SortedMap<DType, String> types = new TreeMap<>();
    for (String name : checkpoint.weights().tensors()) {
      if (EXPERT.matcher(name).matches()) {
        types.putIfAbsent(checkpoint.spec(name).dtype(), name);
      }
    }
    if (types.size() > 1) {
      faults.accept(
          new Fault(
              FaultKind.MIXED_TYPES,
              checkpoint.path(),
              types.entrySet().stream()
                  .map(TensorChecks::typeOf)
                  .collect(Collectors.joining(", ", "holds experts of several types: ", ""))));
    }
  }

  private static String typeOf(Map.Entry<DType, String> type) {
    return type.getKey() + " (" + type.getValue() + ")";
  }
}
