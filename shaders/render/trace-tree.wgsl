// Rays through a scene of one tree; see trace-instances.wgsl for the other kind.

fn trace_closest(origin: vec3f, direction: vec3f) -> Hit {
  var best = Hit(FAR_AWAY, NO_HIT, 0.0, 0.0, 0u);
  var best_id = NO_HIT;
  closest_in_tree(scene.root_reference, origin, direction, &best, &best_id);
  return best;
}

/// Whether anything lies in (0, limit).
fn trace_any(origin: vec3f, direction: vec3f, limit: f32) -> bool {
  return any_in_tree(scene.root_reference, origin, direction, limit);
}
