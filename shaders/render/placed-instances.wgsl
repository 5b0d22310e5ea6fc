// Where triangles stand in a scene that keeps meshes once and shows them many times: stored in the space of their mesh and
// moved to the world when they are hit. An instance is six vec4u among the nodes, from scene.instance_quad on:
//   0..2: the rows of the inverse 3x3 matrix, and in w the position x, y, z;  world = matrix x point + position
//   3..5: the rows of the matrix, and in w the root of the mesh's tree, the id of its first triangle, and the flags of all
// What stands in the world already is an instance that moves nothing, to the last bit.

const QUADS_PER_INSTANCE = 6u;

/// Of the instance whose tree is walked.
var<private> instance_first_id: u32;

/// Ids count through the whole scene, as if every instance were listed.
fn shown_id(id: u32) -> u32 {
  return id + instance_first_id;
}

struct Rows {
  x: vec4u,
  y: vec4u,
  z: vec4u,
}

fn rows_at(quad: u32) -> Rows {
  return Rows(node_quad(quad), node_quad(quad + 1u), node_quad(quad + 2u));
}

fn last_column(rows: Rows) -> vec3u {
  return vec3u(rows.x.w, rows.y.w, rows.z.w);
}

fn multiply_rows(rows: Rows, v: vec3f) -> vec3f {
  return vec3f(dot(bitcast<vec3f>(rows.x.xyz), v), dot(bitcast<vec3f>(rows.y.xyz), v), dot(bitcast<vec3f>(rows.z.xyz), v));
}

fn inverse_of(instance: u32) -> Rows {
  return rows_at(scene.instance_quad + instance * QUADS_PER_INSTANCE);
}

fn matrix_of(instance: u32) -> Rows {
  return rows_at(scene.instance_quad + instance * QUADS_PER_INSTANCE + 3u);
}

fn placed_triangle(slot: u32, instance: u32) -> Triangle {
  let matrix = matrix_of(instance);
  var triangle = triangle_at(slot);
  triangle.corner = multiply_rows(matrix, triangle.corner) + bitcast<vec3f>(last_column(inverse_of(instance)));
  triangle.edge1 = multiply_rows(matrix, triangle.edge1);
  triangle.edge2 = multiply_rows(matrix, triangle.edge2);
  triangle.id += matrix.y.w;
  triangle.flags |= matrix.z.w;
  return triangle;
}

/// Normals go by the transpose of the inverse.
fn placed_normal(inverse: Rows, normal: vec3f) -> vec3f {
  return unit(
    bitcast<vec3f>(inverse.x.xyz) * normal.x + bitcast<vec3f>(inverse.y.xyz) * normal.y + bitcast<vec3f>(inverse.z.xyz) * normal.z,
  );
}

fn placed_corners(slot: u32, instance: u32) -> Corners {
  let inverse = inverse_of(instance);
  var corners = corners_at(slot);
  corners.a = placed_normal(inverse, corners.a);
  corners.b = placed_normal(inverse, corners.b);
  corners.c = placed_normal(inverse, corners.c);
  return corners;
}
