// Only operations that software and hardware drivers round alike: + - * / sqrt, comparisons, integers. No sin, cos, pow,
// exp, log, normalize or mix: their results differ between drivers, and a path that turns elsewhere is another picture.

const PI = 3.14159265358979;
const INVERSE_PI = 0.318309886183791;

fn unit(v: vec3f) -> vec3f {
  return v * (1.0 / sqrt(dot(v, v)));
}

fn luminance(color: vec3f) -> f32 {
  return 0.2126 * color.x + 0.7152 * color.y + 0.0722 * color.z;
}

fn largest(color: vec3f) -> f32 {
  return max(color.x, max(color.y, color.z));
}

/// True when every component is finite, decided on the bits: shaders may assume that NaN does not occur.
fn is_finite(color: vec3f) -> bool {
  let exponents = bitcast<vec3u>(color) & vec3u(0x7f800000u);
  return all(exponents != vec3u(0x7f800000u));
}

/// 2^-x for x >= 0, relative error below 2e-7; 0 from 126 on.
fn halvings(x: f32) -> f32 {
  let whole = floor(-x);
  let f = -x - whole;
  // 2^f on [0, 1): Taylor's series around 1/2 to the seventh power.
  let s = (f - 0.5) * 0.693147180559945;
  let series = 1.0 + s * (1.0 + s * (0.5 + s * (1.6666667e-1 + s * (4.1666667e-2 + s * (8.3333333e-3 + s * (1.3888889e-3
    + s * 1.984127e-4))))));
  let power = bitcast<f32>(u32(i32(max(whole, -126.0)) + 127) << 23u);
  return select(1.41421356237310 * series * power, 0.0, x >= 126.0);
}

/// e^-x for x >= 0 (Beer-Lambert).
fn decay(x: vec3f) -> vec3f {
  let y = x * 1.44269504088896;
  return vec3f(halvings(y.x), halvings(y.y), halvings(y.z));
}

/// Right-handed frame whose z axis is `normal` (Duff et al., JCGT 2017).
struct Frame {
  x: vec3f,
  y: vec3f,
  z: vec3f,
}

fn frame_around(normal: vec3f) -> Frame {
  let s = select(-1.0, 1.0, normal.z >= 0.0);
  let a = -1.0 / (s + normal.z);
  let b = normal.x * normal.y * a;
  return Frame(
    vec3f(1.0 + s * normal.x * normal.x * a, s * b, -s * normal.x),
    vec3f(b, s + normal.y * normal.y * a, -normal.y),
    normal,
  );
}

fn to_local(frame: Frame, v: vec3f) -> vec3f {
  return vec3f(dot(v, frame.x), dot(v, frame.y), dot(v, frame.z));
}

fn to_world(frame: Frame, v: vec3f) -> vec3f {
  return frame.x * v.x + frame.y * v.y + frame.z * v.z;
}

/// sin and cos on [-pi/4, pi/4] by their series; absolute error below 4e-8.
fn sine_cosine_eighth(x: f32) -> vec2f {
  let s = x * x;
  let sine = x * (1.0 + s * (-1.6666667e-1 + s * (8.3333333e-3 + s * (-1.984127e-4 + s * 2.7557319e-6))));
  let cosine = 1.0 + s * (-0.5 + s * (4.1666667e-2 + s * (-1.3888889e-3 + s * 2.4801587e-5)));
  return vec2f(sine, cosine);
}

/// Area-preserving map of the unit square to the unit disk (Shirley and Chiu 1997).
fn disk_from_square(square: vec2f) -> vec2f {
  let p = square * 2.0 - vec2f(1.0);
  if (p.x == 0.0 && p.y == 0.0) {
    return vec2f(0.0);
  }
  if (abs(p.x) > abs(p.y)) {
    let turn = sine_cosine_eighth(0.785398163397448 * (p.y / p.x));
    return vec2f(p.x * turn.y, p.x * turn.x);
  }
  let turn = sine_cosine_eighth(0.785398163397448 * (p.x / p.y));
  return vec2f(p.y * turn.x, p.y * turn.y);
}

/// Direction around +z with density cos / pi (Malley's method).
fn cosine_hemisphere(square: vec2f) -> vec3f {
  let disk = disk_from_square(square);
  return vec3f(disk, sqrt(max(0.0, 1.0 - dot(disk, disk))));
}

/// Moves a point off its surface along `normal` by 256 units in the last place of each coordinate (Waechter and Binder,
/// Ray Tracing Gems 2019, chapter 6): never too little far from the origin, never visible near it.
fn offset_point(point: vec3f, normal: vec3f) -> vec3f {
  let steps = vec3i(normal * 256.0);
  let moved = bitcast<vec3f>(bitcast<vec3i>(point) + select(steps, -steps, point < vec3f(0.0)));
  return select(moved, point + normal * 1.52587890625e-5, abs(point) < vec3f(0.03125));
}

/// Weight of a sample drawn with density `own` where `other` could have drawn it too (Veach 1997, power heuristic).
fn power_heuristic(own: f32, other: f32) -> f32 {
  let ratio = min(other / own, 1.0e18);
  return 1.0 / (1.0 + ratio * ratio);
}
