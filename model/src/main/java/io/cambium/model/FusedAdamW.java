package io.cambium.model;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorList;
import org.bytedeco.pytorch.TensorVector;

/**
 * libtorch's fused AdamW (arXiv 1711.05101) over moments of our own. It has no Java method, so it
 * is called through the dispatcher.
 */
public final class FusedAdamW {

  private FusedAdamW() {}

  /**
   * Constants of one update.
   *
   * @param learningRate of this step
   * @param gradientScale what gradients are divided by first
   */
  public record Settings(
      double learningRate,
      double beta1,
      double beta2,
      double weightDecay,
      double epsilon,
      double gradientScale) {}

  /**
   * One tensor's update.
   *
   * @param first first moment, same shape
   * @param second second moment, same shape
   */
  public record Slot(Tensor value, Tensor gradient, Tensor first, Tensor second) {}

  /**
   * Updates values and moments in place.
   *
   * @param step number of this update, from 1, for the correction of the moments' bias
   */
  public static void step(List<Slot> slots, long step, Settings settings) {
    if (slots.isEmpty()) {
      return;
    }
    Tensor count = Torch.tensor(new float[] {step}, 1);
    Tensor scale = Torch.tensor(new float[] {(float) settings.gradientScale()}, 1);
    IValueVector stack = new IValueVector();
    stack.push_back(list(slots.stream().map(Slot::value).toList()));
    stack.push_back(list(slots.stream().map(Slot::gradient).toList()));
    stack.push_back(list(slots.stream().map(Slot::first).toList()));
    stack.push_back(list(slots.stream().map(Slot::second).toList()));
    stack.push_back(list(List.of()));
    stack.push_back(list(slots.stream().map(slot -> count).toList()));
    stack.push_back(new IValue(settings.learningRate()));
    stack.push_back(new IValue(settings.beta1()));
    stack.push_back(new IValue(settings.beta2()));
    stack.push_back(new IValue(settings.weightDecay()));
    stack.push_back(new IValue(settings.epsilon()));
    stack.push_back(new IValue(false));
    stack.push_back(new IValue(false));
    stack.push_back(new IValue(scale));
    stack.push_back(new IValue());
    OperatorHandle operator = Dispatcher.singleton().findSchemaOrThrow("aten::_fused_adamw_", "");
    operator.callBoxed(stack);
  }

  private static IValue list(List<Tensor> tensors) {
    TensorVector vector = new TensorVector();
    tensors.forEach(vector::push_back);
    return new IValue(new GenericList((Pointer) new TensorList(vector)));
  }
}
