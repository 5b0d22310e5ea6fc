// Where triangles stand in a scene that lists each of them where it is shown; see placed-instances.wgsl for the other kind.

fn shown_id(id: u32) -> u32 {
  return id;
}

fn placed_triangle(slot: u32, instance: u32) -> Triangle {
  return triangle_at(slot);
}

fn placed_corners(slot: u32, instance: u32) -> Corners {
  return corners_at(slot);
}
