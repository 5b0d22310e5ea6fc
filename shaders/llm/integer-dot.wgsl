// Known products of packed bytes, to see that the adapter computes them: result[i] = dot4I8Packed of the two words of a pair, and the
// bytes of the first unpacked and packed again. Exact. Host: worker/llm/kernels/integer-dot.ts
@group(0) @binding(0) var<storage, read> pairs: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> results: array<vec2<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= arrayLength(&pairs)) {
    return;
  }
  let pair = pairs[id.x];
  let bytes = bitcast<vec4<i32>>(vec4<u32>(pair.x) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u);
  results[id.x] = vec2<u32>(bitcast<u32>(dot4I8Packed(pair.x, pair.y)), pack4xI8(bytes));
}
