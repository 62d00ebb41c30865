package io.cambium.upcycle.plan;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** What the result computes before it is trained further (docs/grow.md, docs/upcycle.md). */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "promise")
public sealed interface StepZero {

  /** The source's function. */
  record Exact() implements StepZero {
    @Override
    public String toString() {
      return "exact: the logits equal the source's";
    }
  }

  /** The function of the source with fewer experts per token. */
  record SourceAtTopK(int topK) implements StepZero {
    @Override
    public String toString() {
      return "not the source's function: equals the source evaluated with top-" + topK;
    }
  }

  /** Neither, for a reason. */
  record NotExact(String reason) implements StepZero {
    @Override
    public String toString() {
      return "not exact: " + reason;
    }
  }

  /** Something that is promised and not checked, since Cambium cannot run the model. */
  record NotRun(StepZero planned, String reason) implements StepZero {
    @Override
    public String toString() {
      return planned + "; not checked: " + reason;
    }
  }
}
