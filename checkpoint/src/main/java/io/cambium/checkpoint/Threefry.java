package io.cambium.checkpoint;

/**
 * Threefry4x32-20 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): 128 bits
 * as a function of a key and a counter. It adds, rotates and xors 32-bit words, nothing else, so
 * that compilers make vector instructions of many counters side by side; Philox, of the same paper,
 * multiplies, and took six times as long here.
 *
 * @param key0 the first of four words
 */
record Threefry(int key0, int key1, int key2, int key3) {

  /** Of the key, after every four rounds. */
  private static final int ADDITIONS = 5;

  private static final int PARITY = 0x1BD11BDA;

  /** Of the first pair and of the second in each of four rounds, which take turns. */
  private static final int[][] ROTATIONS = {
    {10, 26, 11, 21, 13, 27, 23, 5}, {6, 20, 17, 11, 25, 10, 18, 20}
  };

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

  /** Replaces counters, given word by word, with their blocks. The arrays are equally long. */
  void encrypt(int[] x0, int[] x1, int[] x2, int[] x3) {
    int[] key = {key0, key1, key2, key3, PARITY ^ key0 ^ key1 ^ key2 ^ key3};
    for (int i = 0; i < x0.length; i++) {
      x0[i] += key0;
      x1[i] += key1;
      x2[i] += key2;
      x3[i] += key3;
    }
    for (int addition = 1; addition <= ADDITIONS; addition++) {
      fourRounds(x0, x1, x2, x3, key, addition);
    }
  }

  /** Four rounds and the key, as loads and stores cost as much as the arithmetic of one round. */
  private static void fourRounds(int[] x0, int[] x1, int[] x2, int[] x3, int[] key, int addition) {
    int[] rotations = ROTATIONS[(addition - 1) % ROTATIONS.length];
    int a0 = rotations[0];
    int a1 = rotations[1];
    int b0 = rotations[2];
    int b1 = rotations[3];
    int c0 = rotations[4];
    int c1 = rotations[5];
    int d0 = rotations[6];
    int d1 = rotations[7];
    int k0 = key[addition % key.length];
    int k1 = key[(addition + 1) % key.length];
    int k2 = key[(addition + 2) % key.length];
    int k3 = key[(addition + 3) % key.length] + addition;
    for (int i = 0; i < x0.length; i++) {
      int p = x0[i];
      int q = x1[i];
      int r = x2[i];
      int s = x3[i];
      p += q;
      q = Integer.rotateLeft(q, a0) ^ p;
      r += s;
      s = Integer.rotateLeft(s, a1) ^ r;
      p += s;
      s = Integer.rotateLeft(s, b0) ^ p;
      r += q;
      q = Integer.rotateLeft(q, b1) ^ r;
      p += q;
      q = Integer.rotateLeft(q, c0) ^ p;
      r += s;
      s = Integer.rotateLeft(s, c1) ^ r;
      p += s;
      s = Integer.rotateLeft(s, d0) ^ p;
      r += q;
      q = Integer.rotateLeft(q, d1) ^ r;
      x0[i] = p + k0;
      x1[i] = q + k1;
      x2[i] = r + k2;
      x3[i] = s + k3;
    }
  }
}
