package io.cambium.model;

import io.cambium.checkpoint.family.ModelTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Puts tensors together as they lie on disk, also where several ranks hold the experts between
 * them: one of the ranks writes each tensor, and what others hold of it comes to that one, a tensor
 * at a time.
 */
public final class TensorShards {

  private final ProcessGroup ranks;
  private final @Nullable ExpertPlacement placement;

  /**
   * @param ranks those that share the experts
   * @param placement null where this process holds all of them
   */
  public TensorShards(ProcessGroup ranks, @Nullable ExpertPlacement placement) {
    this.ranks = ranks;
    this.placement = placement;
  }

  /**
   * A tensor on disk.
   *
   * @param pieces what it consists of, in model order
   * @param writer the rank that writes it
   */
  public record Whole(List<ModelTensor> pieces, int writer) {

    public Whole {
      pieces = List.copyOf(pieces);
    }

    public String name() {
      return pieces.getFirst().name();
    }

    /** Its shape on disk. */
    public List<Long> shape() {
      return pieces.getFirst().piece().whole();
    }
  }

  /**
   * Each tensor by the rank that holds it. Those that several ranks hold between them go to these
   * in turn.
   */
  public List<Whole> byHolder(List<ModelTensor> tensors) {
    List<Whole> wholes = new ArrayList<>();
    int turn = 0;
    for (List<ModelTensor> pieces : onDisk(tensors)) {
      int[] holders = pieces.stream().mapToInt(this::holder).distinct().toArray();
      wholes.add(new Whole(pieces, holders.length == 1 ? holders[0] : turn++ % ranks.size()));
    }
    return wholes;
  }

  private static List<List<ModelTensor>> onDisk(List<ModelTensor> tensors) {
    Map<String, List<ModelTensor>> byName = new LinkedHashMap<>();
    tensors.forEach(
        tensor -> byName.computeIfAbsent(tensor.name(), _ -> new ArrayList<>()).add(tensor));
    return List.copyOf(byName.values());
  }

  private int holder(ModelTensor tensor) {
    return placement != null && tensor.part().isExpert()
        ? placement.owner(tensor.layer(), tensor.expert())
        : 0; // which all hold
  }

  /**
   * Hands a tensor to its writer. All ranks must call it, with the same tensors in the same order.
   *
   * @param held what this rank holds: weights, or what belongs to them, fp32
   * @param consumer takes the tensor on its writer, contiguous, until it returns
   */
  public void assemble(Whole whole, Map<ModelTensor, Tensor> held, Consumer<Tensor> consumer) {
    Scopes.freeAll(() -> {
      boolean travels = whole.pieces().stream().anyMatch(piece -> holder(piece) != whole.writer());
      Map<ModelTensor, Tensor> values = travels ? gather(whole, held) : held;
      if (whole.writer() == ranks.rank()) {
        consumer.accept(Weights.together(whole.pieces(), values));
      }
    });
  }

  /** On the writer all pieces of a tensor, on other ranks nothing. */
  private Map<ModelTensor, Tensor> gather(Whole whole, Map<ModelTensor, Tensor> held) {
    TensorVector mine = new TensorVector(Torch.empty(ScalarType.Float, 0));
    long[] sent = new long[ranks.size()];
    long[] received = new long[ranks.size()];
    for (ModelTensor piece : whole.pieces()) {
      int holder = holder(piece);
      if (holder == ranks.rank()) {
        mine.push_back(Objects.requireNonNull(held.get(piece)).reshape(-1));
        sent[whole.writer()] += piece.elements();
      }
      if (whole.writer() == ranks.rank()) {
        received[holder] += piece.elements();
      }
    }
    Tensor here = Torch.empty(ScalarType.Float, Arrays.stream(received).sum());
    ranks.exchange(torch.cat(mine), sent, here, received);
    return whole.writer() == ranks.rank() ? apart(whole.pieces(), here, received) : Map.of();
  }

  /** The pieces in what came: by rank, and of each rank in their order. */
  private Map<ModelTensor, Tensor> apart(
      List<ModelTensor> pieces, Tensor received, long[] counts_P) {
    long[] next_P = new long[counts_P.length];
    for (int rank = 1; rank < counts_P.length; rank++) {
      next_P[rank] = next_P[rank - 1] + counts_P[rank - 1];
    }
    Map<ModelTensor, Tensor> values = new HashMap<>();
    for (ModelTensor piece : pieces) {
      int holder = holder(piece);
      long[] shape = piece.shape().stream().mapToLong(Long::longValue).toArray();
      values.put(piece, received.narrow(0, next_P[holder], piece.elements()).view(shape));
      next_P[holder] += piece.elements();
    }
    return values;
  }
}
