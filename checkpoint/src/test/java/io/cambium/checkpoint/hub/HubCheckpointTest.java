package io.cambium.checkpoint.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointDirectory;
import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Checksums;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.Manifest;
import io.cambium.checkpoint.UsageException;
import io.cambium.checkpoint.testing.DenseModels;
import io.cambium.checkpoint.testing.HubServer;
import io.cambium.checkpoint.testing.HubServer.Fault;
import io.cambium.checkpoint.testing.HubServer.Request;
import io.cambium.checkpoint.testing.TinyModels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a server that behaves like the Hub, and misbehaves like a network. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HubCheckpointTest {

  private static final String REPOSITORY = "owner/tiny-1.0";
  private static final String MODEL = CheckpointDirectory.SINGLE_FILE;

  @TempDir private Path folder;
  private final HubServer server = new HubServer();
  private final List<Duration> pauses = Collections.synchronizedList(new ArrayList<>());
  private Path original = Path.of("");
  private Path cache = Path.of("");
  private String commit = "";

  @BeforeEach
  void publish() throws IOException {
    original = DenseModels.llama(folder.resolve("original"), 400, 1);
    cache = folder.resolve("cache");
    Files.writeString(original.resolve("tokenizer.json"), "{}");
    Files.writeString(original.resolve("LICENSE"), "as you like");
    Files.writeString(original.resolve("modeling_tiny.py"), "import os");
    Files.writeString(original.resolve("tokenizer.pkl"), "no");
    Files.writeString(original.resolve("pytorch_model.bin"), "no");
    Files.writeString(Files.createDirectory(original.resolve("onnx")).resolve("config.json"), "{}");
    commit = server.publish(REPOSITORY, "main", original);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void bringsWhatIsNeededIntoTheStandardLayout() throws IOException {
    try (HubCheckpoint hub = whole("")) {
      Path repository = cache.resolve("models--owner--tiny-1.0");
      assertThat(hub.path()).isEqualTo(repository.resolve("snapshots").resolve(commit));
      assertThat(repository.resolve("refs/main")).hasContent(commit);
      assertThat(names(hub.directory()))
          .containsExactlyInAnyOrder(
              "config.json", "model.safetensors", "cambium.json", "tokenizer.json", "LICENSE");
      assertThat(Files.readSymbolicLink(hub.directory().resolve("LICENSE")).toString())
          .matches("\\.\\./\\.\\./blobs/[0-9a-f]{40}");
      assertThat(Files.readSymbolicLink(hub.directory().resolve(MODEL)).toString())
          .isEqualTo("../../blobs/" + sha256());
      assertThat(names(repository.resolve("blobs"))).noneMatch(name -> name.endsWith("incomplete"));
      requireEqualToOriginal(hub.path());
    }
    server.forgetRequests();
    try (HubCheckpoint again = whole("")) {
      requireEqualToOriginal(again.path());
    }
    assertThat(server.requests())
        .extracting(Request::path)
        .containsExactly("/api/models/" + REPOSITORY + "/revision/main");
  }

  @Test
  void headersAreReadWithoutTheWeights() throws IOException {
    try (HubCheckpoint hub = open("");
        CheckpointDirectory there = CheckpointDirectory.open(hub);
        CheckpointDirectory here = CheckpointDirectory.open(original)) {
      assertThat(there.tensors()).isEqualTo(here.tensors());
      for (String tensor : List.of("lm_head.weight", "model.norm.weight")) {
        assertThat(there.data(tensor).mismatch(here.data(tensor))).isEqualTo(-1);
      }
      assertThat(hub.sha256(MODEL)).isEqualTo(sha256());
      assertThat(server.downloads())
          .filteredOn(request -> !request.toHub())
          .isNotEmpty()
          .allMatch(request -> request.range().matches("bytes=\\d+-\\d+"));
      assertThat(hub.directory().resolve(MODEL)).doesNotExist();
      hub.fetch();
      for (String tensor : tensors(here, MODEL)) {
        assertThat(there.data(tensor).mismatch(here.data(tensor))).isEqualTo(-1);
      }
      assertThat(hub.directory().resolve(MODEL)).hasSameBinaryContentAs(original.resolve(MODEL));
    }
  }

  @Test
  void shardsOfAnyNameAreWaitedForOneByOne() throws IOException {
    Path sharded = TinyModels.glm4Moe().sharded(20_000).write(folder.resolve("sharded"));
    renameShards(sharded);
    server.publish(REPOSITORY, "sharded", sharded);
    try (HubCheckpoint hub = open("@sharded");
        CheckpointDirectory there = CheckpointDirectory.open(hub);
        CheckpointDirectory here = CheckpointDirectory.open(sharded)) {
      assertThat(there.files()).hasSizeGreaterThan(3);
      hub.fetch();
      // In an order that nobody would choose.
      for (String name : there.files().keySet().stream().sorted().toList().reversed()) {
        String tensor = tensors(here, name).iterator().next();
        assertThat(there.data(tensor).mismatch(here.data(tensor))).isEqualTo(-1);
      }
      hub.complete();
      there.verifyChecksums();
      requireEqual(hub.path(), sharded);
    }
  }

  @Test
  void goesOnAfterADroppedConnection() throws IOException {
    server.fail("GET", sha256(), new Fault.Drop(1000));
    server.fail("GET", sha256(), new Fault.Drop(501));
    server.fail("GET", bytesOf("config.json"), new Fault.Drop(3));
    try (HubCheckpoint hub = whole("")) {
      requireEqualToOriginal(hub.path());
    }
    // Of the last bytes before an error some may be lost.
    assertThat(weightRanges()).hasSize(3).allMatch(range -> range.matches("|bytes=\\d+-"));
    assertThat(pauses).isNotEmpty().allMatch(pause -> pause.equals(Duration.ofSeconds(1)));
  }

  @Test
  void goesOnWhereAnEarlierProcessEnded() throws IOException {
    leave(777, (byte) 0);
    try (HubCheckpoint hub = whole("")) {
      requireEqualToOriginal(hub.path());
    }
    assertThat(weightRanges()).containsExactly("bytes=777-");
  }

  @Test
  void beginsAgainWhereWhatWasLeftIsDamaged() throws IOException {
    leave(777, (byte) 1);
    try (HubCheckpoint hub = whole("")) {
      requireEqualToOriginal(hub.path());
    }
    assertThat(weightRanges()).containsExactly("bytes=777-", "");
  }

  @Test
  void aServerMayKnowNoRanges() throws IOException {
    leave(777, (byte) 1);
    server.fail("GET", sha256(), new Fault.NoRange());
    try (HubCheckpoint hub = whole("")) {
      requireEqualToOriginal(hub.path());
    }
    assertThat(weightRanges()).containsExactly("bytes=777-");
  }

  @Test
  void aDamagedFileNeverGetsItsName() throws IOException {
    server.fail("GET", sha256(), new Fault.Flip());
    try (HubCheckpoint hub = whole("")) {
      requireEqualToOriginal(hub.path());
    }
    deleteWeights();
    server.fail("GET", sha256(), new Fault.Flip());
    server.fail("GET", sha256(), new Fault.Flip());
    assertFails("arrives damaged: its checksum is not the " + sha256(), "try again later");
    assertThat(cache.resolve("models--owner--tiny-1.0/blobs").resolve(sha256())).doesNotExist();
    server.fail("GET", bytesOf("tokenizer.json"), new Fault.Flip());
    server.fail("GET", bytesOf("tokenizer.json"), new Fault.Flip());
    Files.delete(snapshot().resolve("tokenizer.json").toRealPath());
    assertFails("tokenizer.json: arrives damaged");
  }

  @Test
  void aServerThatFallsSilentIsAskedAgain() throws IOException {
    server.fail("GET", sha256(), new Fault.Stall(2000));
    HubSettings impatient = settings(Optional.empty(), false, true, Duration.ofMillis(500));
    try (HubCheckpoint hub = open("", impatient)) {
      hub.complete();
      requireEqualToOriginal(hub.path());
    }
    assertThat(weightRanges()).hasSizeGreaterThan(1);
  }

  @Test
  void waitsAsLongAsTheServerAsks() throws IOException {
    server.fail("GET", "revision/main", status(429, "Retry-After", "7"));
    server.fail("HEAD", "config.json", status(503));
    server.fail("HEAD", "config.json", status(503));
    server.fail("GET", sha256(), status(429, "Retry-After", "Fri, 27 Nov 2020 22:58:34 GMT"));
    try (HubCheckpoint hub = whole("")) {
      requireEqualToOriginal(hub.path());
    }
    assertThat(pauses)
        .containsExactly(
            Duration.ofSeconds(7), Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ZERO);
  }

  @Test
  void givesUpInTheEnd() {
    for (int i = 0; i < 6; i++) {
      server.fail("GET", "revision/main", status(500));
    }
    assertFails("hf://owner/tiny-1.0: does not come: the server answers 500", "try again later");
    assertThat(pauses).extracting(Duration::toSeconds).containsExactly(1L, 2L, 4L, 8L, 16L);
    server.fail("GET", "revision/main", status(429, "Retry-After", "3600"));
    assertFails("asked for too often", "with HF_TOKEN set it allows more");
    HubSettings nobody =
        new HubSettings(
            URI.create("http://localhost:1"),
            cache,
            Optional.empty(),
            false,
            true,
            Duration.ofSeconds(10));
    assertFailsFor(
        "hf://" + REPOSITORY,
        nobody,
        "cannot be reached on http://localhost:1",
        "HF_ENDPOINT",
        "HF_HUB_OFFLINE=1");
  }

  @Test
  void takesBranchTagAndCommit() throws IOException {
    Path other = DenseModels.llama(folder.resolve("other"), 20, 2);
    String second = server.publish(REPOSITORY, "main", other);
    server.publish(REPOSITORY, "v1.0", original);
    server.publish(REPOSITORY, "refs/pr/1", original);
    for (String revision : List.of("@v1.0", "@refs/pr/1", "@" + commit)) {
      try (HubCheckpoint hub = whole(revision)) {
        assertThat(hub.path().getFileName()).hasToString(commit);
        requireEqualToOriginal(hub.path());
      }
    }
    try (HubCheckpoint hub = whole("")) {
      assertThat(hub.path().getFileName()).hasToString(second);
      requireEqual(hub.path(), other);
    }
    Path refs = cache.resolve("models--owner--tiny-1.0/refs");
    assertThat(refs.resolve("refs/pr/1")).hasContent(commit);
    assertThat(refs.resolve("main")).hasContent(second);
    assertThat(refs.resolve(commit)).doesNotExist();
    assertFailsAt("@nightly", "has no revision \"nightly\"", "a branch, a tag or a commit");
  }

  @Test
  void theTokenGoesToTheHubAlone() throws IOException {
    server.require(REPOSITORY, "secret");
    try (HubCheckpoint hub = open("", withToken("secret"))) {
      hub.complete();
      requireEqualToOriginal(hub.path());
    }
    assertThat(server.requests()).anyMatch(request -> !request.toHub());
    assertThat(server.requests())
        .allSatisfy(request ->
            assertThat(request.authorization())
                .isEqualTo(request.toHub() ? Optional.of("Bearer secret") : Optional.empty()));
  }

  @Test
  void saysWhoMayNotReadAModel() {
    assertFailsFor(
        "hf://owner/none", settings(), "does not exist, or is private or gated", "HF_TOKEN");
    assertFailsFor("hf://owner/none", withToken("x"), "is not on " + server.endpoint(), "its name");
    server.require(REPOSITORY, "secret");
    assertFailsFor(
        "hf://" + REPOSITORY, withToken("wrong"), "does not accept your token", "/settings/tokens");
    server.gate(REPOSITORY);
    assertFailsFor(
        "hf://" + REPOSITORY,
        settings(),
        "is gated, and no token is set",
        "accept its terms at " + server.endpoint() + "/" + REPOSITORY);
    assertFailsFor(
        "hf://" + REPOSITORY, withToken("secret"), "the account of your token has not been let in");
  }

  @Test
  void offlineTheCacheIsEnough() throws IOException {
    whole("").close();
    server.forgetRequests();
    HubSettings offline = settings(Optional.empty(), true, true, Duration.ofSeconds(10));
    for (String revision : List.of("", "@" + commit)) {
      try (HubCheckpoint hub = open(revision, offline)) {
        hub.fetchCompanions();
        hub.complete();
        requireEqualToOriginal(hub.path());
      }
    }
    deleteWeights();
    assertFailsOffline(offline, "", "has neither model.safetensors nor", "unset it");
    assertFailsOffline(offline, "@v2", "is not in the cache", "HF_HUB_OFFLINE is set");
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void noNameLeadsOutOfTheCache() throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    files.put("config.json", Files.readAllBytes(original.resolve("config.json")));
    files.put("../../tokenizer.json", bytes("{}"));
    files.put("/tmp/tokenizer.txt", bytes("{}"));
    files.put("..\\tokenizer.model", bytes("{}"));
    files.put(
        CheckpointDirectory.INDEX,
        bytes("{\"metadata\": {}, \"weight_map\": {\"a\": \"../../../x.safetensors\"}}"));
    server.publishFiles(REPOSITORY, "evil", files);
    assertFailsAt("@evil", "names a file outside the directory: \"../../../x.safetensors\"");
    files.put(MODEL, Files.readAllBytes(original.resolve(MODEL)));
    server.publishFiles(REPOSITORY, "evil", files);
    try (HubCheckpoint hub = whole("@evil")) {
      assertThat(names(hub.directory()))
          .containsExactlyInAnyOrder("config.json", CheckpointDirectory.INDEX, MODEL);
    }
  }

  @Test
  void withoutWeightsOrConfigItIsNoCheckpoint() {
    server.publishFiles(
        REPOSITORY, "torch", Map.of("config.json", bytes("{}"), "pytorch_model.bin", bytes("")));
    assertFailsAt("@torch", "has neither", "only safetensors weights are read");
    server.publishFiles(REPOSITORY, "empty", Map.of("README.md", bytes("")));
    assertFailsAt("@empty", "has no config.json");
    server.publishFiles(
        REPOSITORY,
        "partial",
        Map.of(
            "config.json",
            bytes("{}"),
            CheckpointDirectory.INDEX,
            bytes("{\"metadata\": {}, \"weight_map\": {\"a\": \"x.safetensors\"}}")));
    assertFailsAt("@partial", "x.safetensors: is not in the repository");
  }

  @Test
  void withoutLinksFilesLieInTheSnapshot() throws IOException {
    HubSettings noLinks = settings(Optional.empty(), false, false, Duration.ofSeconds(10));
    try (HubCheckpoint hub = open("", noLinks)) {
      hub.complete();
      assertThat(Files.isSymbolicLink(hub.directory().resolve(MODEL))).isFalse();
      requireEqualToOriginal(hub.path());
    }
    server.forgetRequests();
    open("", noLinks).close();
    assertThat(server.downloads()).isEmpty();
    // A blob that another snapshot may use is copied.
    whole("").close();
    Files.delete(snapshot().resolve(MODEL));
    whole("").close();
    Path blob = snapshot().resolve(MODEL).toRealPath();
    Files.delete(snapshot().resolve(MODEL));
    server.forgetRequests();
    try (HubCheckpoint hub = open("", noLinks)) {
      hub.complete();
      assertThat(blob).exists();
      assertThat(Files.isSymbolicLink(hub.directory().resolve(MODEL))).isFalse();
      requireEqualToOriginal(hub.path());
    }
    assertThat(weightRanges()).isEmpty();
  }

  @Test
  void twoAtOnceDownloadOnce() throws Exception {
    server.fail("GET", sha256(), new Fault.Drop(100));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> both = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        both.add(threads.submit(() -> whole("").close()));
      }
      for (Future<?> one : both) {
        one.get();
      }
    }
    requireEqualToOriginal(snapshot());
    assertThat(weightRanges()).hasSize(2);
  }

  @Test
  void aManifestIsHeldAgainstTheHubsChecksums() throws IOException {
    Path grown = TinyModels.glm4Moe().write(folder.resolve("grown"));
    server.publish(REPOSITORY, "grown", grown);
    try (HubCheckpoint hub = open("@grown");
        CheckpointDirectory there = CheckpointDirectory.open(hub)) {
      there.verifyChecksums();
      assertThat(hub.directory().resolve(MODEL)).doesNotExist();
    }
    Manifest wrong = Manifest.EMPTY.withChecksums(Map.of(MODEL, "0".repeat(64)));
    Files.write(grown.resolve(Manifest.FILE_NAME), Json.bytes(wrong));
    server.publish(REPOSITORY, "wrong", grown);
    try (HubCheckpoint hub = open("@wrong");
        CheckpointDirectory there = CheckpointDirectory.open(hub)) {
      assertThatThrownBy(there::verifyChecksums).hasMessageContaining("does not have the SHA-256");
    }
  }

  private HubSettings settings() {
    return settings(Optional.empty(), false, true, Duration.ofSeconds(10));
  }

  private HubSettings withToken(String token) {
    return settings(Optional.of(token), false, true, Duration.ofSeconds(10));
  }

  private HubSettings settings(
      Optional<String> token, boolean offline, boolean links, Duration patience) {
    return new HubSettings(URI.create(server.endpoint()), cache, token, offline, links, patience);
  }

  private HubCheckpoint open(String revision) {
    return open(revision, settings());
  }

  private HubCheckpoint open(String revision, HubSettings settings) {
    return HubCheckpoint.open(
        HubReference.parse("hf://" + REPOSITORY + revision),
        settings,
        HubListener.NONE,
        pauses::add);
  }

  private HubCheckpoint whole(String revision) {
    HubCheckpoint hub = open(revision);
    try {
      hub.fetchCompanions();
      hub.complete();
      return hub;
    } catch (RuntimeException e) {
      hub.close();
      throw e;
    }
  }

  private void assertFails(String... words) {
    assertFailsAt("", words);
  }

  private void assertFailsAt(String revision, String... words) {
    assertThatThrownBy(() -> whole(revision))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContainingAll(words);
  }

  private void assertFailsFor(String reference, HubSettings settings, String... words) {
    assertThatThrownBy(() ->
            HubCheckpoint.open(
                HubReference.parse(reference), settings, HubListener.NONE, pauses::add))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContainingAll(words);
  }

  private void assertFailsOffline(HubSettings offline, String revision, String... words) {
    assertThatThrownBy(() -> open(revision, offline))
        .isInstanceOf(UsageException.class)
        .hasMessageContainingAll(words);
  }

  private static Fault status(int status, String... header) {
    return new Fault.Status(status, header.length == 0 ? Map.of() : Map.of(header[0], header[1]));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private Path snapshot() {
    return cache.resolve("models--owner--tiny-1.0/snapshots").resolve(commit);
  }

  /** The end of the address of a small file's bytes, to which another sends. */
  private String bytesOf(String name) {
    return REPOSITORY + "/" + commit + "/" + name;
  }

  private String sha256() {
    return Checksums.sha256(original.resolve(MODEL));
  }

  /** The beginning of the weights, as a process that was killed leaves it. */
  private void leave(int bytes, byte damage) throws IOException {
    byte[] left = Arrays.copyOf(Files.readAllBytes(original.resolve(MODEL)), bytes);
    left[bytes / 2] += damage;
    Path blobs = Files.createDirectories(cache.resolve("models--owner--tiny-1.0/blobs"));
    Files.write(blobs.resolve(sha256() + ".incomplete"), left);
  }

  private void deleteWeights() throws IOException {
    Path weights = snapshot().resolve(MODEL);
    Files.delete(weights.toRealPath());
    Files.delete(weights);
  }

  private List<String> weightRanges() {
    return server.downloads().stream()
        .filter(request -> !request.toHub())
        .map(Request::range)
        .toList();
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).toList();
    }
  }

  private static Set<String> tensors(CheckpointDirectory checkpoint, String file) {
    return Objects.requireNonNull(checkpoint.files().get(file)).tensors().keySet();
  }

  private void requireEqualToOriginal(Path directory) {
    requireEqual(directory, original);
  }

  private static void requireEqual(Path directory, Path original) {
    try (CheckpointDirectory there = CheckpointDirectory.open(directory);
        CheckpointDirectory here = CheckpointDirectory.open(original)) {
      assertThat(there.files().keySet()).isEqualTo(here.files().keySet());
      for (String name : here.files().keySet()) {
        assertThat(directory.resolve(name)).hasSameBinaryContentAs(original.resolve(name));
      }
    }
  }

  private static void renameShards(Path directory) {
    try {
      Path index = directory.resolve(CheckpointDirectory.INDEX);
      String text = Files.readString(index);
      for (String name : names(directory)) {
        if (name.endsWith(".safetensors")) {
          String other = "part " + name.replace("model-", "").replace("-of-", " of ");
          Files.move(directory.resolve(name), directory.resolve(other));
          text = text.replace(name, other);
        }
      }
      Files.writeString(index, text);
      Files.delete(directory.resolve(Manifest.FILE_NAME));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
