// Sums over SLICES (a power of two) neighbouring invocations of a workgroup of INVOCATIONS, through its memory; needs no feature. The kernel
// behind it declares `exchange`, a vector for each invocation. All invocations call together; each gets the sum. slice-sum-subgroup does the
// same where there are subgroups. Host: worker/llm/kernels/attention-decode.ts
override SLICES: u32 = 8;

struct Invocation {
  @builtin(local_invocation_index) index: u32,
}

// Number of an invocation, such that those which sum together are neighbours.
fn ordinalOf(invocation: Invocation) -> u32 {
  return invocation.index;
}

fn sumSlices(value: vec4<f32>, ordinal: u32) -> vec4<f32> {
  exchange[ordinal] = value;
  workgroupBarrier();
  var sum = vec4<f32>(0.0);
  for (var i = 0u; i < SLICES; i++) {
    sum += exchange[ordinal / SLICES * SLICES + i];
  }
  workgroupBarrier();
  return sum;
}
