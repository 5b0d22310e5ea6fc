// A head of q|k|v as attention takes it: with its bias (HAS_BIAS), q and k normalised by RMS and gain (HAS_NORM), and rotated by the
// position's angles. A pair (a, b) is (2i, 2i + 1), or with HALVES (i, i + ropePairs): (a, b) -> (a cos - b sin, a sin + b cos); what is past
// the rope dimensions, and v, pass unchanged. Heads count on from q through k to v. Stands in front of rope-append.wgsl and
// attention-decode.wgsl, so that both give the same bytes; they declare
// projected: [row][(heads + 2 * kvHeads) * headLength]; parameters: bias of q|k|v (with HAS_BIAS), then gains of q and of k [headLength]
// each (with HAS_NORM); angles: [capacity][ropePairs] of (cos, sin), made on the host in float64; and a shape that names these sizes.
// Host: worker/llm/kernels/rope-append.ts
override HALVES: bool = false;
override HAS_BIAS: bool = false;
override HAS_NORM: bool = false;

fn isRotated(head: u32) -> bool {
  return head < shape.headCount + shape.keyValueHeadCount;
}

fn projectedWidth() -> u32 {
  return (shape.headCount + 2u * shape.keyValueHeadCount) * shape.headLength;
}

// Four numbers of a head; of places past its end, the last one.
fn headNumbers(row: u32, head: u32, places: vec4<u32>, normScale: f32) -> vec4<f32> {
  let within = min(places, vec4<u32>(shape.headLength - 1u));
  let column = head * shape.headLength + within;
  let at = row * projectedWidth() + column;
  var numbers = vec4<f32>(projected[at.x], projected[at.y], projected[at.z], projected[at.w]);
  if (HAS_BIAS) {
    numbers += vec4<f32>(parameters[column.x], parameters[column.y], parameters[column.z], parameters[column.w]);
  }
  if (HAS_NORM && isRotated(head)) {
    let firstGain = select(0u, projectedWidth(), HAS_BIAS) + select(0u, shape.headLength, head >= shape.headCount);
    let gain = firstGain + within;
    numbers *= normScale * vec4<f32>(parameters[gain.x], parameters[gain.y], parameters[gain.z], parameters[gain.w]);
  }
  return numbers;
}

// What one of 64 invocations adds to a head's sum of squares.
fn headSquares(row: u32, head: u32, lane: u32) -> f32 {
  var squares = 0.0;
  for (var i = lane; i < shape.headLength; i += 64u) {
    var value = projected[row * projectedWidth() + head * shape.headLength + i];
    if (HAS_BIAS) {
      value += parameters[head * shape.headLength + i];
    }
    squares += value * value;
  }
  return squares;
}

fn normScaleOf(squares: f32) -> f32 {
  return inverseSqrt(squares / f32(shape.headLength) + shape.epsilon);
}

// Numbers 4 vector to 4 vector + 3 of a head, zero past its end. `normScale` as normScaleOf gives it, with HAS_NORM.
fn turnedVector(row: u32, head: u32, position: u32, vector: u32, normScale: f32) -> vec4<f32> {
  let places = vec4<u32>(0u, 1u, 2u, 3u) + vector * 4u;
  var numbers = headNumbers(row, head, places, normScale);
  if (shape.ropePairs > 0u && isRotated(head)) {
    let pairs = vec4<u32>(shape.ropePairs);
    let isSecond = select((places & vec4<u32>(1u)) == vec4<u32>(1u), places >= pairs, HALVES);
    let partners = select(places ^ vec4<u32>(1u), select(places + pairs, places - pairs, isSecond), HALVES);
    let pair = select(places / 2u, select(places, places - pairs, isSecond), HALVES);
    let at = position * shape.ropePairs + min(pair, pairs - 1u);
    let first = vec4<f32>(angles[at.x].x, angles[at.y].x, angles[at.z].x, angles[at.w].x);
    let second = vec4<f32>(angles[at.x].y, angles[at.y].y, angles[at.z].y, angles[at.w].y);
    let turned = numbers * first + headNumbers(row, head, partners, normScale) * select(-second, second, isSecond);
    numbers = select(numbers, turned, places < 2u * pairs);
  }
  return select(vec4<f32>(0.0), numbers, places < vec4<u32>(shape.headLength));
}
