package io.cambium.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class TeamTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void theLastAtABarrierActsBeforeAnyGoesOn(int size) {
    try (Team team = new Team(size)) {
      AtomicInteger arrived = new AtomicInteger();
      int[] seen = new int[1];
      team.run(member -> {
        for (int round = 1; round <= 100; round++) {
          arrived.incrementAndGet();
          member.await(() -> seen[0] = arrived.get());
          assertThat(seen[0]).isEqualTo(round * size);
          member.await();
        }
      });
    }
  }

  @Test
  void aFailureReleasesTheOthersAndIsReported() {
    try (Team team = new Team(3)) {
      assertThatThrownBy(() ->
              team.run(member -> {
                if (member.index() == 1) {
                  throw new IllegalStateException("worker 1 is broken");
                }
                member.await();
              }))
          .hasMessage("worker 1 is broken");
      AtomicInteger ran = new AtomicInteger();
      team.run(member -> ran.incrementAndGet());
      assertThat(ran).hasValue(3);
    }
  }
}
