package io.cambium.checkpoint;

/**
 * A tensor inside a safetensors file.
 *
 * @param begin first byte, counted from the start of the file's data
 * @param end one past the last byte
 */
public record TensorEntry(TensorSpec spec, long begin, long end) {

  /** Length of the data. */
  public long bytes() {
    return end - begin;
  }
}
