package io.cambium.training.distributed;

import io.cambium.checkpoint.TrainingException;
import io.cambium.checkpoint.UsageException;
import io.cambium.model.ProcessGroup;
import io.cambium.model.RankGroups;
import io.cambium.model.Torch;
import io.cambium.training.config.DistributedConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.jspecify.annotations.Nullable;

/** The processes of a run as this one, a rank among them, has joined them. */
public final class Ranks implements AutoCloseable {

  private static final String INVITATION = "cambium/roll call";

  private final int onThisMachine;
  private final @Nullable Members members;

  /** What connects several ranks; the stores must live as long as they do. */
  private record Members(
      Launch launch,
      List<Store> stores,
      RollCall rollCall,
      GlooGroup group,
      List<GlooGroup> parts) {

    /** Connects some of the ranks, those that give the same name. */
    GlooGroup part(String name, int rank, int size) {
      // A connection of its own: JavaCPP can hand a store to libtorch only once.
      Store store = connect(launch, rollCall.timing(), false);
      String attempt = launch.storePrefix() == null ? "" : launch.storePrefix();
      PrefixStore names = new PrefixStore(attempt + "/cambium/" + name, store);
      stores.addAll(List.of(store, names));
      GlooGroup part = new GlooGroup(launch, names, rollCall, rank, size);
      parts.add(part);
      return part;
    }
  }

  private Ranks(int onThisMachine, @Nullable Members members) {
    this.onThisMachine = onThisMachine;
    this.members = members;
  }

  /**
   * Joins the processes that were started with this one, as the environment says ({@link Launch}),
   * and waits for all of them.
   *
   * @param givenUp is told, on another thread, why the others go on without this process, whose own
   *     thread hangs or is too slow: it should end the process, or that may still write into the
   *     run when it wakes
   * @return this process alone where the environment names no others
   * @throws UsageException if the environment is incomplete or contradicts itself
   * @throws TrainingException if the others do not come
   */
  public static Ranks join(Map<String, String> environment, Consumer<String> givenUp) {
    Optional<Launch> launch = Launch.of(environment);
    return launch.isPresent() ? join(launch.get(), Timing.DEFAULT, givenUp) : new Ranks(1, null);
  }

  static Ranks join(Launch launch, Timing timing, Consumer<String> givenUp) {
    Torch.start();
    Store store = store(launch, timing);
    RollCall rollCall = rollCall(launch, store, timing, givenUp);
    try {
      rollCall.awaitAll();
      GlooGroup group = new GlooGroup(launch, store, rollCall, launch.rank(), launch.size());
      return new Ranks(
          launch.onThisMachine(),
          new Members(launch, new ArrayList<>(List.of(store)), rollCall, group, new ArrayList<>()));
    } catch (RuntimeException e) {
      rollCall.fail(String.valueOf(e.getMessage()));
      rollCall.close();
      throw e;
    }
  }

  private static Store store(Launch launch, Timing timing) {
    Store store = connect(launch, timing, launch.rank() == 0 && launch.storePrefix() == null);
    return launch.storePrefix() == null ? store : new PrefixStore(launch.storePrefix(), store);
  }

  /**
   * Connects to the store.
   *
   * @param keeps whether this rank is the one that keeps it
   */
  private static Store connect(Launch launch, Timing timing, boolean keeps) {
    TCPStoreOptions options =
        new TCPStoreOptions()
            .port((short) launch.port())
            .isServer(keeps)
            .waitWorkers(false)
            .timeout(new Milliseconds(timing.start().toMillis()));
    try {
      return new TCPStore(launch.host(), options);
    } catch (RuntimeException e) {
      String place = launch.host() + ":" + launch.port();
      throw keeps
          ? new UsageException(
              "MASTER_PORT",
              "is " + launch.port() + ", where rank 0 cannot listen: " + firstLine(e),
              "take another port",
              e)
          : new TrainingException(
              "rank " + launch.rank(),
              "does not find rank 0 at " + place + ": " + firstLine(e),
              "MASTER_ADDR and MASTER_PORT must be the same for all, and lead to rank 0",
              e);
    }
  }

  private static RollCall rollCall(
      Launch launch, Store store, Timing timing, Consumer<String> givenUp) {
    if (launch.rank() == 0) {
      HostRollCall host = new HostRollCall(launch.size(), timing, givenUp);
      store.set(INVITATION, host.invitation());
      return host;
    }
    String invitation;
    try {
      invitation = store.get_to_str(INVITATION);
    } catch (RuntimeException e) {
      throw new TrainingException(
          "rank " + launch.rank(),
          "waited %d s for rank 0, which did not come".formatted(timing.start().toSeconds()),
          null,
          e);
    }
    return new GuestRollCall(
        launch.rank(), launch.size(), launch.host(), invitation, timing, givenUp);
  }

  /** libtorch's messages go on with the functions that were called. */
  private static String firstLine(RuntimeException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  /** What a run exchanges through. */
  public ProcessGroup group() {
    return members == null ? ProcessGroup.ALONE : members.group();
  }

  /**
   * What a run exchanges through whose ranks share the routed experts. From now on a rank that the
   * others wait for too long is lost.
   *
   * @param config the same for all; how long is too long, rank 0's says
   * @throws UsageException if the ranks cannot be divided into groups that share experts as it
   *     says, or if rank 0 asks for others
   */
  public RankGroups groups(DistributedConfig config) {
    if (members != null && members.rollCall() instanceof HostRollCall host) {
      host.beImpatientAfter(config.timeout());
    }
    return groups(config.expertParallelSize());
  }

  private RankGroups groups(int expertParallelSize) {
    int size = group().size();
    if (size % expertParallelSize != 0) {
      throw new UsageException(
          "distributed.expert_parallel_size",
          "is %d, which does not divide the number of processes, %d"
              .formatted(expertParallelSize, size),
          "start a multiple of %d processes, or --set distributed.expert_parallel_size=1"
              .formatted(expertParallelSize));
    }
    int first = (int) group().ofFirst(expertParallelSize);
    if (first != expertParallelSize) {
      throw new UsageException(
          "distributed.expert_parallel_size",
          "is %d in rank %d, but %d in rank 0".formatted(expertParallelSize, group().rank(), first),
          "start all ranks with the same run.yaml and options");
    }
    if (members == null || expertParallelSize == 1) {
      return RankGroups.ofReplicas(group());
    }
    int rank = group().rank();
    int set = rank / expertParallelSize;
    int place = rank % expertParallelSize;
    int sets = size / expertParallelSize;
    if (sets == 1) {
      return new RankGroups(group(), group(), ProcessGroup.ALONE);
    }
    return new RankGroups(
        group(),
        members.part("experts " + set, place, expertParallelSize),
        members.part("replicas " + place, set, sets));
  }

  /** How many of the ranks share this machine, as far as anybody has said. */
  public int onThisMachine() {
    return onThisMachine;
  }

  /** Does this rank's part; where it fails, the others learn why and end too. */
  public void run(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      if (members != null) {
        members.rollCall().fail(String.valueOf(e.getMessage()));
      }
      throw e;
    }
  }

  /** Leaves, and waits for the others to do so too. */
  @Override
  public void close() {
    if (members == null) {
      return;
    }
    boolean lost = members.rollCall().isLost();
    members.rollCall().close();
    if (!lost) {
      members.parts().forEach(GlooGroup::close);
      members.group().close();
    }
  }
}
