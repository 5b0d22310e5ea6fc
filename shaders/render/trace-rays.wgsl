// Traces a batch of rays: one thread per ray, answers in the order of the rays. For measuring traversal apart from
// shading, and for comparing it with a brute-force intersection.
// In: 32 bytes per ray: origin, limit, direction (unit), unused. A limit of 0 asks for the closest hit, a positive limit
// whether anything lies in (0, limit). Out: 16 bytes per ray: distance float32, triangle id u32, u, v float32; a miss
// has the id 0xffffffff. An any-hit ray answers with id 0 for a find. Distances agree with float64 to 1e-5 relative.

struct Ray {
  origin: vec3f,
  limit: f32,
  direction: vec3f,
  unused: f32,
}

@group(1) @binding(0) var<storage, read> rays: array<Ray>;
@group(1) @binding(1) var<storage, read_write> answers: array<vec4u>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = id.x + (id.y + id.z * groups.y) * groups.x * 64u;
  if (index >= arrayLength(&rays)) {
    return;
  }
  let ray = rays[index];
  if (ray.limit > 0.0) {
    let found = trace_any(ray.origin, ray.direction, ray.limit);
    answers[index] = vec4u(0u, select(NO_HIT, 0u, found), 0u, 0u);
    return;
  }
  let hit = trace_closest(ray.origin, ray.direction);
  var triangle_id = NO_HIT;
  if (hit.slot != NO_HIT) {
    triangle_id = placed_triangle(hit.slot, hit.instance).id;
  }
  answers[index] = vec4u(bitcast<u32>(hit.distance), triangle_id, bitcast<u32>(hit.u), bitcast<u32>(hit.v));
}
