const magic = [0x44, 0x52, 0x41, 0x43, 0x4f];
const triangularMesh = 1;
const edgebreaker = 1;
const hasMetadata = 0x8000;

/**
 * How many triangles and vertices a Draco file says it holds (bitstream specification 2.2, sections 3 to 5), which is what its
 * decoder allocates before it finds out whether they are there.
 *
 * @throws Error saying what is wrong with the header.
 */
export function readDracoHeader(file: Uint8Array): { readonly triangleCount: number; readonly vertexCount: number } {
  if (magic.some((byte, index) => file[index] !== byte)) throw new Error('it is no Draco file');
  const [major = 0, minor = 0, geometry, method] = file.subarray(5, 9);
  if (major !== 2 || minor !== 2) throw new Error(`it is of Draco ${major}.${minor}; glTF has 2.2`);
  if (geometry !== triangularMesh) throw new Error('it is not a mesh');
  if (method !== 0 && method !== edgebreaker) throw new Error(`it is coded by the unknown method ${method}`);
  const flags = (file[9] ?? 0) | ((file[10] ?? 0) << 8);
  if ((flags & hasMetadata) !== 0) throw new Error('it carries metadata, which glTF has no use for');
  // Edgebreaker tells first how it walked over the mesh, and then vertices before faces.
  const [first, next] = readVarint(file, method === edgebreaker ? 12 : 11);
  const [second] = readVarint(file, next);
  return method === edgebreaker
    ? { vertexCount: first, triangleCount: second }
    : { triangleCount: first, vertexCount: second };
}

/** Seven bits a byte, the lowest first; and where the next field begins. */
function readVarint(file: Uint8Array, offset: number): [number, number] {
  let value = 0;
  for (let place = 0; place < 5; place += 1) {
    const byte = file[offset + place];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * place);
    if (byte < 0x80) return [value, offset + place + 1];
  }
  throw new Error('its header is cut short');
}
