package io.cambium.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** A file that is read in any order. */
public interface RandomAccessBytes {

  /** The file behind a channel. */
  static RandomAccessBytes of(FileChannel channel) {
    return new RandomAccessBytes() {
      @Override
      public long size() throws IOException {
        return channel.size();
      }

      @Override
      public void read(long position, MemorySegment target) throws IOException {
        ByteBuffer buffer = target.asByteBuffer();
        while (buffer.hasRemaining()) {
          if (channel.read(buffer, position + buffer.position()) < 0) {
            throw new IOException("the file became shorter while it was read");
          }
        }
      }
    };
  }

  /** Bytes in all. */
  long size() throws IOException;

  /** Fills the target with what begins at a position. */
  void read(long position, MemorySegment target) throws IOException;
}
