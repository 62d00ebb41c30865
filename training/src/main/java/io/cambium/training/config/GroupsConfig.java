package io.cambium.training.config;

import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.family.Part;
import java.util.Arrays;
import java.util.List;

/**
 * Which parts of a model are trained, and how.
 *
 * @param train the groups that are; the others keep every byte, and have no moments
 */
public record GroupsConfig(
    List<Group> train,
    GroupConfig embedding,
    GroupConfig head,
    GroupConfig norm,
    GroupConfig attention,
    GroupConfig dense,
    GroupConfig router,
    GroupConfig experts,
    GroupConfig shared) {

  /** Everything, and alike. */
  public static final GroupsConfig DEFAULT =
      new GroupsConfig(
          List.of(Group.values()),
          GroupConfig.DEFAULT,
          GroupConfig.DEFAULT,
          GroupConfig.DEFAULT,
          GroupConfig.DEFAULT,
          GroupConfig.DEFAULT,
          GroupConfig.DEFAULT,
          GroupConfig.DEFAULT,
          GroupConfig.DEFAULT);

  public GroupsConfig {
    train = train.stream().distinct().sorted().toList();
    if (train.isEmpty()) {
      throw new UsageException(
          "groups.train", "names no group", "one or more of " + Arrays.toString(Group.values()));
    }
    embedding.requireFits("groups.embedding");
    head.requireFits("groups.head");
    norm.requireFits("groups.norm");
    attention.requireFits("groups.attention");
    dense.requireFits("groups.dense");
    router.requireFits("groups.router");
    experts.requireFits("groups.experts");
    shared.requireFits("groups.shared");
  }

  /** Whether a tensor is trained. */
  public boolean trains(Part part) {
    return train.contains(Group.of(part));
  }

  /** Whether some tensor may not be. */
  boolean freezes() {
    return train.size() < Group.values().length;
  }

  /** The settings of a tensor's group. */
  public GroupConfig of(Part part) {
    return switch (Group.of(part)) {
      case EMBEDDING -> embedding;
      case HEAD -> head;
      case NORM -> norm;
      case ATTENTION -> attention;
      case DENSE -> dense;
      case ROUTER -> router;
      case EXPERTS -> experts;
      case SHARED -> shared;
    };
  }
}
