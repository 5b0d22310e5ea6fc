// y[offset + r] (+)= sum_k W[r][k] * x[k]; with NORMALISE also RMSNorm of x first: y = W (x * g) / sqrt(mean(x^2) + epsilon),
// the row's sum of squares taken on the way. One token (decode). LANES invocations share a row, each striding over units of
// 16 weight bytes, then a tree over workgroup memory. x: [blocks * 32], zero past `columns`. f32 accumulation;
// tolerance against float64: NMSE 1e-10. Host: worker/llm/kernels/matrix-vector.ts (always; f32 variant, no features needed).
struct Shape {
  rows: u32,
  blocks: u32,
  columns: u32,
  outputOffset: u32,
  epsilon: f32,
}
override WORKGROUP: u32 = 64;
override LANES: u32 = 16;
override NORMALISE: bool = false;
override ACCUMULATE: bool = false;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<vec2<f32>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let lane = index % LANES;
  let row = (group.x + group.y * groups.x) * (WORKGROUP / LANES) + index / LANES;
  var sum = 0.0;
  var squares = 0.0;
  if (row < shape.rows) {
    let units = weightUnits(shape.blocks);
    for (var unit = lane; unit < units; unit += LANES) {
      var values: WeightUnit;
      for (var i = 0u; i < WEIGHT_UNIT_VECTORS; i++) {
        var value = x[unit * WEIGHT_UNIT_VECTORS + i];
        if (NORMALISE) {
          squares += dot(value, value);
          value *= gain[unit * WEIGHT_UNIT_VECTORS + i];
        }
        values[i] = value;
      }
      sum += weightDot(row, unit, shape.blocks, values);
    }
  }
  sums[index] = vec2<f32>(sum, squares);
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sums[index] += sums[index + half];
    }
  }
  if (lane == 0u && row < shape.rows) {
    var result = sums[index].x;
    if (NORMALISE) {
      result *= inverseSqrt(sums[index].y / f32(shape.columns) + shape.epsilon);
    }
    if (ACCUMULATE) {
      result += y[shape.outputOffset + row];
    }
    y[shape.outputOffset + row] = result;
  }
}
