package io.cambium.checkpoint;

/**
 * Threefry4x32-13 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): 128 bits
 * as a function of a key and a counter. It adds, rotates and xors 32-bit words, nothing else, so
 * that compilers make vector instructions of many counters side by side; Philox, of the same paper,
 * multiplies, and took ten times as long here. The paper needs 12 rounds to pass BigCrush; its
 * library, Random123, publishes answers for 13 and for a cautious 20.
 *
 * @param key0 the first of four words
 */
record Threefry(int key0, int key1, int key2, int key3) {

  private static final int PARITY = 0x1BD11BDA;

  /**
   * One block.
   *
   * @return four words
   */
  int[] block(long counterLow, long counterHigh) {
    int[][] words = {
      {(int) counterLow},
      {(int) (counterLow >>> 32)},
      {(int) counterHigh},
      {(int) (counterHigh >>> 32)}
    };
    encrypt(words[0], words[1], words[2], words[3]);
    return new int[] {words[0][0], words[1][0], words[2][0], words[3][0]};
  }

  /**
   * Replaces counters, given word by word, with their blocks. The arrays are equally long.
   *
   * <p>All rounds are one loop without a branch: four at a time, with loads and stores between
   * them, took half as long again.
   */
  void encrypt(int[] x0, int[] x1, int[] x2, int[] x3) {
    int key4 = PARITY ^ key0 ^ key1 ^ key2 ^ key3;
    for (int i = 0; i < x0.length; i++) {
      int p = x0[i] + key0;
      int q = x1[i] + key1;
      int r = x2[i] + key2;
      int s = x3[i] + key3;
      p += q;
      q = Integer.rotateLeft(q, 10) ^ p;
      r += s;
      s = Integer.rotateLeft(s, 26) ^ r;
      p += s;
      s = Integer.rotateLeft(s, 11) ^ p;
      r += q;
      q = Integer.rotateLeft(q, 21) ^ r;
      p += q;
      q = Integer.rotateLeft(q, 13) ^ p;
      r += s;
      s = Integer.rotateLeft(s, 27) ^ r;
      p += s;
      s = Integer.rotateLeft(s, 23) ^ p;
      r += q;
      q = Integer.rotateLeft(q, 5) ^ r;

      p += key1;
      q += key2;
      r += key3;
      s += key4 + 1;

      p += q;
      q = Integer.rotateLeft(q, 6) ^ p;
      r += s;
      s = Integer.rotateLeft(s, 20) ^ r;
      p += s;
      s = Integer.rotateLeft(s, 17) ^ p;
      r += q;
      q = Integer.rotateLeft(q, 11) ^ r;
      p += q;
      q = Integer.rotateLeft(q, 25) ^ p;
      r += s;
      s = Integer.rotateLeft(s, 10) ^ r;
      p += s;
      s = Integer.rotateLeft(s, 18) ^ p;
      r += q;
      q = Integer.rotateLeft(q, 20) ^ r;

      p += key2;
      q += key3;
      r += key4;
      s += key0 + 2;

      p += q;
      q = Integer.rotateLeft(q, 10) ^ p;
      r += s;
      s = Integer.rotateLeft(s, 26) ^ r;
      p += s;
      s = Integer.rotateLeft(s, 11) ^ p;
      r += q;
      q = Integer.rotateLeft(q, 21) ^ r;
      p += q;
      q = Integer.rotateLeft(q, 13) ^ p;
      r += s;
      s = Integer.rotateLeft(s, 27) ^ r;
      p += s;
      s = Integer.rotateLeft(s, 23) ^ p;
      r += q;
      q = Integer.rotateLeft(q, 5) ^ r;

      p += key3;
      q += key4;
      r += key0;
      s += key1 + 3;

      p += q;
      q = Integer.rotateLeft(q, 6) ^ p;
      r += s;
      s = Integer.rotateLeft(s, 20) ^ r;
      x0[i] = p;
      x1[i] = q;
      x2[i] = r;
      x3[i] = s;
    }
  }
}
