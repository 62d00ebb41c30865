package io.cambium.checkpoint.hub;

import io.cambium.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.function.LongConsumer;

/**
 * Brings a file's bytes, from where an earlier attempt ended. They have their name when they are
 * complete, checked and on the disk.
 */
final class BlobDownload {

  /** Opens the file at a position, or at its beginning. */
  interface Remote {
    HubClient.Body from(long position) throws IOException;
  }

  private interface DiskWork {
    void run() throws IOException;
  }

  private static final int BUFFER_BYTES = 1 << 17;

  /** The first may have gone on with damaged bytes of an earlier process. */
  private static final int ATTEMPTS = 2;

  private final HubFile file;
  private final Path incomplete;
  private final Remote remote;
  private final Retries retries;
  private final Duration patience;
  private final LongConsumer arrived;
  private final BlobDigest digest;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private long position;

  /**
   * @param arrived told how many bytes came, those found of an earlier attempt too; negative where
   *     they have to come again
   */
  BlobDownload(
      HubFile file,
      Path incomplete,
      Remote remote,
      Retries retries,
      Duration patience,
      LongConsumer arrived) {
    this.file = file;
    this.incomplete = incomplete;
    this.remote = remote;
    this.retries = retries;
    this.patience = patience;
    this.arrived = arrived;
    this.digest = BlobDigest.of(file);
  }

  /**
   * Brings the rest.
   *
   * @throws IOException if the server does not give it; what has arrived stays
   * @throws CheckpointException if the disk does not take it, or it is not what the server promised
   */
  void to(Path blob) throws IOException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (isBroughtWhole()) {
        Files.move(incomplete, blob, StandardCopyOption.ATOMIC_MOVE);
        return;
      }
      Files.delete(incomplete);
      arrived.accept(-file.size());
    }
    throw new CheckpointException(
        file.name(),
        "arrives damaged: its checksum is not the " + file.etag() + " that the Hub names",
        "try again later; a proxy or mirror on the way may hold a damaged copy");
  }

  private boolean isBroughtWhole() throws IOException {
    try (FileChannel out =
        FileChannel.open(
            incomplete,
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      onDisk(() -> takeUp(out));
      while (position < file.size()) {
        try {
          receive(out);
        } catch (IOException e) {
          retries.failed(e);
        }
      }
      onDisk(() -> out.force(true));
      return digest.matches();
    }
  }

  /** Goes on behind what an earlier attempt left. */
  private void takeUp(FileChannel out) throws IOException {
    digest.restart();
    position = 0;
    if (out.size() > file.size()) {
      out.truncate(0);
    }
    while (position < out.size()) {
      int count = out.read(ByteBuffer.wrap(buffer), position);
      if (count < 0) {
        throw new IOException("the file became shorter while it was read");
      }
      advance(count);
    }
  }

  private void receive(FileChannel out) throws IOException {
    try (HubClient.Body body = remote.from(position);
        StallGuard guard = new StallGuard(body.stream(), patience)) {
      if (body.position() != position) {
        arrived.accept(-position);
        digest.restart();
        position = 0;
        onDisk(() -> out.truncate(0));
      }
      while (position < file.size()) {
        int most = Math.toIntExact(Math.min(buffer.length, file.size() - position));
        int count = guard.read(buffer, most);
        if (count < 0) {
          throw new IOException("the connection ended early");
        }
        write(out, count);
        advance(count);
        retries.succeeded();
      }
    }
  }

  private void advance(int count) {
    digest.update(buffer, count);
    position += count;
    arrived.accept(count);
  }

  private void write(FileChannel out, int count) {
    onDisk(() -> {
      for (ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count); bytes.hasRemaining(); ) {
        out.write(bytes, position + bytes.position());
      }
    });
  }

  /** A disk that is full does not get better by asking the server again. */
  private void onDisk(DiskWork work) {
    try {
      work.run();
    } catch (IOException e) {
      throw CheckpointException.unwritable(incomplete, e);
    }
  }
}
