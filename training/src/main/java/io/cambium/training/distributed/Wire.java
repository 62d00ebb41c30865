package io.cambium.training.distributed;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A connection between two ranks that carries short messages, and a sign of life now and then. */
final class Wire implements AutoCloseable {

  /** What a message says. */
  enum Kind {
    /** I am there and at work, for so many milliseconds. */
    WORKING,
    /** I am there and wait for others in an exchange, for so many milliseconds. */
    WAITING,
    /** A rank introduces itself: see {@link Introduction}. */
    HERE,
    /** All ranks have come. */
    COMPLETE,
    /** I am done. */
    DONE,
    /** I cannot go on, or from rank 0: a rank cannot; and why. */
    FAILED,
    /** A rank is no longer there, and how that was noticed. */
    LOST,
    /** A rank does not come to an exchange, and for how long others waited. */
    LATE,
    /** The same, to that rank: the others go on without it. */
    GIVEN_UP;

    /** Whether it is a sign of life and no more. */
    boolean isSign() {
      return this == WORKING || this == WAITING;
    }
  }

  /**
   * One message.
   *
   * @param text empty where the kind says it all
   */
  record Message(Kind kind, String text) {

    static Message of(Kind kind) {
      return new Message(kind, "");
    }

    /** The same failure, told to others. */
    Message by(String rank) {
      return new Message(kind, rank + " failed: " + text);
    }
  }

  /** {@link DataOutputStream#writeUTF} takes 65,535 bytes, of which a character needs up to 3. */
  private static final int LONGEST = 20_000;

  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;
  private volatile Pulse.@Nullable State pulse;

  /**
   * @param silence after which {@link #read} gives up
   */
  Wire(Socket socket, Duration silence) throws IOException {
    this.socket = socket;
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(Math.toIntExact(silence.toMillis()));
    this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    this.out = new DataOutputStream(socket.getOutputStream());
  }

  /** What the other end was at when it last gave a sign of life; null before the first. */
  Pulse.@Nullable State pulse() {
    return pulse;
  }

  /**
   * The next message that is more than a sign of life.
   *
   * @throws java.net.SocketTimeoutException if there was none of either for too long
   * @throws java.io.EOFException if the other end is gone
   */
  Message read() throws IOException {
    while (true) {
      Message message = readAny();
      if (!message.kind().isSign()) {
        return message;
      }
      pulse = Pulse.State.of(message);
    }
  }

  private Message readAny() throws IOException {
    int kind = in.readUnsignedByte();
    if (kind >= Kind.values().length) {
      throw new IOException("a message that no rank sends");
    }
    return new Message(Kind.values()[kind], in.readUTF());
  }

  synchronized void write(Message message) throws IOException {
    out.writeByte(message.kind().ordinal());
    out.writeUTF(message.text().substring(0, Math.min(message.text().length(), LONGEST)));
    out.flush();
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // Nothing was to be said any more.
    }
  }
}
