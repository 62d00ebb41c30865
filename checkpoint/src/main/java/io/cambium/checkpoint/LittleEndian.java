package io.cambium.checkpoint;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Elements as safetensors stores them, whatever the byte order of the machine. */
public final class LittleEndian {

  public static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}
}
