// Path tracer over one tile in waves: every path of a slice takes one step, then all take the next, and the paths that
// ended leave the queue. Same functions in the same order as path-trace, so the same sums to the last bit.
//   generate -> (extend -> shade -> advance -> shadow) x (max_bounces + 1) -> accumulate
// Path p of the slice is sample p / pixels of pixel p % pixels. Who stands where in a queue depends on chance, what is
// written where does not: all of a path's values lie at its own index.
// path_data: eight planes of `capacity` vec4f, see the constants. queues: four lists of `capacity` u32: the paths alive, by
// turns in the first and the second; those with a shadow ray; and, at each path's own index, the slot that it hit.

const WORKGROUP = 64u;

/// Origin and density of the last direction.
const PLANE_ORIGIN = 0u;
/// Direction and medium.
const PLANE_DIRECTION = 1u;
const PLANE_THROUGHPUT = 2u;
const PLANE_RADIANCE = 3u;
/// Hit: distance, u, v, instance.
const PLANE_HIT = 4u;
/// Shadow ray: origin and limit.
const PLANE_SHADOW_ORIGIN = 5u;
const PLANE_SHADOW_DIRECTION = 6u;
const PLANE_CONTRIBUTION = 7u;

const LIST_SHADOW = 2u;
const LIST_SLOTS = 3u;

/// Paths in the queue that extend and shade read, and shadow rays that shadow reads.
const COUNT_ALIVE = 0u;
const COUNT_SHADOW = 1u;
/// What shade appends.
const COUNT_NEXT = 2u;
const COUNT_NEXT_SHADOW = 3u;
/// Scatterings so far; its lowest bit says which queue is read.
const COUNT_DEPTH = 4u;

@group(1) @binding(2) var<storage, read_write> path_data: array<vec4f>;
@group(1) @binding(3) var<storage, read_write> queues: array<u32>;
@group(1) @binding(4) var<storage, read_write> counters: array<atomic<u32>, 8>;
/// Workgroups for extend and shade, then for shadow.
@group(1) @binding(5) var<storage, read_write> dispatches: array<u32, 6>;

fn capacity() -> u32 {
  return arrayLength(&queues) / 4u;
}

fn pixel_count() -> u32 {
  return slice.tile_width * (slice.end_row - slice.first_row);
}

fn path_pixel(path_index: u32) -> vec2u {
  let place = path_index % pixel_count();
  return vec2u(
    slice.tile_x + place % slice.tile_width,
    slice.tile_y + slice.first_row + place / slice.tile_width,
  );
}

fn path_key(path_index: u32) -> SampleKey {
  return pixel_key(path_pixel(path_index), slice.first_sample + path_index / pixel_count());
}

fn queue_start(depth: u32) -> u32 {
  return (depth & 1u) * capacity();
}

@compute @workgroup_size(WORKGROUP)
fn generate(@builtin(global_invocation_id) id: vec3u) {
  let count = pixel_count() * slice.sample_count;
  if (id.x == 0u) {
    atomicStore(&counters[COUNT_ALIVE], count);
    atomicStore(&counters[COUNT_SHADOW], 0u);
    atomicStore(&counters[COUNT_NEXT], 0u);
    atomicStore(&counters[COUNT_NEXT_SHADOW], 0u);
    atomicStore(&counters[COUNT_DEPTH], 0u);
    let groups = (count + WORKGROUP - 1u) / WORKGROUP;
    dispatches = array<u32, 6>(groups, 1u, 1u, 0u, 1u, 1u);
  }
  if (id.x >= count) {
    return;
  }
  let path = begin_path(path_pixel(id.x), path_key(id.x));
  let stride = capacity();
  path_data[PLANE_ORIGIN * stride + id.x] = vec4f(path.origin, path.density);
  path_data[PLANE_DIRECTION * stride + id.x] = vec4f(path.direction, f32(path.medium));
  path_data[PLANE_THROUGHPUT * stride + id.x] = vec4f(path.throughput, 0.0);
  path_data[PLANE_RADIANCE * stride + id.x] = vec4f(path.radiance, 0.0);
  queues[id.x] = id.x;
}

@compute @workgroup_size(WORKGROUP)
fn extend(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= atomicLoad(&counters[COUNT_ALIVE])) {
    return;
  }
  let stride = capacity();
  let depth = atomicLoad(&counters[COUNT_DEPTH]);
  let path_index = queues[queue_start(depth) + id.x];
  let origin = path_data[PLANE_ORIGIN * stride + path_index].xyz;
  let direction = path_data[PLANE_DIRECTION * stride + path_index].xyz;
  begin_ray(path_key(path_index), depth, false);
  let hit = trace_closest(origin, direction);
  path_data[PLANE_HIT * stride + path_index] = vec4f(hit.distance, hit.u, hit.v, f32(hit.instance));
  queues[LIST_SLOTS * stride + path_index] = hit.slot;
}

@compute @workgroup_size(WORKGROUP)
fn shade(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= atomicLoad(&counters[COUNT_ALIVE])) {
    return;
  }
  let stride = capacity();
  let depth = atomicLoad(&counters[COUNT_DEPTH]);
  let path_index = queues[queue_start(depth) + id.x];
  let ray_origin = path_data[PLANE_ORIGIN * stride + path_index];
  let ray_direction = path_data[PLANE_DIRECTION * stride + path_index];
  let found = path_data[PLANE_HIT * stride + path_index];
  var path = Path(
    ray_origin.xyz,
    ray_direction.xyz,
    ray_origin.w,
    path_data[PLANE_THROUGHPUT * stride + path_index].xyz,
    path_data[PLANE_RADIANCE * stride + path_index].xyz,
    u32(ray_direction.w),
    true,
  );
  let hit = Hit(found.x, queues[LIST_SLOTS * stride + path_index], found.y, found.z, u32(found.w));
  let query = shade_vertex(&path, hit, depth, path_key(path_index));
  path_data[PLANE_RADIANCE * stride + path_index] = vec4f(path.radiance, 0.0);
  if (query.limit > 0.0) {
    path_data[PLANE_SHADOW_ORIGIN * stride + path_index] = vec4f(query.origin, query.limit);
    path_data[PLANE_SHADOW_DIRECTION * stride + path_index] = vec4f(query.direction, 0.0);
    path_data[PLANE_CONTRIBUTION * stride + path_index] = vec4f(query.contribution, 0.0);
    queues[LIST_SHADOW * stride + atomicAdd(&counters[COUNT_NEXT_SHADOW], 1u)] = path_index;
  }
  if (path.is_alive) {
    path_data[PLANE_ORIGIN * stride + path_index] = vec4f(path.origin, path.density);
    path_data[PLANE_DIRECTION * stride + path_index] = vec4f(path.direction, f32(path.medium));
    path_data[PLANE_THROUGHPUT * stride + path_index] = vec4f(path.throughput, 0.0);
    queues[queue_start(depth + 1u) + atomicAdd(&counters[COUNT_NEXT], 1u)] = path_index;
  }
}

/// What shade appended becomes what the next step reads.
@compute @workgroup_size(1)
fn advance() {
  let alive = atomicExchange(&counters[COUNT_NEXT], 0u);
  let shadows = atomicExchange(&counters[COUNT_NEXT_SHADOW], 0u);
  atomicStore(&counters[COUNT_ALIVE], alive);
  atomicStore(&counters[COUNT_SHADOW], shadows);
  atomicAdd(&counters[COUNT_DEPTH], 1u);
  dispatches = array<u32, 6>(
    (alive + WORKGROUP - 1u) / WORKGROUP,
    1u,
    1u,
    (shadows + WORKGROUP - 1u) / WORKGROUP,
    1u,
    1u,
  );
}

@compute @workgroup_size(WORKGROUP)
fn shadow(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= atomicLoad(&counters[COUNT_SHADOW])) {
    return;
  }
  let stride = capacity();
  let path_index = queues[LIST_SHADOW * stride + id.x];
  let origin = path_data[PLANE_SHADOW_ORIGIN * stride + path_index];
  let direction = path_data[PLANE_SHADOW_DIRECTION * stride + path_index].xyz;
  // advance has counted the vertex already.
  begin_ray(path_key(path_index), atomicLoad(&counters[COUNT_DEPTH]) - 1u, true);
  if (!trace_any(origin.xyz, direction, origin.w)) {
    path_data[PLANE_RADIANCE * stride + path_index] += path_data[PLANE_CONTRIBUTION * stride + path_index];
  }
}

@compute @workgroup_size(WORKGROUP)
fn accumulate(@builtin(global_invocation_id) id: vec3u) {
  let pixels = pixel_count();
  if (id.x >= pixels) {
    return;
  }
  let film_index = slice.first_row * slice.tile_width + id.x;
  var sums = vec4f(0.0);
  if (slice.continues != 0u) {
    sums = film[film_index];
  }
  let stride = capacity();
  for (var offset = 0u; offset < slice.sample_count; offset++) {
    let path_index = offset * pixels + id.x;
    sums += film_value(path_data[PLANE_RADIANCE * stride + path_index].xyz, path_key(path_index));
  }
  film[film_index] = sums;
}
