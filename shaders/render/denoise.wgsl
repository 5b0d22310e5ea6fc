// One step of an edge-avoiding a-trous filter (Dammertz et al. 2010, weights after Schied et al. 2017): a 5 x 5 B-spline whose
// taps lie `step` pixels apart. For a finished picture, after its tiles are put together and never inside a task.
//   out(p) = sum of w c(q) / sum of w,  w = spline x normals x depths x hits x brightness
//   normals: cos^32;  depths: e^-(|z_p - z_q| / (|gradient . offset| + z_p / 1000));  hits: 1 - |share_p - share_q|;
//   brightness: e^-(|l_p - l_q| / (4 deviation_p + 1e-4)), the deviation of the mean from the variance around p.
// In and out: one vec4f per pixel, colour and the variance of its luminance, which shrinks by sum of w^2 / (sum of w)^2.
// Guides: two vec4f per pixel, albedo and depth, normal and share of hits. Host: divides the picture by the albedo before and
// multiplies after. Tolerance to float64: 1e-4 of the largest value. One variant, float32.

struct Settings {
  width: u32,
  height: u32,
  step: u32,
  unused: u32,
}

@group(0) @binding(0) var<uniform> settings: Settings;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> guides: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> filtered: array<vec4f>;

const BRIGHTNESS_DEVIATIONS = 4.0;

fn index_of(place: vec2i) -> u32 {
  return u32(place.y) * settings.width + u32(place.x);
}

fn is_inside(place: vec2i) -> bool {
  return all(place >= vec2i(0)) && all(place < vec2i(vec2u(settings.width, settings.height)));
}

fn depth_at(place: vec2i) -> f32 {
  return guides[index_of(place) * 2u].w;
}

/// How the depth changes per pixel: of the two neighbours the one that differs less, 0 where neither shows a surface.
fn depth_change(place: vec2i, along: vec2i) -> f32 {
  let here = depth_at(place);
  var best = 0.0;
  var found = false;
  for (var side = -1; side <= 1; side += 2) {
    let other = place + along * side;
    if (!is_inside(other) || guides[index_of(other) * 2u + 1u].w <= 0.0) {
      continue;
    }
    let change = (depth_at(other) - here) * f32(side);
    if (!found || abs(change) < abs(best)) {
      best = change;
      found = true;
    }
  }
  return best;
}

/// Binomial mean of the variance over 3 x 3 pixels.
fn variance_around(place: vec2i) -> f32 {
  var sum = 0.0;
  var weights = 0.0;
  for (var y = -1; y <= 1; y++) {
    for (var x = -1; x <= 1; x++) {
      let other = place + vec2i(x, y);
      if (is_inside(other)) {
        let weight = f32((2 - abs(x)) * (2 - abs(y)));
        sum += source[index_of(other)].w * weight;
        weights += weight;
      }
    }
  }
  return sum / weights;
}

fn normal_weight(a: vec3f, b: vec3f) -> f32 {
  let lengths = dot(a, a) * dot(b, b);
  if (lengths == 0.0) {
    return select(0.0, 1.0, dot(a, a) == dot(b, b));
  }
  let cosine = clamp(dot(a, b) / sqrt(lengths), 0.0, 1.0);
  let second = cosine * cosine;
  let fourth = second * second;
  let eighth = fourth * fourth;
  let sixteenth = eighth * eighth;
  return sixteenth * sixteenth;
}

fn spline(offset: i32) -> f32 {
  return select(select(0.0625, 0.25, abs(offset) == 1), 0.375, offset == 0);
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let place = vec2i(id.xy);
  if (!is_inside(place)) {
    return;
  }
  let index = index_of(place);
  let here = source[index];
  let depth = guides[index * 2u].w;
  let normal = guides[index * 2u + 1u];
  let gradient = vec2f(depth_change(place, vec2i(1, 0)), depth_change(place, vec2i(0, 1)));
  let light = luminance(here.xyz);
  let brightness_scale = 1.0 / (BRIGHTNESS_DEVIATIONS * sqrt(max(0.0, variance_around(place))) + 1.0e-4);
  var color = vec3f(0.0);
  var variance = 0.0;
  var weights = 0.0;
  for (var y = -2; y <= 2; y++) {
    for (var x = -2; x <= 2; x++) {
      let offset = vec2i(x, y) * i32(settings.step);
      let other = place + offset;
      if (!is_inside(other)) {
        continue;
      }
      let there = source[index_of(other)];
      let other_normal = guides[index_of(other) * 2u + 1u];
      let slope = abs(dot(gradient, vec2f(offset))) + abs(depth) * 1.0e-3 + 1.0e-20;
      let apart = abs(depth_at(other) - depth) / slope + abs(luminance(there.xyz) - light) * brightness_scale;
      let hits = max(0.0, 1.0 - abs(normal.w - other_normal.w));
      let alike = normal_weight(normal.xyz, other_normal.xyz) * hits * decay(vec3f(min(apart, 1.0e4))).x;
      let weight = spline(x) * spline(y) * alike;
      color += there.xyz * weight;
      variance += there.w * weight * weight;
      weights += weight;
    }
  }
  filtered[index] = vec4f(color * (1.0 / weights), variance / (weights * weights));
}
