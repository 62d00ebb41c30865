package io.cambium.training.data.corpus;

import io.cambium.checkpoint.CambiumException;
import io.cambium.checkpoint.UsageException;
import io.cambium.training.data.BpeTrainer;
import io.cambium.training.data.TokenizerFile;
import io.cambium.training.data.TokenizerFiles;
import java.nio.file.Path;

/** The tokenizer of a corpus: one that exists, or one that is trained on its text. */
public sealed interface Vocabulary {

  /**
   * @param tokenizer a {@code tokenizer.json}; the {@code tokenizer_config.json} beside it, if any,
   *     goes along
   */
  record Existing(Path tokenizer) implements Vocabulary {

    /**
     * @throws CambiumException if there is no such tokenizer, or none that ends documents
     */
    public Existing {
      TokenizerFile.read(tokenizer).requireEndOfText();
    }

    /** Copies the tokenizer's files; gives the {@code tokenizer.json} to load. */
    Path copyTo(Path directory) {
      TokenizerFiles.copy(tokenizer, directory);
      return tokenizer;
    }
  }

  /**
   * Byte-level BPE, trained on the same number of bytes of every domain's train split.
   *
   * @param size tokens in all
   * @param keepText whether the documents it was trained on are kept in the corpus directory
   */
  record Trained(int size, boolean keepText) implements Vocabulary {

    /** Bytes of each domain that the tokenizer sees, or all there are. */
    static final long BYTES_PER_DOMAIN = 2_000_000;

    /**
     * @throws UsageException if there are too few tokens for a byte-level tokenizer
     */
    public Trained {
      BpeTrainer.requireEnough(size);
    }
  }
}
