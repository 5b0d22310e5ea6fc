// Plain-code twin of shaders/llm/matrix-units.wgsl, for adapters without matrix units: an operand is the place in workgroup memory
// where it lies, and a lane of a subgroup (a run of invocations) holds four rows of one token of a sum, so that SUBGROUP_SIZE is a quarter of the
// numbers of a fragment. Needs no feature where TileElement is vec4<u32>.
struct Left {
  strip: u32,
  offset: u32,
}

struct Right {
  strip: u32,
  offset: u32,
}

alias Sum = vec4<f32>;

var<private> lane: u32;

fn emulatedSubgroup(index: u32) -> u32 {
  lane = index % SUBGROUP_SIZE;
  return index / SUBGROUP_SIZE;
}

fn loadLeft(strip: u32, offset: u32) -> Left {
  return Left(strip, offset);
}

fn loadRight(strip: u32, offset: u32) -> Right {
  return Right(strip, offset);
}

fn multiplyAdd(left: Left, right: Right, sum: Sum) -> Sum {
  let row = left.offset + (lane % (FRAGMENT_ROWS / 4u)) * 4u * TILE_STRIDE;
  let token = right.offset + (lane / (FRAGMENT_ROWS / 4u)) * TILE_STRIDE;
  var result = sum;
  for (var octet = 0u; octet < FRAGMENT_COLUMNS / 8u; octet++) {
    let input = inputTile[right.strip][token + octet];
    for (var i = 0u; i < 4u; i++) {
      result[i] += dotOctets(weightTile[left.strip][row + i * TILE_STRIDE + octet], input);
    }
  }
  return result;
}

fn dotOctets(a: vec4<u32>, b: vec4<u32>) -> f32 {
  return dot(unpack2x16float(a.x), unpack2x16float(b.x)) + dot(unpack2x16float(a.y), unpack2x16float(b.y))
    + dot(unpack2x16float(a.z), unpack2x16float(b.z)) + dot(unpack2x16float(a.w), unpack2x16float(b.w));
}

// By columns: [token][row / 4], the order of the lanes.
fn storeSum(offset: u32, sum: Sum) {
  resultTile[offset + lane] = bitcast<vec4<u32>>(sum);
}
