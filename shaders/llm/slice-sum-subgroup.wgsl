// As slice-sum-memory, by exchange within subgroups: no memory, no barriers. SLICES at most the smallest subgroup there may be.
// Host: worker/llm/kernels/attention-decode.ts
enable subgroups;
override SLICES: u32 = 8;

struct Invocation {
  @builtin(local_invocation_index) index: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) subgroupSize: u32,
}

var<workgroup> numbered: atomic<u32>;

// Subgroups need not be made of neighbours by index, so that they number themselves.
fn ordinalOf(invocation: Invocation) -> u32 {
  if (invocation.index == 0u) {
    atomicStore(&numbered, 0u);
  }
  workgroupBarrier();
  var first = 0u;
  if (invocation.lane == 0u) {
    first = atomicAdd(&numbered, invocation.subgroupSize);
  }
  return subgroupBroadcastFirst(first) + invocation.lane;
}

fn sumSlices(value: vec4<f32>, ordinal: u32) -> vec4<f32> {
  var sum = value;
  for (var distance = 1u; distance < SLICES; distance *= 2u) {
    sum += subgroupShuffleXor(sum, distance);
  }
  return sum;
}
