import { MeshoptEncoder } from 'meshoptimizer/encoder';
import { ktx2Files } from '../../fixtures/textures/ktx2-files.ts';
import { type GlbAdder, extendedSquare, squareBinary } from './glb-fixture.ts';

await MeshoptEncoder.ready;

/**
 * The square with its normals, coordinates, joints and weights, coded by npm `draco3d` 1.5.9: unique ids 0 to 4; by walking over
 * its edges and one triangle after the other.
 */
export const dracoSquares = {
  edgebreaker: fromBase64(
    'RFJBQ08CAgEBAAAABAIEAgAAAR//ARH/ARH/ARH/ARH/AREF/wABAAAAAQAAAgAAAwAAAQAJAwAAAgEBCQMAAQMBAwkCAAICAQQCBAADAQEECQQABAIBAQEAAwMB' +
      'MAEQAwAogpgAAAAAAP8/AAAAAAAAAAAAAAAAAAAAAIA/DgYDAQEDAQFAAQD/AwAA/wEAAP8CREAKBQEBAAMDATABEAMAJIImAAIAAAABASAAAAAA/w8AAAAAAAAA' +
      'AAAAAACAPwwBAQEAAgMBQAEAEAAAAAAAAQAAAAEBAQEDAQFAAQAAAAAAAAAAAAAAgD8AAAAAAAAAAAAAAAAAAIA/CA==',
  ),
  sequential: fromBase64(
    'RFJBQ08CAgEAAAACBAEAAQIAAgMBBQAJAwAAAQkDAAEDCQIAAgQCBAADBAkEAAQCAwIBAgABAQADAwEwARADADSCiAQAAAAA/z8AAAADAQAKAwEwGwEQAwAcggD+' +
      'A/8DAAD/AQAAAAEBAAMDASABIAMAIISGAgAAAAD/DwAAAAEBAAIDAUABAAABAAAAAAEAAAAAAQEBAwEBQAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA/DgoAAAAA' +
      'AAAAAAAAgD8MAACAPwAAAAAAAAAAAAAAAAAAgD8I',
  ),
};

/** Coded by libwebp: 2 x 2 pixels without loss (red, green half there, blue, nearly black and not there), 16 x 16 of one colour with loss. */
export const webpFiles = {
  lossless: fromBase64('UklGRjoAAABXRUJQVlA4TC4AAAAvAUAAEB8gEEiS2B91DSEBQfX/L4EAwYj/SwIBQjrlAm9ZqoSSAAFQlJGI/gcD'),
  lossy: fromBase64(
    'UklGRmYAAABXRUJQVlA4WAoAAAAQAAAADwAADwAAQUxQSBMAAAABD/Cg/4iIIBZM8pfunEJE/zNOAFZQOCAsAAAA8AEAnQEqEAAQAAIANCWgAnS6AfgABMgAAP6X' +
      'F/8guWF1yNf+cSogk3mAAAA=',
  ),
};

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

/** The square's only primitive with a Draco file in place of its bytes. */
export function draco(add: GlbAdder, file: Uint8Array, attributes: object = { POSITION: 0, NORMAL: 1 }): void {
  for (const accessor of [0, 1, 2]) add.remove(`accessors.${accessor}.bufferView`);
  add.set('meshes.0.primitives.0.extensions', {
    KHR_draco_mesh_compression: { bufferView: add.view(file), attributes },
  });
  add.set('extensionsRequired', ['KHR_draco_mesh_compression']);
}

/** Compresses what a buffer view of the square holds. */
export function meshopt(
  add: GlbAdder,
  view: number,
  values: Float32Array | Uint16Array | Int8Array,
  how: { count: number; mode: 'ATTRIBUTES' | 'TRIANGLES' | 'INDICES'; filter?: string },
): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const byteStride = bytes.length / how.count;
  const packed = MeshoptEncoder.encodeGltfBuffer(bytes, how.count, byteStride, how.mode);
  const packedView = add.view(packed);
  // Its place is that of the packed bytes; the view itself lies in a buffer that is not there.
  add.set(`bufferViews.${view}`, {
    buffer: 1,
    byteLength: bytes.length,
    extensions: {
      EXT_meshopt_compression: {
        buffer: 0,
        byteOffset: add.offsetOf(packedView),
        byteLength: packed.length,
        byteStride,
        ...how,
      },
    },
  });
  add.set('buffers.1', { byteLength: bytes.length, extensions: { EXT_meshopt_compression: { fallback: true } } });
  add.set('extensionsRequired', ['EXT_meshopt_compression']);
}

/** Two squares, one by Draco and one by meshoptimizer, under textures in WebP and KTX2. */
export function packedScene(): Uint8Array<ArrayBuffer> {
  return extendedSquare((add) => {
    const shape = { componentType: 5126, count: 4 };
    const position = add.entry({ bufferView: 0, ...shape, type: 'VEC3' });
    const triangles = add.entry({ bufferView: 1, componentType: 5123, count: 6, type: 'SCALAR' });
    meshopt(add, 0, new Float32Array(squareBinary().buffer, 0, 12), { count: 4, mode: 'ATTRIBUTES' });
    add.set('meshes.1', { primitives: [{ attributes: { POSITION: position }, indices: triangles }] });
    add.set('nodes.2', { mesh: 1, translation: [2, 0, 0] });
    add.set('scenes.0.nodes', [0, 1, 2]);
    const coordinates = add.entry({ ...shape, type: 'VEC2' });
    add.set('meshes.0.primitives.0.attributes.TEXCOORD_0', coordinates);
    draco(add, dracoSquares.edgebreaker, { POSITION: 0, NORMAL: 1, TEXCOORD_0: 2 });
    add.set('images', [
      { bufferView: add.view(webpFiles.lossless), mimeType: 'image/webp' },
      { bufferView: add.view(ktx2Files.etc1s), mimeType: 'image/ktx2' },
    ]);
    add.set('textures', [
      { extensions: { EXT_texture_webp: { source: 0 } } },
      { extensions: { KHR_texture_basisu: { source: 1 } } },
    ]);
    add.set('materials.0.pbrMetallicRoughness.baseColorTexture', { index: 0 });
    add.set('materials.0.emissiveTexture', { index: 1 });
  });
}
