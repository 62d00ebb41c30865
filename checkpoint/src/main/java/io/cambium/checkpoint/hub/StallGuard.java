package io.cambium.checkpoint.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Closes a stream on which nothing comes for too long, so that whoever reads it gets an error. */
final class StallGuard implements AutoCloseable {

  private static final int BUFFER_BYTES = 1 << 17;

  private final InputStream stream;
  private final Thread thread;
  private final AtomicLong reads = new AtomicLong();

  StallGuard(InputStream stream, Duration patience) {
    this.stream = stream;
    this.thread = Thread.ofVirtual().start(() -> watch(patience));
  }

  /** Reads as the stream does. */
  int read(byte[] buffer, int most) throws IOException {
    int count = stream.read(buffer, 0, most);
    reads.incrementAndGet();
    return count;
  }

  /** Fills what is left of a buffer; if it fails, what has come stays. */
  void fill(ByteBuffer buffer) throws IOException {
    byte[] bytes = new byte[Math.min(BUFFER_BYTES, buffer.remaining())];
    while (buffer.hasRemaining()) {
      int count = read(bytes, Math.min(bytes.length, buffer.remaining()));
      if (count < 0) {
        throw new IOException("the connection ended early");
      }
      buffer.put(bytes, 0, count);
    }
  }

  private void watch(Duration patience) {
    try {
      for (long seen = -1; seen != reads.get(); ) {
        seen = reads.get();
        Thread.sleep(patience);
      }
      stream.close();
    } catch (InterruptedException | IOException e) {
      // Closed by its reader, or already broken: there is nothing to guard any more.
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
