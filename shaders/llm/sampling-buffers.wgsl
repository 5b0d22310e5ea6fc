// What the kernels that choose or check a token share. Row t of a batch belongs to slot rows[2 t] and is the token at position
// rows[2 t + 1]; its logits are those of the position behind it. Rules of a slot, in the order of llama.cpp: bias, penalties, top-k,
// top-p, min-p, then temperature and noise. Host: worker/llm/sampling/sampling-rules.ts
struct Rules {
  seed: u32,
  isGreedy: u32,
  inverseTemperature: f32,
  // 0: all.
  topK: u32,
  // 1: all.
  topP: f32,
  // Logarithm of min-p; 0 or more: off.
  logMinP: f32,
  repetitionPenalty: f32,
  presencePenalty: f32,
  frequencyPenalty: f32,
  // Tokens that penalties look back on.
  penaltyTokens: u32,
  biasCount: u32,
  // Bias or penalties: the scores are in `adjusted`, not in `logits`.
  isAdjusted: u32,
  // Top-k, top-p or min-p: scores below `thresholds` are out.
  isFiltered: u32,
  spare0: u32,
  spare1: u32,
  spare2: u32,
}
struct Vocabulary {
  size: u32,
  sliceCount: u32,
  // Positions of a slot.
  capacity: u32,
  // Entries of a slot.
  biasCapacity: u32,
  // 256 and 4: by uniform, because loops of constant length are unrolled, which takes some drivers many seconds to compile.
  width: u32,
  passes: u32,
}
const LOWEST = -3.4028234e38;

// A number that orders as the float does; NaN orders lowest.
fn orderedBits(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return 0u;
  }
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

fn floatOfBits(bits: u32) -> f32 {
  return bitcast<f32>(select(~bits, bits & 0x7fffffffu, (bits & 0x80000000u) != 0u));
}
