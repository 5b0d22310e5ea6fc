// Traces the rays of trace-rays and tells for each what it cost: inner nodes read, triangles tested. One thread per ray.
// In: as trace-rays. Out: 8 bytes per ray: nodes u32, triangles u32. Exact, and the same on every adapter that finds the
// same hits.

struct Ray {
  origin: vec3f,
  limit: f32,
  direction: vec3f,
  unused: f32,
}

@group(1) @binding(0) var<storage, read> rays: array<Ray>;
@group(1) @binding(1) var<storage, read_write> costs: array<vec2u>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + (id.y + id.z * groups.y) * groups.x * 64u;
  if (index >= arrayLength(&rays)) {
    return;
  }
  let ray = rays[index];
  if (ray.limit > 0.0) {
    let found = trace_any(ray.origin, ray.direction, ray.limit);
  } else {
    let hit = trace_closest(ray.origin, ray.direction);
  }
  costs[index] = vec2u(visited_nodes, tested_triangles);
}
