// Turns rows of a GGUF tensor (file layout, in a staging buffer) into the aligned planes of its format.
// One invocation: one group of one row, which is what shares words of the scales plane. The format's text (repackGroup,
// GROUP_BYTES, GROUP_BLOCKS, BLOCK_WORDS, SCALE_WORDS) is put in front. Host: worker/llm/kernels/repack.ts. Exact, no tolerance.
struct Shape {
  rowCount: u32,
  columns: u32,
  rowBytes: u32,
  destinationRow: u32,
}
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

fn rawHalf(offset: u32) -> u32 {
  return rawWord(offset) & 0xffffu;
}

// Nibbles of bytes [offset, offset + 4) in the low, of [offset + 16, offset + 20) in the high halves of four bytes;
// `shift` says which nibble of the file's bytes.
fn rawNibblePairs(offset: u32, shift: u32) -> u32 {
  let low = (rawWord(offset) >> shift) & 0x0f0f0f0fu;
  let high = (rawWord(offset + 16u) >> shift) & 0x0f0f0f0fu;
  return low | (high << 4u);
}

// Two-bit codes at bit `shift` of 16 bytes: byte 4k + j goes to bit 8j + 2k.
fn rawCrumbs(offset: u32, shift: u32) -> u32 {
  var word = 0u;
  for (var k = 0u; k < 4u; k++) {
    word |= ((rawWord(offset + k * 4u) >> shift) & 0x03030303u) << (2u * k);
  }
  return word;
}

// Bit `shift` of 32 bytes, in their order.
fn rawBits(offset: u32, shift: u32) -> u32 {
  var word = 0u;
  for (var k = 0u; k < 8u; k++) {
    let bits = (rawWord(offset + k * 4u) >> shift) & 0x01010101u;
    word |= ((bits | (bits >> 7u) | (bits >> 14u) | (bits >> 21u)) & 15u) << (4u * k);
  }
  return word;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let blocks = (shape.columns + 31u) / 32u;
  let groups = (blocks + GROUP_BLOCKS - 1u) / GROUP_BLOCKS;
  let row = id.x / groups;
  let group = id.x % groups;
  if (row >= shape.rowCount) {
    return;
  }
  let destinationRow = shape.destinationRow + row;
  let firstBlock = group * GROUP_BLOCKS;
  repackGroup(
    row * shape.rowBytes + group * GROUP_BYTES,
    (destinationRow * blocks + firstBlock) * BLOCK_WORDS,
    (destinationRow * groups + group) * SCALE_WORDS,
    min(shape.columns - firstBlock * 32u, GROUP_BLOCKS * 32u),
  );
}
