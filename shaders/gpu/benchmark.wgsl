// Three loads that bound every other kernel on an adapter: memory, arithmetic, and the cost of a dispatch.
//
// copy          destination[i] = source[i], vec4<u32> elements, one per invocation and grid stride; 32 bytes of traffic each.
// multiply_add  8 independent chains of vec4<f32> fma per invocation, `settings.rounds` long: 8 * 4 * 2 flops a round.
// nothing       one invocation that adds to one word, so that no driver drops it and each dispatch waits for the one before.
//
// Layout: source, destination: array<vec4<u32>>; settings: { count, rounds, stride, _ } as u32. No f16, no subgroups.

struct Settings {
  count: u32,
  rounds: u32,
  stride: u32,
  unused: u32,
}

@group(0) @binding(0) var<storage, read> settings: Settings;
@group(0) @binding(1) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> destination: array<vec4<u32>>;

override workgroup_width: u32 = 256;

@compute @workgroup_size(workgroup_width)
fn copy(@builtin(global_invocation_id) id: vec3<u32>) {
  for (var index = id.x; index < settings.count; index += settings.stride) {
    destination[index] = source[index];
  }
}

@compute @workgroup_size(workgroup_width)
fn multiply_add(@builtin(global_invocation_id) id: vec3<u32>) {
  // Values that the compiler cannot know: the source holds zeros, so every chain converges and none overflows.
  let seed = vec4<f32>(source[0]) + vec4<f32>(f32(id.x & 7u) * 0.125);
  let scale = seed * 0.5 + 0.25;
  var a = seed;
  var b = seed + 1.0;
  var c = seed + 2.0;
  var d = seed + 3.0;
  var e = seed + 4.0;
  var f = seed + 5.0;
  var g = seed + 6.0;
  var h = seed + 7.0;
  for (var round = 0u; round < settings.rounds; round++) {
    a = fma(a, scale, seed);
    b = fma(b, scale, seed);
    c = fma(c, scale, seed);
    d = fma(d, scale, seed);
    e = fma(e, scale, seed);
    f = fma(f, scale, seed);
    g = fma(g, scale, seed);
    h = fma(h, scale, seed);
  }
  let sum = a + b + c + d + e + f + g + h;
  // Never true, and never known to be.
  if (sum.x == -1.0) {
    destination[id.x % settings.count] = bitcast<vec4<u32>>(sum);
  }
}

@compute @workgroup_size(1)
fn nothing() {
  destination[0].x += settings.rounds;
}
