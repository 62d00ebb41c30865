package io.cambium.checkpoint.family;

import static io.cambium.checkpoint.family.ModelTensor.NONE;

import io.cambium.checkpoint.family.DecoderSpec.Attention;
import io.cambium.checkpoint.family.DecoderSpec.Dense;
import io.cambium.checkpoint.family.DecoderSpec.GroupedQuery;
import io.cambium.checkpoint.family.DecoderSpec.Latent;
import io.cambium.checkpoint.family.DecoderSpec.Mixture;
import io.cambium.checkpoint.family.ModelTensor.Piece;
import io.cambium.checkpoint.family.Quantisation.Stored;
import io.cambium.checkpoint.family.TensorNames.Home;
import java.util.ArrayList;
import java.util.List;

/** Every tensor that a decoder needs, in model order, with its name and place on disk. */
final class TensorList {

  private final DecoderSpec spec;
  private final TensorNames names;
  private final Quantisation quantisation;
  private final List<ModelTensor> tensors = new ArrayList<>();

  private TensorList(DecoderSpec spec, TensorNames names, Quantisation quantisation) {
    this.spec = spec;
    this.names = names;
    this.quantisation = quantisation;
  }

  static List<ModelTensor> of(DecoderSpec spec, TensorNames names, Quantisation quantisation) {
    TensorList list = new TensorList(spec, names, quantisation);
    list.add(Part.EMBEDDING, NONE);
    for (int layer = 0; layer < spec.layers().size(); layer++) {
      list.addAttention(layer, spec.layers().get(layer).attention());
      list.add(Part.FEED_FORWARD_NORM, layer);
      list.addFeedForward(layer);
    }
    list.add(Part.FINAL_NORM, NONE);
    if (!spec.tiedEmbeddings()) {
      list.add(Part.LM_HEAD, NONE);
    }
    return list.tensors;
  }

  private void addAttention(int layer, Attention attention) {
    add(Part.ATTENTION_NORM, layer);
    switch (attention) {
      case GroupedQuery grouped -> addGroupedQuery(layer, grouped);
      case Latent latent -> addLatent(layer, latent);
    }
  }

  private void addGroupedQuery(int layer, GroupedQuery attention) {
    add(Part.QUERY, layer);
    add(Part.KEY, layer);
    add(Part.VALUE, layer);
    if (attention.inputBias()) {
      add(Part.QUERY_BIAS, layer);
      add(Part.KEY_BIAS, layer);
      add(Part.VALUE_BIAS, layer);
    }
    add(Part.ATTENTION_OUTPUT, layer);
    if (attention.outputBias()) {
      add(Part.ATTENTION_OUTPUT_BIAS, layer);
    }
    if (attention.headNorm().hasWeights()) {
      add(Part.QUERY_NORM, layer);
      add(Part.KEY_NORM, layer);
    }
    if (attention.sinks()) {
      add(Part.SINKS, layer);
    }
  }

  private void addLatent(int layer, Latent attention) {
    if (attention.queryRank() == 0) {
      add(Part.QUERY, layer);
    } else {
      add(Part.QUERY_DOWN, layer);
      add(Part.QUERY_DOWN_NORM, layer);
      add(Part.QUERY_UP, layer);
    }
    add(Part.KEY_VALUE_DOWN, layer);
    add(Part.KEY_VALUE_DOWN_NORM, layer);
    add(Part.KEY_VALUE_UP, layer);
    add(Part.ATTENTION_OUTPUT, layer);
  }

  private void addFeedForward(int layer) {
    switch (spec.layers().get(layer).feedForward()) {
      case Dense dense -> {
        add(Part.DENSE_GATE, layer);
        add(Part.DENSE_UP, layer);
        add(Part.DENSE_DOWN, layer);
      }
      case Mixture mixture -> addMixture(layer, mixture);
    }
  }

  private void addMixture(int layer, Mixture mixture) {
    add(Part.ROUTER, layer);
    if (mixture.router().logitBias()) {
      add(Part.ROUTER_BIAS, layer);
    }
    if (mixture.router().selectionBias()) {
      add(Part.SELECTION_BIAS, layer);
    }
    for (int expert = 0; expert < mixture.experts(); expert++) {
      add(Part.EXPERT_GATE, layer, expert);
      add(Part.EXPERT_UP, layer, expert);
      add(Part.EXPERT_DOWN, layer, expert);
      if (mixture.expertBias()) {
        add(Part.EXPERT_GATE_BIAS, layer, expert);
        add(Part.EXPERT_UP_BIAS, layer, expert);
        add(Part.EXPERT_DOWN_BIAS, layer, expert);
      }
    }
    if (mixture.sharedIntermediateSize() > 0) {
      if (mixture.sharedGate()) {
        add(Part.SHARED_SCALE, layer);
      }
      add(Part.SHARED_GATE, layer);
      add(Part.SHARED_UP, layer);
      add(Part.SHARED_DOWN, layer);
    }
  }

  private void add(Part part, int layer) {
    add(part, layer, NONE);
  }

  private void add(Part part, int layer, int expert) {
    Home home = names.home(part);
    if (home == null) {
      throw new IllegalStateException("the family has no name for " + part);
    }
    String name =
        home.template()
            .replace("{layer}", Integer.toString(layer))
            .replace("{expert}", Integer.toString(expert));
    List<Long> shape = Shapes.of(part, layer, spec);
    boolean allExperts = part.isExpert() && !home.template().contains("{expert}");
    int inTensor = allExperts ? expert : NONE;
    if (!quantisation.covers(part)) {
      Piece piece = piece(home, part, layer, inTensor);
      tensors.add(new ModelTensor(part, layer, expert, name, shape, piece));
      return;
    }
    for (Stored stored : quantisation.stored(shape.get(0), shape.get(1))) {
      tensors.add(
          new ModelTensor(
              part,
              layer,
              expert,
              name + stored.suffix(),
              List.of(stored.rows(), stored.columns()),
              piece(home, part, layer, inTensor, stored),
              stored.content()));
    }
  }

  /** Where a quantised part lies: row by row in turn with those that share its tensor. */
  private Piece piece(Home home, Part part, int layer, int expert, Stored stored) {
    long parts = home.together().size();
    long columns = stored.columns();
    List<Long> whole = new ArrayList<>(stored.rowShape());
    whole.addFirst(parts * stored.rows());
    long before = home.together().indexOf(part) * columns;
    Piece piece = new Piece(whole, before, List.of(parts * columns, 1L));
    return expert == NONE ? piece : ofExpert(piece, expert, spec.mixture(layer).experts());
  }

  /**
   * Where a part lies in its tensor on disk.
   *
   * @param expert its index on the first axis, or {@link ModelTensor#NONE} where there is no such
   *     axis
   */
  private Piece piece(Home home, Part part, int layer, int expert) {
    List<Long> shape = Shapes.of(part, layer, spec);
    long before = 0;
    long all = 0;
    for (Part other : home.together()) {
      long rows = Shapes.of(other, layer, spec).getFirst();
      before = other == part ? all : before;
      all += rows;
    }
    Piece piece = packed(home, part, shape, before, all);
    return expert == NONE ? piece : ofExpert(piece, expert, spec.mixture(layer).experts());
  }

  private static Piece packed(Home home, Part part, List<Long> shape, long before, long all) {
    int parts = home.together().size();
    boolean matrix = shape.size() == 2;
    long columns = matrix ? shape.get(1) : 1;
    List<Long> stacked = matrix ? List.of(all, columns) : List.of(all);
    return switch (home.packing()) {
      case ROWS -> new Piece(stacked, before * columns, ModelTensor.rowMajor(shape));
      case ONE_ROW -> new Piece(List.of(1L, all), before, List.of(1L));
      case COLUMNS ->
          matrix
              ? new Piece(List.of(columns, all), before, List.of(1L, all))
              : new Piece(stacked, before, List.of(1L));
      case ALTERNATING_COLUMNS -> {
        long step = parts;
        long first = home.together().indexOf(part);
        yield matrix
            ? new Piece(List.of(columns, all), first, List.of(step, all))
            : new Piece(stacked, first, List.of(step));
      }
    };
  }

  private static Piece ofExpert(Piece piece, int expert, int experts) {
    List<Long> whole = new ArrayList<>(piece.whole());
    long each = whole.stream().reduce(1L, Math::multiplyExact);
    whole.addFirst((long) experts);
    return new Piece(whole, Math.addExact(each * expert, piece.offset()), piece.strides());
  }
}
