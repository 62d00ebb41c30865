package io.cambium.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * Lineages of one layer as index tensors. E experts, G lineages, R the most siblings of any.
 *
 * @param meanOf_EE column j averages the lineage of expert j
 * @param members_GR the experts of each lineage, filled up with its first
 * @param logSiblings_E the logarithm of how many siblings an expert has, itself included
 */
record LineageIndex(Tensor meanOf_EE, Tensor members_GR, Tensor logSiblings_E) {

  static LineageIndex of(List<Integer> parents) {
    int experts = parents.size();
    List<Integer> names = parents.stream().distinct().sorted().toList();
    List<List<Integer>> members = new ArrayList<>();
    for (int name : names) {
      List<Integer> lineage = new ArrayList<>();
      for (int e = 0; e < experts; e++) {
        if (parents.get(e) == name) {
          lineage.add(e);
        }
      }
      members.add(lineage);
    }
    int most = members.stream().mapToInt(List::size).max().orElseThrow();
    long[] padded = new long[members.size() * most];
    float[] mean = new float[experts * experts];
    float[] logSiblings = new float[experts];
    for (int g = 0; g < members.size(); g++) {
      List<Integer> lineage = members.get(g);
      Arrays.fill(padded, g * most, (g + 1) * most, lineage.getFirst());
      for (int r = 0; r < lineage.size(); r++) {
        padded[g * most + r] = lineage.get(r);
        logSiblings[lineage.get(r)] = (float) Math.log(lineage.size());
        for (int other : lineage) {
          mean[other * experts + lineage.get(r)] = 1f / lineage.size();
        }
      }
    }
    return new LineageIndex(
        Torch.tensor(mean, experts, experts),
        Torch.tensor(padded, members.size(), most),
        Torch.tensor(logSiblings, experts));
  }
}
