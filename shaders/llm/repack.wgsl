// Turns rows of a GGUF tensor (file layout, in a staging buffer) into the aligned planes of its format.
// One invocation: two blocks of 32 columns of one row, because their scales share a word. The format's text (repackBlock,
// BLOCK_BYTES, BLOCK_WORDS) is put in front. Host: worker/llm/kernels/repack.ts. Exact, no tolerance.
struct Shape {
  rowCount: u32,
  columns: u32,
  rowBytes: u32,
  destinationRow: u32,
}
override HAS_SCALES: bool = true;
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> raw: array<u32>;
@group(0) @binding(2) var<storage, read_write> data: array<u32>;
@group(0) @binding(3) var<storage, read_write> scales: array<u32>;

// The four bytes at any byte offset: file blocks are not aligned to words.
fn rawWord(offset: u32) -> u32 {
  let index = offset / 4u;
  let shift = (offset & 3u) * 8u;
  let low = raw[index] >> shift;
  return low | select(0u, raw[index + 1u] << ((32u - shift) & 31u), shift != 0u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let blocks = (shape.columns + 31u) / 32u;
  let pairs = (blocks + 1u) / 2u;
  let row = id.x / pairs;
  let pair = id.x % pairs;
  if (row >= shape.rowCount) {
    return;
  }
  let destinationRow = shape.destinationRow + row;
  var packed = 0u;
  for (var half = 0u; half < 2u; half++) {
    let block = pair * 2u + half;
    if (block < blocks) {
      let source = row * shape.rowBytes + block * BLOCK_BYTES;
      let destination = (destinationRow * blocks + block) * BLOCK_WORDS;
      packed |= repackBlock(source, destination, min(shape.columns - block * 32u, 32u)) << (half * 16u);
    }
  }
  if (HAS_SCALES) {
    scales[destinationRow * pairs + pair] = packed;
  }
}
