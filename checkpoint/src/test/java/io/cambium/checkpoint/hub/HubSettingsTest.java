package io.cambium.checkpoint.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubSettingsTest {

  @TempDir private Path folder;

  @Test
  void whatNobodySetsIsAsHuggingFaceHubHasIt() {
    HubSettings settings = HubSettings.of(Map.of("XDG_CACHE_HOME", folder.toString()));
    assertThat(settings.endpoint()).isEqualTo(URI.create("https://huggingface.co"));
    assertThat(settings.cache()).isEqualTo(folder.resolve("huggingface/hub"));
    assertThat(settings.token()).isEmpty();
    assertThat(settings.offline()).isFalse();
    assertThat(settings.links()).isTrue();
    assertThat(settings.patience()).isEqualTo(Duration.ofSeconds(10));
    assertThat(HubSettings.of(Map.of("HF_TOKEN_PATH", "/none")).cache())
        .isEqualTo(Path.of(System.getProperty("user.home"), ".cache/huggingface/hub"));
  }

  @Test
  void theCacheIsTheFirstThatIsNamed() {
    Map<String, String> home = Map.of("HF_HOME", "~/home");
    assertThat(HubSettings.of(home).cache())
        .isEqualTo(Path.of(System.getProperty("user.home"), "home/hub"));
    assertThat(HubSettings.of(Map.of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/c")).cache())
        .isEqualTo(Path.of("/c"));
    assertThat(HubSettings.of(Map.of("HUGGINGFACE_HUB_CACHE", "/c", "HF_HUB_CACHE", "/d")).cache())
        .isEqualTo(Path.of("/d"));
  }

  @Test
  void theTokenIsTheFirstThatIsNamed() throws IOException {
    Path other = Files.writeString(folder.resolve("other"), " two\n");
    Files.writeString(folder.resolve("token"), "one\n");
    Map<String, String> home = Map.of("HF_HOME", folder.toString());
    assertThat(HubSettings.of(home).token()).contains("one");
    assertThat(HubSettings.of(Map.of("HF_TOKEN_PATH", other.toString())).token()).contains("two");
    assertThat(
            HubSettings.of(Map.of("HF_HOME", folder.toString(), "HUGGING_FACE_HUB_TOKEN", "three"))
                .token())
        .contains("three");
    HubSettings settings =
        HubSettings.of(Map.of("HF_TOKEN", "four", "HUGGING_FACE_HUB_TOKEN", "three"));
    assertThat(settings.token()).contains("four");
    assertThat(settings.toString()).doesNotContain("four");
  }

  @Test
  void switchesAndTheEndpoint() {
    HubSettings settings =
        HubSettings.of(
            Map.of(
                "HF_ENDPOINT", "http://mirror:8080/hub/",
                "HF_HUB_OFFLINE", "yes",
                "HF_HUB_DISABLE_SYMLINKS", "1",
                "HF_HUB_DOWNLOAD_TIMEOUT", "30",
                "HF_TOKEN_PATH", "/none"));
    assertThat(settings.endpoint()).isEqualTo(URI.create("http://mirror:8080/hub"));
    assertThat(settings.offline()).isTrue();
    assertThat(settings.links()).isFalse();
    assertThat(settings.patience()).isEqualTo(Duration.ofSeconds(30));
    assertThat(HubSettings.of(Map.of("HF_HUB_OFFLINE", "0")).offline()).isFalse();
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", "mirror:8080")))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("HF_ENDPOINT");
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_HUB_DOWNLOAD_TIMEOUT", "soon")))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("whole seconds");
  }
}
