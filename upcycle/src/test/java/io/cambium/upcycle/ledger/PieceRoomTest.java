package io.cambium.upcycle.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PieceRoomTest {

  @Test
  void moreThreadsThanRoomsWait() throws InterruptedException {
    try (PieceRoom pieces = PieceRoom.of(List.of())) {
      List<MemorySegment> taken = new ArrayList<>();
      for (int n = 0; n < PieceRoom.ROOMS; n++) {
        taken.add(pieces.take());
      }
      Thread late = Thread.ofVirtual().start(() -> pieces.giveBack(pieces.take()));
      late.join(Duration.ofMillis(100));
      assertThat(late.isAlive()).isTrue();
      pieces.giveBack(taken.getFirst());
      late.join();
    }
  }
}
