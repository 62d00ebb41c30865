package io.cambium.upcycle;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.UsageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
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
  private final FileChannel channel;
  private final SortedMap<Integer, Done> done = new TreeMap<>();
  private List<Done> pending = new ArrayList<>();
  private long lastFlush = System.nanoTime();

  private Journal(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Opens the journal of a directory, or begins one.
   *
   * @throws UsageException if it is that of another conversion, or another process holds it
   */
  static Journal open(Path directory, Fingerprint conversion) {
    Path file = directory.resolve(FILE);
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      Journal journal = new Journal(file, channel);
      try {
        journal.lock();
        journal.read(conversion);
        return journal;
      } catch (RuntimeException | IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }

  /** Held until the channel is closed, by the process's end at the latest. */
  private void lock() throws IOException {
    FileLock lock = channel.tryLock();
    if (lock == null) {
      throw new UsageException(
          file, "is being written by another process", "wait for it, or end it first");
    }
  }

  private void read(Fingerprint conversion) throws IOException {
    String text = Files.readString(file);
    String whole = text.substring(0, text.lastIndexOf('\n') + 1);
    channel.truncate(whole.getBytes(StandardCharsets.UTF_8).length);
    channel.position(channel.size());
    List<String> lines = whole.lines().toList();
    if (lines.isEmpty()) {
      write(line(conversion));
      return;
    }
    conversion.requireSame(parse(lines.getFirst(), Fingerprint.class), file);
    lines
        .subList(1, lines.size())
        .forEach(line -> {
          Done unit = parse(line, Done.class);
          done.put(unit.unit(), unit);
        });
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
    StringBuilder lines = new StringBuilder();
    flushed.forEach(unit -> lines.append(line(unit)));
    synchronized (this) {
      try {
        write(lines.toString());
      } catch (IOException e) {
        throw CheckpointException.unwritable(file, e);
      }
      flushed.forEach(unit -> done.put(unit.unit(), unit));
    }
  }

  private static String line(Object value) {
    return LINE.writeValueAsString(value) + "\n";
  }

  private void write(String lines) throws IOException {
    ByteBuffer bytes = StandardCharsets.UTF_8.encode(lines);
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
    channel.force(true);
  }

  /** Ends the journal: there is nothing to go on with any more. */
  void delete() {
    try {
      channel.close();
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw CheckpointException.unwritable(file, e);
    }
  }
}
