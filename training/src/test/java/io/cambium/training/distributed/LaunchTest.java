package io.cambium.training.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.UsageException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LaunchTest {

  private static final String TORCHRUN =
      "RANK=2 WORLD_SIZE=4 LOCAL_RANK=0 LOCAL_WORLD_SIZE=2 MASTER_ADDR=node0 MASTER_PORT=29500";

  private static Map<String, String> environment(String variables) {
    Map<String, String> environment = new HashMap<>();
    Arrays.stream(variables.split(" "))
        .map(variable -> variable.split("=", 2))
        .forEach(parts -> environment.put(parts[0], parts[1]));
    return environment;
  }

  @Test
  void readsWhatTorchrunSets() {
    assertThat(Launch.of(environment(TORCHRUN)))
        .contains(new Launch(2, 4, 2, "node0", 29500, null, null));
    String agent = " TORCHELASTIC_USE_AGENT_STORE=True TORCHELASTIC_RESTART_COUNT=3";
    assertThat(Launch.of(environment(TORCHRUN + agent + " GLOO_SOCKET_IFNAME=eth1")))
        .contains(new Launch(2, 4, 2, "node0", 29500, "/worker/attempt_3", "eth1"));
  }

  @Test
  void anEmptyVariableIsNotSet() {
    assertThat(Launch.of(environment(TORCHRUN + " GLOO_SOCKET_IFNAME=")))
        .contains(new Launch(2, 4, 2, "node0", 29500, null, null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PATH=/",
        "RANK=0 WORLD_SIZE=1",
        "WORLD_SIZE=1",
        "MASTER_ADDR=node0",
        "RANK= PATH=/"
      })
  void oneProcessIsAlone(String variables) {
    assertThat(Launch.of(environment(variables))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "WORLD_SIZE= | WORLD_SIZE: is not set, though others of its kind are",
        "RANK= | RANK: is not set",
        "MASTER_ADDR= | MASTER_ADDR: is not set",
        "MASTER_PORT= | MASTER_PORT: is not set",
        "RANK=4 | RANK: is 4, but WORLD_SIZE is 4",
        "RANK=-1 | RANK: is -1, which is no whole number from 0 on",
        "WORLD_SIZE=0 | WORLD_SIZE: is 0, which is no whole number from 1 on",
        "WORLD_SIZE=two | WORLD_SIZE: is two, which is no whole number",
        "MASTER_PORT=70000 | MASTER_PORT: is 70000, which is no whole number from 1 to 65535",
        "LOCAL_WORLD_SIZE=5 | LOCAL_WORLD_SIZE: is 5, which is no whole number from 1 to 4",
      })
  void refusesWhatIsIncompleteOrContradictsItself(String change, String message) {
    Map<String, String> environment = environment(TORCHRUN);
    environment.putAll(environment(change));
    assertThatThrownBy(() -> Launch.of(environment))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining(message);
  }
}
