package io.cambium.checkpoint.family;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.cambium.checkpoint.CheckpointException;
import io.cambium.checkpoint.Json;
import io.cambium.checkpoint.ModelConfig;
import io.cambium.checkpoint.testing.Goldens;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/** What a family's config.json can ask for that Cambium would compute wrongly, and so refuses. */
class ConfigRefusalTest {

  /** The goldens have 6 or 8 experts; quotes are single ones. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // transformers does not check these, and routes wrongly
        "deepseek_v3 | {'n_group':5,'topk_group':2} | \"n_group\" is 5 | a divisor of the experts",
        "deepseek_v3 | {'n_group':8,'topk_group':2} | \"n_group\" is 8 | that leaves 2 in each",
        "deepseek_v3 | {'n_group':4,'topk_group':5} | \"topk_group\" is 5 | at most n_group",
        "deepseek_v2_groups | {'n_group':5,'topk_group':2} | \"n_group\" is 5 | a divisor of",
        "deepseek_v2 | {'topk_method':'noaux_tc'} | \"topk_method\" is noaux_tc | greedy",
        "deepseek_v3 | {'topk_method':'greedy'} | \"topk_method\" is greedy | noaux_tc",
        "deepseek_v3 | {'scoring_func':'softmax'} | \"scoring_func\" is softmax | sigmoid",
        "deepseek_v3 | {'attention_bias':true} | \"attention_bias\" is true | false",
        "deepseek_v2 | {'mlp_bias':true} | \"mlp_bias\" is true | false",
        "gpt_oss | {'swiglu_limit':5.0} | \"swiglu_limit\" is 5.0 | 7.0",
        "gpt_oss | {'swiglu_alpha':1.5} | \"swiglu_alpha\" is 1.5 | 1.702",
        "minimax_m2 | {'scoring_func':'softmax'} | \"scoring_func\" is softmax | sigmoid",
        "ernie4_5_moe | {'use_bias':true} | \"use_bias\" is true | false",
        "ernie4_5_moe | {'moe_norm_min':0.01} | \"moe_norm_min\" is 0.01 | 1.0E-12",
        "olmoe | {'clip_qkv':8.0} | \"clip_qkv\" is 8.0 | null",
        "glm4_moe | {'sliding_window':8} | \"sliding_window\" is 8 | null",
        "hunyuan_v1_moe | {'num_experts':[4]} | \"num_experts\" is 1 entries | 3 entries",
        "llama4_text | {'layer_types':['full_attention']} | is 1 entries | 4 entries",
        "llama4_text | {'layer_types':{'':0}} | \"layer_types\" is {\"\":0} | a list of",
        "qwen2 | {'use_sliding_window':true,'layer_types':'full_attention'} |"
            + " \"layer_types\" is \"full_attention\" | a list of 3 entries",
        "gpt_oss | {'quantization_config':'mxfp4'} | is \"mxfp4\" | an object, or null",
        "gpt_oss | {'quantization_config':{'quant_method':'mxfp4'}} | \"hidden_size\" is 48 |"
            + " multiples of 32 in mxfp4",
        // lists for layers, and sizes that do not fit each other
        "qwen2 | {'use_sliding_window':true,'layer_types':['full_attention']} |"
            + " \"layer_types\" is 1 entries | 3 entries",
        "qwen2 | {'use_sliding_window':true,'layer_types':['a','b','c']} |"
            + " \"layer_types\" is \"a\" | full_attention and sliding_attention",
        "smollm3 | {'no_rope_layers':[1]} | \"no_rope_layers\" is [1] | 4 entries",
        "llama4_text | {'moe_layers':['x']} | \"moe_layers\" is | a list of whole numbers",
        "mixtral | {'num_key_value_heads':3} | \"num_key_value_heads\" is 3 | a divisor of 4",
        "glm4_moe | {'rope_parameters':null,'partial_rotary_factor':0.01} | is 0.01 | an even share",
        // more experts for a token than there are
        "mixtral | {'num_experts_per_tok':99} | \"num_experts_per_tok\" is 99 | at most the number",
        // the two names of one number
        "qwen3_moe | {'num_experts':5,'num_local_experts':6} | another name for it | keep the one",
        // dense ones that have no MoE home for it
        "llama | {'mlp_bias':true} | \"mlp_bias\" is true | false",
        "llama | {'hidden_act':'gelu'} | \"hidden_act\" is gelu | silu",
        "granite | {'mlp_bias':true} | \"mlp_bias\" is true | false",
        "smollm3 | {'mlp_bias':true} | \"mlp_bias\" is true | false",
        "smollm3 | {'use_sliding_window':true} | \"use_sliding_window\" is true | false",
        "seed_oss | {'mlp_bias':true} | \"mlp_bias\" is true | false",
        "ernie4_5 | {'use_bias':true} | \"use_bias\" is true | false",
        "gemma | {'hidden_act':'relu'} | \"hidden_act\" is relu | gelu_pytorch_tanh",
        "gemma | {'hidden_activation':'relu'} | \"hidden_activation\" is relu | gelu_pytorch_tanh",
        "gemma | {'use_bidirectional_attention':true} | \"use_bidirectional_attention\" is true |"
            + " null",
        "phi3 | {'partial_rotary_factor':0.75} | \"partial_rotary_factor\" is 0.75 | 1",
        "mistral | {'attn_logit_softcapping':50.0} | \"attn_logit_softcapping\" is 50.0 | null",
        "granite | {'final_logit_softcapping':30.0} | \"final_logit_softcapping\" is 30.0 | null",
      })
  void namesTheKeyAndWhatIsSupported(
      String golden, String changes, String message, String supported) {
    ObjectNode config = Goldens.config(golden);
    config.setAll((ObjectNode) Json.MAPPER.readTree(changes.replace('\'', '"')));
    assertThatThrownBy(() -> decoder(config))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("config.json: ")
        .hasMessageContaining(message)
        .hasMessageContaining(supported);
  }

  private static void decoder(ObjectNode json) {
    ModelConfig config = new ModelConfig(Path.of("config.json"), json);
    Family family = Families.of(config);
    family.decoder(config);
    family.quantisation(config);
  }
}
