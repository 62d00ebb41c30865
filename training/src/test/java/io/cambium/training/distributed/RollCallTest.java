package io.cambium.training.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.TrainingException;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Three ranks in one process, over real connections. */
@Timeout(20)
class RollCallTest {

  private static final Timing FAST =
      new Timing(
          Duration.ofSeconds(1),
          Duration.ofMillis(20),
          Duration.ofMillis(400),
          Duration.ofMinutes(3));

  private final BlockingQueue<String> givenUp = new LinkedBlockingQueue<>();
  private final HostRollCall host = new HostRollCall(3, FAST, givenUp::add);
  private final List<RollCall> guests = new ArrayList<>();

  @AfterEach
  void leave() {
    guests.forEach(RollCall::close);
    host.close();
  }

  private GuestRollCall guest(int rank, int size) {
    GuestRollCall guest =
        new GuestRollCall(rank, size, "127.0.0.1", host.invitation(), FAST, givenUp::add);
    guests.add(guest);
    return guest;
  }

  /** A rank that says what it is told to, and nothing else. */
  private Wire puppet(int rank) throws IOException {
    String[] invitation = host.invitation().split(" ");
    Wire wire = new Wire(new Socket("127.0.0.1", Integer.parseInt(invitation[0])), FAST.silence());
    String self = Introduction.of(invitation[1], rank, 3).text();
    wire.write(new Wire.Message(Wire.Kind.HERE, self));
    return wire;
  }

  private static void assertLost(RollCall rollCall, String how) {
    assertThatThrownBy(
            () -> {
              while (true) {
                rollCall.requireAll();
                RollCall.pause(FAST.sign());
              }
            })
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining(how);
  }

  @Test
  void ranksThatStayAreNotLost() {
    RollCall first = guest(1, 3);
    RollCall second = guest(2, 3);
    host.awaitAll();
    first.awaitAll();
    second.awaitAll();
    RollCall.pause(FAST.silence().multipliedBy(2));
    List.of(host, first, second).forEach(RollCall::requireAll);
  }

  @Test
  void allLearnOfARankThatEnds() throws IOException {
    RollCall other = guest(1, 3);
    Wire killed = puppet(2);
    host.awaitAll();
    killed.close();
    String how =
        "process "
            + ProcessHandle.current().pid()
            + ") has ended without a word\n  -> start the ranks again with --resume";
    assertLost(host, "rank 2 (");
    assertLost(host, how);
    assertLost(other, how);
  }

  @Test
  void allLearnOfARankThatFallsSilent() throws IOException {
    RollCall other = guest(1, 3);
    Wire hung = puppet(2);
    host.awaitAll();
    assertLost(host, ") has not been heard of for 0 s");
    assertLost(other, "rank 2 (");
    hung.close();
  }

  private static Wire.Message sign(boolean waiting, Duration time) {
    return new Pulse.State(waiting, time).message();
  }

  @Test
  void allLearnOfARankForWhichOthersWaitTooLong() throws IOException {
    RollCall other = guest(1, 3);
    Wire late = puppet(2);
    host.awaitAll();
    host.pulse().waits(true);
    other.pulse().waits(true);
    late.write(sign(false, Duration.ofMinutes(5)));
    RollCall.pause(FAST.silence().dividedBy(2));
    host.requireAll(); // no one has waited for three minutes yet
    host.beImpatientAfter(Duration.ofMillis(60));
    late.write(sign(false, Duration.ofMinutes(5)));
    String why = ") kept the others waiting for 0.001 min (distributed.timeout_minutes)";
    for (RollCall rollCall : List.of(host, other)) {
      assertLost(rollCall, why);
      assertThat(rollCall.loss().text()).startsWith("rank 2 (").doesNotContain("rank 1");
      assertThatThrownBy(rollCall::requireAll).hasMessageContaining("raise distributed.timeout");
    }
    assertThat(late.read().kind()).isEqualTo(Wire.Kind.COMPLETE);
    assertThat(late.read().kind()).isEqualTo(Wire.Kind.GIVEN_UP);
    late.close();
  }

  @Test
  void whoIsLateLearnsThatTheOthersGoOn() throws InterruptedException {
    RollCall late = guest(1, 3);
    guest(2, 3).pulse().waits(true);
    host.awaitAll();
    host.pulse().waits(true);
    RollCall.pause(FAST.silence().dividedBy(4)); // until all have said what they are at
    host.beImpatientAfter(FAST.silence().dividedBy(4));
    assertLost(late, "rank 1 (");
    assertGivenUp("rank 1 (");
  }

  @Test
  void rankZeroMayBeLateToo() throws InterruptedException {
    RollCall other = guest(1, 3);
    List.of(other, guest(2, 3)).forEach(guest -> guest.pulse().waits(true));
    host.awaitAll();
    RollCall.pause(FAST.silence().dividedBy(4));
    host.beImpatientAfter(FAST.silence().dividedBy(4));
    assertLost(other, "rank 0 (");
    assertGivenUp("rank 0 (");
  }

  /** One rank, once; it hears so after the others do. */
  private void assertGivenUp(String rank) throws InterruptedException {
    assertThat(givenUp.poll(5, TimeUnit.SECONDS)).startsWith(rank);
    assertThat(givenUp).isEmpty();
  }

  @Test
  void noOneIsLateWhereAllWait() throws IOException {
    puppet(1).write(sign(true, Duration.ofMinutes(5)));
    puppet(2).write(sign(true, Duration.ofMinutes(5)));
    host.awaitAll();
    host.beImpatientAfter(FAST.silence().dividedBy(4));
    host.pulse().waits(true);
    assertLost(host, "all ranks waited for each other");
  }

  @Test
  void aRankThatFailsSaysWhy() {
    RollCall failed = guest(1, 3);
    RollCall other = guest(2, 3);
    host.awaitAll();
    failed.fail("disk: full\n  -> empty it");
    assertLost(host, ") failed: disk: full\n  -> empty it");
    assertThatThrownBy(host::requireAll).hasMessageNotContaining("--resume");
    assertLost(other, "rank 1 (");
  }

  @Test
  void rankZeroIsMissedToo() {
    RollCall other = guest(1, 3);
    guest(2, 3);
    host.awaitAll();
    host.fail("out of memory");
    assertLost(other, "rank 0 failed: out of memory");
  }

  @Test
  void namesWhoDoesNotCome() {
    RollCall early = guest(2, 3);
    assertThatThrownBy(host::awaitAll).hasMessageContaining("rank 1 of 3 did not come within 1 s");
    assertThatThrownBy(early::awaitAll).hasMessageContaining("rank 1 of 3 did not come");
  }

  @Test
  void namesWhoWasToldAnotherSize() {
    RollCall wrong = guest(1, 4);
    assertThatThrownBy(wrong::awaitAll).hasMessageContaining("WORLD_SIZE 4, rank 0 with 3");
    assertThatThrownBy(host::awaitAll).hasMessageContaining("WORLD_SIZE 4, rank 0 with 3");
  }

  @Test
  void namesWhoComesTwice() {
    guest(1, 3);
    guest(1, 3);
    assertThatThrownBy(host::awaitAll).hasMessageContaining("two processes have RANK 1");
  }

  /** As ranks of another run do that was given the same port. */
  @Test
  void whoComesAfterAllAreThereIsSentAway() {
    guest(1, 3);
    guest(2, 3);
    host.awaitAll();
    assertLost(guest(1, 3), "comes after all ranks are there\n  -> take another MASTER_PORT");
    assertLost(guest(1, 2), "comes after all ranks are there");
    host.requireAll();
  }

  @Test
  void anExchangeThatFailsIsExplainedByTheRankThatIsLost() throws IOException {
    guest(1, 3);
    Wire killed = puppet(2);
    host.awaitAll();
    Thread.ofVirtual()
        .start(() -> {
          RollCall.pause(FAST.sign());
          killed.close();
        });
    assertThat(host.explain(new IllegalStateException("Connection closed by peer")))
        .hasMessageContaining("rank 2 (");
  }

  @Test
  void strangersDoNotDisturb() throws IOException {
    guest(1, 3);
    guest(2, 3);
    int port = Integer.parseInt(host.invitation().split(" ")[0]);
    try (Socket stranger = new Socket("127.0.0.1", port)) {
      stranger
          .getOutputStream()
          .write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      host.awaitAll();
    }
    host.requireAll();
  }
}
