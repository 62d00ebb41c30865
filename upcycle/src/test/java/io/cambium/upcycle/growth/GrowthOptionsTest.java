package io.cambium.upcycle.growth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.growth.GrowthOptions.Mode;
import io.cambium.upcycle.growth.GrowthOptions.Rows;
import org.junit.jupiter.api.Test;

class GrowthOptionsTest {

  @Test
  void defaultsFollowTheMode() {
    GrowthOptions cold = GrowthOptions.to(32).build();
    assertThat(cold.mode()).isEqualTo(Mode.COLD);
    assertThat(cold.rows()).isEqualTo(Rows.COPY);
    assertThat(cold.rowDelta()).isZero();
    assertThat(cold.biasNoise()).isZero();
    assertThat(cold.replicas().amount()).isZero();

    GrowthOptions lineage = GrowthOptions.to(32).mode(Mode.LINEAGE).build();
    assertThat(lineage.rows()).isEqualTo(Rows.SPLIT);
    assertThat(lineage.rowDelta()).isEqualTo(0.6);
    assertThat(lineage.biasNoise()).isZero();

    GrowthOptions flat = GrowthOptions.to(32).mode(Mode.FLAT).replicas("drop").build();
    assertThat(flat.rows()).isEqualTo(Rows.COPY);
    assertThat(flat.biasNoise()).isEqualTo(1e-3);
    assertThat(flat.replicas().amount()).isEqualTo(0.5);
  }

  @Test
  void refusesByName() {
    refused("experts", GrowthOptions.to(1));
    refused("row-delta", GrowthOptions.to(4).mode(Mode.LINEAGE).rowDelta(-1.0));
    refused("row-delta", GrowthOptions.to(4).mode(Mode.LINEAGE).rowDelta(0.0));
    refused("row-delta", GrowthOptions.to(4).mode(Mode.LINEAGE).rowDelta(Double.NaN));
    refused("row-delta", GrowthOptions.to(4).rowDelta(0.3));
    refused("bias-noise", GrowthOptions.to(4).mode(Mode.FLAT).biasNoise(-1e-3));
    refused("bias-noise", GrowthOptions.to(4).mode(Mode.LINEAGE).biasNoise(1e-3));
    refused("replica-amount", GrowthOptions.to(4).replicaAmount(0.5));
    refused("replica-amount", GrowthOptions.to(4).replicas("drop").replicaAmount(1.5));
    refused("replica-amount", GrowthOptions.to(4).replicas("drop").replicaAmount(0.0));
    refused("replicas", GrowthOptions.to(4).mode(Mode.LINEAGE).replicas("drop"));
    refused("rows", GrowthOptions.to(4).rows(Rows.ANTITHETIC));
  }

  private static void refused(String option, GrowthOptions.Builder builder) {
    assertThatThrownBy(builder::build)
        .isInstanceOf(UsageException.class)
        .hasMessageStartingWith("growth option " + option + ": ");
  }
}
