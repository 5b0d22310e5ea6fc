// Functions between matrices, without overflow for any finite x. Tolerance: 2 ULP of the larger operand.
// Host: worker/llm/kernels/activation.ts
const SILU = 0u;
const GELU = 1u;

// x * sigmoid(x), or GELU by its tanh form: 0.5 x (1 + tanh(u)) = x * sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3).
fn activate(x: f32, kind: u32) -> f32 {
  let inner = select(x, 1.5957691216057308 * (x + 0.044715 * x * x * x), kind == GELU);
  return x / (1.0 + exp(-clamp(inner, -87.0, 87.0)));
}

// cap * tanh(x / cap); x itself where cap is 0.
fn softCap(x: f32, cap: f32) -> f32 {
  if (cap == 0.0) {
    return x;
  }
  return cap - 2.0 * cap / (exp(clamp(2.0 * x / cap, -80.0, 80.0)) + 1.0);
}
