package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ProcessLock;
import io.cambium.checkpoint.UsageException;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.SerializationFeature;

/**
 * What of a conversion is on the disk: a line of JSON that says which conversion it is, then one
 * for each unit of the plan that was written and flushed. A pulled plug thus loses seconds of work,
 * and never leaves a line about bytes that are not there. A last line without an end is no line.
 */
final class Journal implements AutoCloseable {

  static final String FILE = "conversion.jsonl";

  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final ObjectWriter LINE =
      Json.MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT);

  /**
   * Bytes of a tensor that were written in one go.
   *
   * @param offset of the first, from the start of the tensor on disk
   * @param crc32c CRC-32C of what was handed to the system
   */
  record Written(String tensor, long offset, long bytes, int crc32c) {}

  /**
   * A unit that is done.
   *
   * @param unit its number in the plan
   * @param distances what was measured of it, by kind of matrix
   */
  record Done(int unit, List<Written> written, SortedMap<String, CopyDistances.Sums> distances) {}

  private final Path file;
  private final ProcessLock lock;
  private final FileChannel channel;
  private final SortedMap<Integer, Done> done = new TreeMap<>();
  private List<Done> pending = new ArrayList<>();
  private String first = "";
  private long lastFlush = System.nanoTime();

  private Journal(Path file, ProcessLock lock) {
    this.file = file;
    this.lock = lock;
    this.channel = lock.channel();
  }

  /**
   * Takes hold of a directory: nobody else may write into it until the journal is closed.
   *
   * @throws UsageException if another process holds it
   */
  static Journal open(Path directory) {
    Path file = directory.resolve(FILE);
    Optional<ProcessLock> lock = ProcessLock.tryAcquire(file);
    // Whoever held it until now may have finished, and the directory have its name.
    if (lock.isEmpty() || Files.notExists(file)) {
      lock.ifPresent(ProcessLock::close);
      throw new UsageException(
          directory,
          "is being written by another process",
          "wait for it, or end it first; then --resume goes on with what it leaves");
    }
    return new Journal(file, lock.get());
  }

  /** Whether it says of a conversion that was begun. */
  boolean isBegun() {
    try {
      return channel.size() > 0;
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }

  /** Forgets all that it says. */
  void erase() {
    try {
      channel.truncate(0);
      channel.force(true);
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }

  /**
   * Says which conversion it is, or reads what of it is done.
   *
   * @throws UsageException if it is that of another conversion
   */
  void begin(Fingerprint conversion) {
    first = line(conversion);
    List<String> lines = wholeLines();
    if (lines.isEmpty()) {
      append(first);
      return;
    }
    Fingerprint.requireWriter(parse(lines.getFirst(), JsonNode.class), file);
    conversion.requireSame(parse(lines.getFirst(), Fingerprint.class), file);
    lines
        .subList(1, lines.size())
        .forEach(line -> {
          Done unit = parse(line, Done.class);
          done.put(unit.unit(), unit);
        });
  }

  /** All but a last one without an end, which is cut off. */
  private List<String> wholeLines() {
    try {
      byte[] bytes = Channels.newInputStream(channel.position(0)).readAllBytes();
      String text = new String(bytes, StandardCharsets.UTF_8);
      String whole = text.substring(0, text.lastIndexOf('\n') + 1);
      channel.truncate(whole.getBytes(StandardCharsets.UTF_8).length);
      channel.position(channel.size());
      return whole.lines().toList();
    } catch (IOException e) {
      throw CheckpointException.unreadable(file, e);
    }
  }

  /** Forgets units, of which the disk has not what the journal says. */
  synchronized void forget(Set<Integer> units) {
    done.keySet().removeAll(units);
    erase();
    // If this ends half-way, there is more to be done again, and no line too many.
    append(first + lines(done.values()));
  }

  private <T> T parse(String line, Class<T> type) {
    try {
      return Json.MAPPER.readValue(line, type);
    } catch (JacksonException e) {
      throw new CheckpointException(
          file, "is damaged: " + e.getOriginalMessage(), "delete the directory and begin anew", e);
    }
  }

  /** Every unit that is done, by number. */
  synchronized SortedMap<Integer, Done> done() {
    return Collections.unmodifiableSortedMap(new TreeMap<>(done));
  }

  /**
   * Takes note of a unit, from any thread.
   *
   * @return whether it is time to flush
   */
  synchronized boolean add(Done unit) {
    pending.add(unit);
    boolean due = System.nanoTime() - lastFlush >= INTERVAL_NANOS;
    lastFlush = due ? System.nanoTime() : lastFlush;
    return due;
  }

  /**
   * Flushes the data, then the lines that speak of it.
   *
   * @param flushData flushes what was written before
   */
  void flush(Runnable flushData) {
    List<Done> flushed;
    synchronized (this) {
      flushed = pending;
      pending = new ArrayList<>();
    }
    flushData.run();
    synchronized (this) {
      // A process that is asked to end flushes while another thread may be closing everything.
      if (channel.isOpen()) {
        append(lines(flushed));
        flushed.forEach(unit -> done.put(unit.unit(), unit));
      }
    }
  }

  private static String lines(Collection<Done> units) {
    return units.stream().map(Journal::line).collect(Collectors.joining());
  }

  private static String line(Object value) {
    return LINE.writeValueAsString(value) + "\n";
  }

  private void append(String lines) {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(lines);
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }

  /**
   * For the moment when the directory gets its name. The journal stays in it until it has: nobody
   * could go on with what is finished but for that. Windows renames no directory in which a file is
   * open; elsewhere the lock is kept.
   */
  void prepareRename() {
    if (File.separatorChar == '\\') {
      close();
    }
  }

  /**
   * Ends the journal: there is nothing to go on with any more.
   *
   * @param directory that it is in by now
   */
  void delete(Path directory) {
    close();
    Path deleted = directory.resolve(FILE);
    try {
      Files.deleteIfExists(deleted);
    } catch (IOException e) {
      throw CheckpointException.unwritable(deleted, e);
    }
  }

  @Override
  public synchronized void close() {
    lock.close();
  }
}
