package io.cambium.checkpoint.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.UsageException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubReferenceTest {

  @Test
  void readsARepositoryAndARevision() {
    assertThat(HubReference.parse("hf://Qwen/Qwen2.5-0.5B"))
        .isEqualTo(new HubReference("Qwen/Qwen2.5-0.5B", "main"))
        .hasToString("hf://Qwen/Qwen2.5-0.5B");
    assertThat(HubReference.parse("hf://a/b@refs/pr/1"))
        .isEqualTo(new HubReference("a/b", "refs/pr/1"))
        .hasToString("hf://a/b@refs/pr/1");
    assertThat(HubReference.parse("hf://a/b@v1.0").isCommit()).isFalse();
    assertThat(HubReference.parse("hf://a/b@" + "0a".repeat(20)).isCommit()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hf://model",
        "hf:owner/model",
        "hf://owner/model/file",
        "hf://owner/..",
        "hf://../model",
        "hf://owner/a..b",
        "hf://owner/a--b",
        "hf://owner/model@",
        "hf://owner/model@../../x",
        "hf://owner/model@a/../b",
        "hf://owner/model@a/.b",
        "hf://owner/model@a//b",
        "hf://owner/model@/a",
        "hf://owner/model@a/",
        "hf://owner/mo del",
        "hf://owner/model?x"
      })
  void refusesWhatWouldLeadElsewhere(String text) {
    assertThat(HubReference.isMeant(text)).isTrue();
    assertThatThrownBy(() -> HubReference.parse(text))
        .isInstanceOf(UsageException.class)
        .hasMessageContainingAll("names no model on the Hub", "hf://owner/model@revision");
  }

  @Test
  void pathsAreNotMeant() {
    assertThat(HubReference.isMeant("hf/owner/model")).isFalse();
  }
}
