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

/// 2^x, relative error below 2e-7; 0 below -126, and from 127 on 2^127.
fn power_of_two(x: f32) -> f32 {
  let limited = clamp(x, -126.0, 127.0);
  let whole = min(floor(limited), 126.0);
  // 2^f on [0, 1]: Taylor's series around 1/2 to the seventh power.
  let s = (limited - whole - 0.5) * 0.693147180559945;
  let series = 1.0 + s * (1.0 + s * (0.5 + s * (1.6666667e-1 + s * (4.1666667e-2 + s * (8.3333333e-3 + s * (1.3888889e-3
    + s * 1.984127e-4))))));
  let power = bitcast<f32>(u32(i32(whole) + 127) << 23u);
  return select(1.41421356237310 * series * power, 0.0, x < -126.0);
}

/// log2(x) for normal x > 0, absolute error below 3e-7; -127 for 0.
fn logarithm_of_two(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let exponent = f32(i32((bits >> 23u) & 255u) - 127);
  let mantissa = bitcast<f32>((bits & 0x007fffffu) | 0x3f800000u);
  // The series of the inverse hyperbolic tangent.
  let z = (mantissa - 1.0) / (mantissa + 1.0);
  let s = z * z;
  let series = 1.0 + s * (3.3333333e-1 + s * (0.2 + s * (1.4285714e-1 + s * (1.1111111e-1 + s * 9.0909091e-2))));
  return exponent + 2.88539008177793 * z * series;
}

/// e^-x for x >= 0 (Beer-Lambert).
fn decay(x: vec3f) -> vec3f {
  let y = x * -1.44269504088896;
  return vec3f(power_of_two(y.x), power_of_two(y.y), power_of_two(y.z));
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

/// cos(2 pi x).
fn cosine_of_turns(x: f32) -> f32 {
  let part = abs(x - floor(x + 0.5));
  let quarter = select(part, 0.5 - part, part > 0.25);
  let small = 6.28318530717959 * select(quarter, 0.25 - quarter, quarter > 0.125);
  let both = sine_cosine_eighth(small);
  let value = select(both.y, both.x, quarter > 0.125);
  return select(value, -value, part > 0.25);
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
