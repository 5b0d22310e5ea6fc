// Choice of one emissive triangle among thousands as a point sees them (Conty Estevez and Kulla 2018, without the receiver's
// normal): down a tree of groups, at each step to one half with
//   chance = importance / (importance of both halves),  importance = power / max(d^2, r^2) cos t'
// d: distance to the middle of the group's box, r: half its diagonal, t': least angle between a front in the group and the way
// to the point. Where neither half can shine at the point, by power: so the chances of all triangles add up to 1.
// Elements of `lights`, after those of the alias table. A group has in
//   position, intensity: its box        probability: its share of all power     direction: mean of the fronts, unit
//   cone_scale: cosine of how far fronts lean from it     cone_offset: 1 when some shine from both sides
//   alias_index: its first half; the second is next to it     triangle_slot: the group around it, or the table's entry
// A triangle alone has the same, but alias_index: the group around it, and its triangle_slot.
// The chance of a triangle that was hit is found by walking up: the same factors as on the way down.

struct ChosenEmitter {
  light: Light,
  /// With which it was chosen among the tree's.
  chance: f32,
}

/// cos(max(0, a - b)) from the cosines of two angles in 0..pi.
fn cosine_less(a: f32, b: f32) -> f32 {
  if (a >= b) {
    return 1.0;
  }
  return a * b + sqrt(max(0.0, 1.0 - a * a)) * sqrt(max(0.0, 1.0 - b * b));
}

fn group_importance(group: Light, point: vec3f) -> f32 {
  let half_box = (group.intensity - group.position) * 0.5;
  let offset = point - (group.position + half_box);
  let radius_squared = dot(half_box, half_box);
  let squared = max(dot(offset, offset), 1.0e-20);
  let power = group.probability / max(squared, radius_squared);
  if (squared <= radius_squared) {
    return power;
  }
  var cosine = dot(group.direction, offset) * (1.0 / sqrt(squared));
  cosine = select(cosine, abs(cosine), group.cone_offset > 0.0);
  cosine = cosine_less(cosine, group.cone_scale);
  cosine = cosine_less(cosine, sqrt(1.0 - radius_squared / squared));
  return power * max(cosine, 0.0);
}

/// With which the first of two halves is chosen.
fn first_chance(first: u32, point: vec3f) -> f32 {
  let a = light_at(first);
  let b = light_at(first + 1u);
  let importance = group_importance(a, point);
  let all = importance + group_importance(b, point);
  if (all > 0.0) {
    return importance / all;
  }
  return a.probability / (a.probability + b.probability);
}

/// `numbers` are used up from the first on: each has digits for a dozen choices.
fn choose_emitter(root: u32, point: vec3f, numbers: vec2f) -> ChosenEmitter {
  var light = light_at(root);
  var chance = 1.0;
  var number = numbers.x;
  var spare = numbers.y;
  var digits = 1.0;
  while (light.kind == LIGHT_GROUP) {
    if (digits < 0.000244140625) {
      number = spare;
      spare = f32(hash_u32(bitcast<u32>(spare)) >> 8u) * 5.9604644775390625e-8;
      digits = 1.0;
    }
    let first = first_chance(light.alias_index, point);
    let is_first = number < first;
    let own = select(1.0 - first, first, is_first);
    number = min(select(number - first, number, is_first) / own, 0.99999994);
    digits *= own;
    chance *= own;
    light = light_at(light.alias_index + select(1u, 0u, is_first));
  }
  return ChosenEmitter(light, chance);
}

/// With which sample_light would choose the triangle at `element`, seen from `point`.
fn emitter_chance(element: u32, point: vec3f) -> f32 {
  var chance = 1.0;
  var index = element;
  var around = light_at(element).alias_index;
  var group = light_at(around);
  while (group.kind == LIGHT_GROUP) {
    let first = first_chance(group.alias_index, point);
    chance *= select(1.0 - first, first, index == group.alias_index);
    index = around;
    around = group.triangle_slot;
    group = light_at(around);
  }
  return chance * group.probability;
}
