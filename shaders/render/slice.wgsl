// What one dispatch renders, and where its sums go: for both drivers of the path tracer.

struct Slice {
  tile_x: u32,
  tile_y: u32,
  tile_width: u32,
  /// Rows of the tile covered by this dispatch.
  first_row: u32,
  end_row: u32,
  first_sample: u32,
  sample_count: u32,
  /// 1: add to what earlier slices of this tile left in the film; 0: start from zero.
  continues: u32,
}

@group(1) @binding(0) var<uniform> slice: Slice;
/// Row-major in the tile: sums of R, G, B and of squared luminance.
@group(1) @binding(1) var<storage, read_write> film: array<vec4f>;
