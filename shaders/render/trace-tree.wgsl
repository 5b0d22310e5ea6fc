// Rays through a scene of one tree; see trace-instances.wgsl for the other kind.

fn trace_closest(origin: vec3f, direction: vec3f) -> Hit {
  return trace_nearest_or_first(origin, direction, FAR_AWAY, false);
}

/// The nearest hit in (0, limit), or any. For kernels that need both answers: one place that traces is compiled once.
fn trace_nearest_or_first(origin: vec3f, direction: vec3f, limit: f32, takes_first: bool) -> Hit {
  var best = Hit(limit, NO_HIT, 0.0, 0.0, 0u);
  // Of no use at a distance that is the limit, where nothing counts.
  var best_id = select(NO_HIT, 0u, takes_first);
  closest_in_tree(scene.root_reference, origin, direction, takes_first, &best, &best_id);
  return best;
}

/// Whether anything lies in (0, limit).
fn trace_any(origin: vec3f, direction: vec3f, limit: f32) -> bool {
  return any_in_tree(scene.root_reference, origin, direction, limit);
}
