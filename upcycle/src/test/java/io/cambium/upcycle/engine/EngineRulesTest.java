package io.cambium.upcycle.engine;

import static io.cambium.upcycle.engine.Engine.LLAMA_CPP;
import static io.cambium.upcycle.engine.Engine.TRANSFORMERS_4;
import static io.cambium.upcycle.engine.Engine.TRANSFORMERS_5;
import static io.cambium.upcycle.engine.Engine.VLLM;
import static io.cambium.upcycle.engine.Verdict.Word.NOT_VERIFIED;
import static io.cambium.upcycle.engine.Verdict.Word.REFUSED;
import static io.cambium.upcycle.engine.Verdict.Word.RUNS;
import static io.cambium.upcycle.engine.Verdict.Word.WARNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.DType;
import io.cambium.checkpoint.Manifest.Selection;
import io.cambium.checkpoint.UsageException;
import io.cambium.upcycle.engine.Verdict.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A row for each thing that was seen when engines ran checkpoints, right or wrong. */
class EngineRulesTest {

  /**
   * What an engine makes of a checkpoint.
   *
   * @param because a part of the reason
   */
  record Row(Engine engine, String what, Example example, Word word, String because) {
    @Override
    public String toString() {
      return engine + ", " + what + ": " + word;
    }
  }

  private static Row runs(Engine engine, String what, Example example) {
    return new Row(engine, what, example, RUNS, "");
  }

  private static Example dots1() {
    return Example.of("dots1").put("num_key_value_heads", 4);
  }

  private static Example deepSeek() {
    return Example.of("deepseek_v3").put("n_group", 1).put("topk_group", 1);
  }

  private static Example everySecond(String golden) {
    return Example.of(golden).put("decoder_sparse_step", 2);
  }

  static List<Row> llamaCpp() {
    return List.of(
        runs(LLAMA_CPP, "mixtral", Example.of("mixtral")),
        runs(LLAMA_CPP, "mixtral, tied", Example.of("mixtral").put("tie_word_embeddings", true)),
        runs(LLAMA_CPP, "mixtral, head_dim", Example.of("mixtral").put("head_dim", 16)),
        runs(LLAMA_CPP, "mixtral, llama3 rope", Example.of("mixtral").llama3()),
        runs(LLAMA_CPP, "mixtral, one expert", Example.of("mixtral").put("num_experts_per_tok", 1)),
        runs(LLAMA_CPP, "glm4_moe", Example.of("glm4_moe")),
        runs(LLAMA_CPP, "glm4_moe, biased", Example.of("glm4_moe").put("attention_bias", true)),
        runs(LLAMA_CPP, "glm4_moe, tied", Example.of("glm4_moe").put("tie_word_embeddings", true)),
        runs(LLAMA_CPP, "granitemoe, biased", Example.of("granitemoe").put("attention_bias", true)),
        runs(LLAMA_CPP, "deepseek_v2, greedy", Example.of("deepseek_v2")),
        runs(LLAMA_CPP, "llama4_text", Example.of("llama4_text")),
        runs(LLAMA_CPP, "gpt_oss, plain rope", plainRope("gpt_oss")),
        runs(LLAMA_CPP, "ernie4_5_moe", Example.of("ernie4_5_moe")),
        runs(LLAMA_CPP, "qwen3_moe, normalised", normalised("qwen3_moe", true)),
        runs(LLAMA_CPP, "qwen2_moe, not normalised", normalised("qwen2_moe", false)),
        runs(LLAMA_CPP, "olmoe, not normalised", olmoe(4)),
        runs(LLAMA_CPP, "dots1", dots1()),
        runs(LLAMA_CPP, "deepseek_v3, one group", deepSeek()),
        runs(LLAMA_CPP, "minimax_m2", Example.of("minimax_m2")),
        refused("dots1, no scoring_func", without("scoring_func", dots1()), "softmax"),
        refused("deepseek_v3, no scoring_func", without("scoring_func", deepSeek()), "softmax"),
        refused("minimax_m2, no scoring_func", Example.asSaved("minimax_m2"), "softmax"),
        refused("qwen2_moe, normalised", normalised("qwen2_moe", true), "never normalises"),
        warned("qwen3_moe, not normalised", normalised("qwen3_moe", false), "always normalises"),
        warned("olmoe, normalised", olmoe(4).put("norm_topk_prob", true), "never normalises"),
        warned("mixtral, window", Example.of("mixtral").put("sliding_window", 77), "77 tokens"),
        refused("qwen2_moe, dense layers", everySecond("qwen2_moe"), "dense layers"),
        refused("qwen3_moe, dense layers", everySecond("qwen3_moe"), "dense layers"),
        refused(
            "ernie4_5_moe, interval 2",
            Example.of("ernie4_5_moe").put("moe_layer_interval", 2),
            "none behind"),
        refused(
            "ernie4_5_moe, a wider shared expert",
            Example.of("ernie4_5_moe").put("moe_num_shared_experts", 3),
            "width of the shared expert"),
        refused(
            "qwen2_moe, shared size 0",
            normalised("qwen2_moe", false).put("shared_expert_intermediate_size", 0),
            "width 0"),
        refused(
            "glm4_moe, no shared expert",
            Example.of("glm4_moe").put("n_shared_experts", 0),
            "n_shared_experts 0"),
        refused(
            "qwen3_moe, biased",
            normalised("qwen3_moe", true).put("attention_bias", true),
            "biases"),
        refused("ernie4_5_moe, biased", Example.of("ernie4_5_moe").biased(), "biases"),
        refused("dots1, biased", dots1().put("attention_bias", true), "biases"),
        refused("olmoe, fewer kv heads", olmoe(2), "fewer key and value heads"),
        refused("dots1, fewer kv heads", Example.of("dots1"), "fewer key and value heads"),
        refused(
            "deepseek_v3, all groups in play",
            Example.of("deepseek_v3").put("n_group", 2).put("topk_group", 2),
            "write 1 for both"),
        refused("hunyuan_v1_moe", Example.of("hunyuan_v1_moe"), "published model alone"),
        refused("flex_olmo", Example.of("flex_olmo"), "does not know"),
        refused("mixtral, fused", Example.of("mixtral").fused(), "a tensor for each expert"),
        refused(
            "glm4_moe, another's tokenizer",
            Example.of("glm4_moe").withForeignTokenizer(),
            "GLM's own special tokens"),
        refused("mixtral, gelu", gelu(), "silu"),
        warned("gpt_oss, yarn", Example.of("gpt_oss"), "0.03"),
        runs(LLAMA_CPP, "mixtral, yarn", Example.of("mixtral").yarn()),
        runs(LLAMA_CPP, "mixtral, linear", Example.of("mixtral").linear()),
        notVerified(LLAMA_CPP, "mixtral, longrope", Example.of("mixtral").longRope(), "ropes"),
        notVerified(LLAMA_CPP, "qwen3_moe, yarn", Example.of("qwen3_moe").yarn(), "ropes"),
        refused("granitemoe, head_dim", Example.of("granitemoe").put("head_dim", 16), "head_dim"),
        refused("glm4_moe, llama3 rope", Example.of("glm4_moe").llama3(), "mixtral alone"),
        refused("granitemoe, llama3 rope", Example.of("granitemoe").llama3(), "mixtral alone"),
        notVerified(
            LLAMA_CPP,
            "qwen3_moe, window",
            normalised("qwen3_moe", true).put("use_sliding_window", true).put("sliding_window", 8),
            "window"));
  }

  static List<Row> vllm() {
    return List.of(
        runs(VLLM, "mixtral", Example.of("mixtral")),
        runs(VLLM, "mixtral, window", Example.of("mixtral").put("sliding_window", 8)),
        runs(VLLM, "qwen2_moe, normalised", normalised("qwen2_moe", true)),
        runs(VLLM, "qwen2_moe, not normalised", normalised("qwen2_moe", false)),
        runs(VLLM, "qwen2_moe, dense layers", everySecond("qwen2_moe")),
        runs(VLLM, "qwen3_moe, every second layer", everySecond("qwen3_moe")),
        runs(VLLM, "olmoe, fewer kv heads", olmoe(2)),
        runs(VLLM, "flex_olmo", Example.of("flex_olmo")),
        runs(VLLM, "glm4_moe", Example.of("glm4_moe").withForeignTokenizer()),
        runs(VLLM, "glm4_moe, biased", Example.of("glm4_moe").put("attention_bias", true)),
        runs(VLLM, "dots1", Example.of("dots1")),
        runs(VLLM, "granitemoe", Example.of("granitemoe")),
        runs(VLLM, "llama4_text", Example.of("llama4_text")),
        row(
            VLLM,
            "glm4_moe, tied",
            Example.of("glm4_moe").put("tie_word_embeddings", true),
            REFUSED,
            "tie_word_embeddings false"),
        row(
            VLLM,
            "granitemoe, biased",
            Example.of("granitemoe").put("attention_bias", true),
            REFUSED,
            "drops"),
        row(
            VLLM,
            "granitemoe, head_dim",
            Example.of("granitemoe").put("head_dim", 16),
            REFUSED,
            "head_dim"),
        row(
            VLLM,
            "qwen3_moe, biased",
            Example.of("qwen3_moe").put("attention_bias", true),
            REFUSED,
            "drops"),
        runs(VLLM, "dots1, biased", dots1().put("attention_bias", true)),
        runs(VLLM, "flex_olmo, biased", Example.of("flex_olmo").put("attention_bias", true)),
        runs(VLLM, "hunyuan_v1_moe", plainRope("hunyuan_v1_moe")),
        runs(VLLM, "mixtral, llama3 rope", Example.of("mixtral").llama3()),
        runs(VLLM, "mixtral, yarn", Example.of("mixtral").yarn()),
        row(
            VLLM,
            "olmoe, normalised",
            olmoe(2).put("norm_topk_prob", true),
            WARNED,
            "never normalises"),
        row(
            VLLM,
            "qwen2_moe, shared size 0",
            Example.of("qwen2_moe").put("shared_expert_intermediate_size", 0),
            REFUSED,
            "width 0"),
        row(
            VLLM,
            "qwen2_moe, no biases",
            Example.of("qwen2_moe").put("qkv_bias", false),
            REFUSED,
            "for granted"),
        row(
            VLLM,
            "qwen2_moe, head_dim",
            Example.of("qwen2_moe").put("head_dim", 16),
            REFUSED,
            "for granted"),
        row(VLLM, "mixtral, gelu", gelu(), REFUSED, "silu"),
        notVerified(VLLM, "deepseek_v3", deepSeek(), "1.7"),
        notVerified(VLLM, "ernie4_5_moe", Example.of("ernie4_5_moe"), "0.6"),
        notVerified(VLLM, "gpt_oss", Example.of("gpt_oss"), "no CPU backend"),
        notVerified(VLLM, "deepseek_v2", Example.of("deepseek_v2"), "head sizes"),
        notVerified(VLLM, "minimax_m2", Example.of("minimax_m2"), "150 seconds"),
        row(VLLM, "qwen2_moe, windows", Example.of("qwen2_moe_windows"), REFUSED, "ignores"),
        notVerified(VLLM, "olmoe, biased", olmoe(2).put("attention_bias", true), "biases"),
        notVerified(VLLM, "mixtral, linear", Example.of("mixtral").linear(), "ropes"),
        notVerified(VLLM, "dots1, llama3 rope", Example.of("dots1").llama3(), "ropes"),
        notVerified(VLLM, "dots1, window", windowed(), "window"),
        notVerified(VLLM, "mixtral, fused", Example.of("mixtral").fused(), "one tensor"));
  }

  static List<Row> transformers() {
    List<Row> rows = new ArrayList<>();
    for (String family :
        List.of(
            "deepseek_v2",
            "deepseek_v3",
            "dots1",
            "ernie4_5_moe",
            "flex_olmo",
            "glm4_moe",
            "gpt_oss",
            "granitemoe",
            "hunyuan_v1_moe",
            "llama4_text",
            "mixtral",
            "olmoe",
            "qwen2_moe",
            "qwen3_moe")) {
      rows.add(runs(TRANSFORMERS_4, family, Example.of(family)));
      rows.add(runs(TRANSFORMERS_5, family, Example.of(family)));
      Word odd = family.equals("llama4_text") ? RUNS : WARNED;
      rows.add(
          row(
              TRANSFORMERS_5,
              family + ", width",
              odd(family, 14),
              odd,
              odd == RUNS ? "" : "eager"));
    }
    for (String family : List.of("granitemoe", "qwen2_moe", "olmoe")) {
      Example heads = Example.of(family).put("head_dim", 16);
      rows.add(row(TRANSFORMERS_4, family + ", head_dim", heads, REFUSED, "hidden_size / heads"));
    }
    Example heads = Example.of("olmoe").put("head_dim", 16);
    Example halves = odd("mixtral", 12);
    Example windows = Example.of("qwen2_moe_windows");
    rows.addAll(
        List.of(
            row(TRANSFORMERS_5, "olmoe, head_dim", heads, REFUSED, "hidden_size / heads"),
            runs(
                TRANSFORMERS_5, "qwen2_moe, head_dim", Example.of("qwen2_moe").put("head_dim", 16)),
            runs(TRANSFORMERS_5, "mixtral, width 12 in fp32", halves),
            row(
                TRANSFORMERS_5,
                "width 12 in bf16",
                odd("mixtral", 12).of(DType.BF16),
                WARNED,
                "16"),
            runs(TRANSFORMERS_5, "minimax_m2", Example.of("minimax_m2")),
            row(TRANSFORMERS_4, "minimax_m2", Example.of("minimax_m2"), REFUSED, "no class"),
            runs(TRANSFORMERS_5, "mixtral, fused", Example.of("mixtral").fused()),
            row(TRANSFORMERS_4, "fused", Example.of("mixtral").fused(), REFUSED, "at random"),
            runs(TRANSFORMERS_5, "qwen2_moe, windows", windows),
            row(TRANSFORMERS_4, "qwen2_moe, windows", windows, REFUSED, "other layers")));
    return rows;
  }

  static List<Row> selections() {
    List<Row> rows = new ArrayList<>();
    for (Engine engine : Engine.values()) {
      Example lineage =
          Example.of("mixtral").selecting(new Selection(Selection.Mode.LINEAGE, 0, null, 0));
      Example hash = Example.of("mixtral").selecting(Selection.hash(1));
      Example cold =
          Example.of("mixtral").selecting(new Selection(Selection.Mode.COLD, 1, null, 10));
      Example quantised =
          Example.of("gpt_oss")
              .with(json -> json.putObject("quantization_config").put("quant_method", "mxfp4"));
      rows.add(notVerified(engine, "mxfp4", quantised, "quantised weights"));
      rows.add(row(engine, "lineages", lineage, REFUSED, "end of the release"));
      rows.add(row(engine, "token ids", hash, REFUSED, "token id"));
      rows.add(runs(engine, "hold-back", cold));
    }
    return rows;
  }

  static Stream<Row> rows() {
    return Stream.of(llamaCpp(), vllm(), transformers(), selections()).flatMap(List::stream);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rows")
  void saysWhatWasSeen(Row row) {
    Verdict verdict = row.engine.verdict(row.example.candidate());
    assertThat(verdict.word()).as(verdict.toString()).isEqualTo(row.word);
    assertThat(verdict.because()).contains(row.because);
  }

  @Test
  void everyRuleHasARow() {
    for (Engine engine : Engine.values()) {
      List<Candidate> candidates =
          rows().filter(row -> row.engine == engine).map(row -> row.example.candidate()).toList();
      for (Rule rule : engine.rules()) {
        Predicate<Candidate> applies = rule.applies();
        assertThat(candidates).as(engine + ", " + rule.name()).anyMatch(applies);
      }
    }
  }

  @Test
  void namesAreThoseThatUsersType() {
    assertThat(Engine.parse("vllm, llama.cpp,vllm")).containsExactly(VLLM, LLAMA_CPP);
    assertThat(Engine.parse("transformers4,transformers5")).isEqualTo(Engine.DEFAULT);
    assertThatThrownBy(() -> Engine.parse("llamacpp"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("the nearest is llama.cpp; all: transformers4,transformers5,vllm");
  }

  private static Row row(Engine engine, String what, Example example, Word word, String because) {
    return new Row(engine, what, example, word, because);
  }

  private static Row refused(String what, Example example, String because) {
    return row(LLAMA_CPP, what, example, REFUSED, because);
  }

  private static Row warned(String what, Example example, String because) {
    return row(LLAMA_CPP, what, example, WARNED, because);
  }

  private static Row notVerified(Engine engine, String what, Example example, String because) {
    return row(engine, what, example, NOT_VERIFIED, because);
  }

  private static Example normalised(String golden, boolean normalised) {
    return Example.of(golden).put("norm_topk_prob", normalised);
  }

  private static Example windowed() {
    return dots1()
        .put("sliding_window", 8)
        .with(json -> {
          json.remove("layer_types");
          json.put("max_window_layers", 0);
        });
  }

  private static Example olmoe(int keyValueHeads) {
    return normalised("olmoe", false).put("num_key_value_heads", keyValueHeads);
  }

  private static Example gelu() {
    return Example.of("mixtral").with(json -> json.put("hidden_act", "gelu_pytorch_tanh"));
  }

  private static Example odd(String golden, int width) {
    Example example = Example.of(golden);
    return example.with(json ->
        json.put(
            json.has("moe_intermediate_size") ? "moe_intermediate_size" : "intermediate_size",
            width));
  }

  private static Example plainRope(String golden) {
    return Example.of(golden).rope("{\"rope_type\": \"default\"}");
  }

  private static Example without(String key, Example example) {
    return example.with(json -> json.remove(key));
  }
}
