package io.cambium.training.distributed;

import io.cambium.checkpoint.TrainingException;
import io.cambium.checkpoint.UsageException;
import io.cambium.model.ProcessGroup;
import io.cambium.model.Torch;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.gloo.Device;

/**
 * Ranks that exchange through libtorch's c10d with Gloo, over TCP. Its all-reduce is a ring: each
 * piece is added up along it from rank to rank and then handed round, so that the order is always
 * the same and all have the same bits.
 */
final class GlooGroup implements ProcessGroup {

  /** Long enough that small tensors share a message, short enough to be copied on the way. */
  private static final long BUCKET_BYTES = 32L << 20;

  /** While ranks find each other, which all have come by then. */
  private static final Duration CONNECT = Duration.ofSeconds(30);

  /** None: what is too long the roll call says, and it knows whom all wait for. */
  private static final Duration EXCHANGE = Duration.ofDays(365);

  private final int rank;
  private final int size;
  private final RollCall others;
  private final Duration sign;
  private final ProcessGroupGloo gloo;

  /**
   * Connects to the others of a group.
   *
   * @param store where they leave their addresses
   * @param others which all have come
   * @param rank this process's number in the group
   * @param size of the group
   */
  GlooGroup(Launch launch, Store store, RollCall others, int rank, int size) {
    this.rank = rank;
    this.size = size;
    this.others = others;
    this.sign = others.timing().sign();
    ProcessGroupGloo.Options options = new ProcessGroupGloo.Options(milliseconds(CONNECT));
    try {
      options.devices().push_back(device(launch));
      gloo = new ProcessGroupGloo(store, rank, size, options);
      gloo.setTimeout(milliseconds(EXCHANGE));
    } catch (RuntimeException e) {
      throw new TrainingException(
          "rank " + launch.rank(),
          "cannot connect to the others: " + e.getMessage(),
          "let the machines reach each other on all ports; GLOO_SOCKET_IFNAME names the network"
              + " interface to take",
          e);
    }
  }

  private static Device device(Launch launch) {
    return launch.networkInterface() == null
        ? ProcessGroupGloo.createDeviceForHostname(addressTowards(launch.host(), launch.port()))
        : ProcessGroupGloo.createDeviceForInterface(launch.networkInterface());
  }

  /** This machine's address on the way to another. */
  private static String addressTowards(String host, int port) {
    InetSocketAddress there = new InetSocketAddress(host, port);
    if (there.isUnresolved()) {
      throw new UsageException("MASTER_ADDR", "is " + host + ", which nobody knows", null);
    }
    try (DatagramSocket probe = new DatagramSocket()) {
      probe.connect(there); // which sends nothing
      return probe.getLocalAddress().getHostAddress();
    } catch (SocketException e) {
      throw new TrainingException("MASTER_ADDR", "cannot be reached: " + e, null, e);
    }
  }

  private static Milliseconds milliseconds(Duration duration) {
    return new Milliseconds(duration.toMillis());
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public void sum(List<Tensor> tensors) {
    for (List<Tensor> bucket : buckets(tensors)) {
      try (PointerScope scope = new PointerScope()) {
        sumTogether(bucket);
      }
    }
  }

  @Override
  public double[] sum(double... values) {
    if (values.length == 0) {
      return values;
    }
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = Torch.tensor(values, values.length);
      sumTogether(List.of(tensor));
      return Torch.doubles(tensor);
    }
  }

  private static List<List<Tensor>> buckets(List<Tensor> tensors) {
    List<List<Tensor>> buckets = new ArrayList<>();
    long room = 0;
    for (Tensor tensor : tensors) {
      if (buckets.isEmpty() || tensor.nbytes() > room) {
        buckets.add(new ArrayList<>());
        room = BUCKET_BYTES;
      }
      buckets.getLast().add(tensor);
      room -= tensor.nbytes();
    }
    return buckets;
  }

  private void sumTogether(List<Tensor> tensors) {
    others.requireAll();
    TensorVector vector = new TensorVector();
    tensors.forEach(vector::push_back);
    await(gloo.allreduce_coalesced(vector));
  }

  @Override
  public Transfer start(Tensor sent, long[] sentRows, Tensor received, long[] receivedRows) {
    others.requireAll();
    try (PointerScope scope = new PointerScope()) {
      Work work =
          gloo.alltoall_base(
              received, sent, new LongVector(receivedRows), new LongVector(sentRows));
      work.retainReference(); // until it is done, whatever scope it was begun in
      return () -> {
        try {
          await(work);
        } finally {
          work.releaseReference();
        }
      };
    }
  }

  private void await(Work work) {
    others.pulse().waits(true);
    try {
      while (!isDone(work)) {
        others.requireAll();
      }
    } finally {
      others.pulse().waits(false);
    }
  }

  /** Waits, but not for longer than others may need to be found lost. */
  private boolean isDone(Work work) {
    try {
      return work._wait(milliseconds(sign));
    } catch (RuntimeException e) { // the time is up, or the exchange failed
      if (!work.isCompleted()) {
        return false;
      }
      if (work.isSuccess()) {
        return true;
      }
      throw others.explain(e);
    }
  }

  /** Gives the connections back; not after a failure, when an exchange may still be under way. */
  void close() {
    gloo.deallocate();
  }
}
