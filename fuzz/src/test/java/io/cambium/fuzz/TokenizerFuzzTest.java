package io.cambium.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.cambium.training.data.TokenizerFile;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** tokenizer.json, as far as it is read without running it. */
class TokenizerFuzzTest {

  static final EditedJson TOKENIZERS =
      EditedJson.ofTexts(
          """
          {"version": "1.0", "truncation": null, "padding": null,
           "added_tokens": [{"id": 0, "content": "<|endoftext|>", "single_word": false,
             "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
           "normalizer": {"type": "NFC"},
           "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
             "trim_offsets": true, "use_regex": true},
           "post_processor": null,
           "decoder": {"type": "ByteLevel", "add_prefix_space": false,
             "trim_offsets": true, "use_regex": true},
           "model": {"type": "BPE", "dropout": null, "unk_token": null,
             "continuing_subword_prefix": null, "end_of_word_suffix": null,
             "fuse_unk": false, "byte_fallback": false,
             "vocab": {"<|endoftext|>": 0, "a": 1, "b": 2, "ab": 3},
             "merges": [["a", "b"]]}}\
          """,
          """
          {"version": "1.0", "truncation": {"direction": "Right", "max_length": 8,
             "strategy": "LongestFirst", "stride": 0}, "padding": null,
           "added_tokens": [{"id": 2, "content": "</s>", "single_word": false,
             "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
           "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "_"},
           "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\\\s+"},
             "behavior": "Isolated", "invert": false},
           "post_processor": null, "decoder": null,
           "model": {"type": "Unigram", "unk_id": 0,
             "vocab": [["<unk>", 0.0], ["_", -1.5], ["a", -2.0]], "byte_fallback": false}}\
          """);

  private static final Path FILE = Scratch.directory("tokenizer").resolve(TokenizerFile.NAME);

  static Stream<Arguments> seeds() {
    return TOKENIZERS.seeds();
  }

  @MethodSource("seeds")
  @FuzzTest
  void readsOrRefuses(byte[] input) {
    Scratch.write(FILE, TOKENIZERS.of(input));
    Limits.hold(input, () -> TokenizerFile.read(FILE));
  }
}
