import createDecoder, { type DracoMesh, type DracoModule } from 'draco3d/draco_decoder_nodejs.js';
import wasmBytes from 'draco3d/draco_decoder.wasm?bytes';

/** What decoding may take: some two hundred bytes for each triangle of the largest scene. */
const heapBytes = 1024 * 1024 * 1024;

export interface DracoAttributeRequest {
  readonly uniqueId: number;
  /** glTF's component type. */
  readonly componentType: number;
  readonly componentsPerElement: number;
}

export interface DecodedMesh {
  readonly pointCount: number;
  /** Three uint32 for each triangle. */
  readonly indices: Uint8Array<ArrayBuffer>;
  /** In the order of the requests, elements close together. */
  readonly attributes: readonly Uint8Array<ArrayBuffer>[];
}

export interface DracoExpectation {
  readonly triangleCount: number;
  readonly pointCount: number;
}

let compiled: WebAssembly.Module | undefined;

/**
 * Decodes one mesh in an instance of its own, which is thrown away: nothing that a hostile file does to it lasts.
 *
 * @throws Error with the decoder's words, or when the mesh is not as large as was said.
 */
export async function decodeDraco(
  file: Uint8Array<ArrayBuffer>,
  expected: DracoExpectation,
  requests: readonly DracoAttributeRequest[],
): Promise<DecodedMesh> {
  let memory: WebAssembly.Memory | undefined;
  const draco = await createDecoder({
    instantiateWasm(imports, receive) {
      compiled ??= new WebAssembly.Module(wasmBytes);
      const instance = new WebAssembly.Instance(compiled, imports);
      memory = boundMemory(instance);
      receive(instance, compiled);
      return instance.exports;
    },
  });
  if (memory === undefined) throw new Error('the decoder has no memory');
  return decodeWith(draco, memory, { file, expected, requests });
}

/** The glue grows the memory through this method; refused, an allocation fails as it would at the end of all memory. */
function boundMemory(instance: WebAssembly.Instance): WebAssembly.Memory | undefined {
  const memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
  if (memory === undefined) return undefined;
  Object.defineProperty(memory, 'grow', {
    value(pages: number): number {
      if (memory.buffer.byteLength + pages * 65_536 > heapBytes)
        throw new RangeError('the decoder needs too much memory');
      return WebAssembly.Memory.prototype.grow.call(memory, pages);
    },
  });
  return memory;
}

function decodeWith(
  draco: DracoModule,
  memory: WebAssembly.Memory,
  {
    file,
    expected,
    requests,
  }: {
    readonly file: Uint8Array<ArrayBuffer>;
    readonly expected: DracoExpectation;
    readonly requests: readonly DracoAttributeRequest[];
  },
): DecodedMesh {
  const decoder = new draco.Decoder();
  const mesh = new draco.Mesh();
  const status = decoder.DecodeArrayToMesh(file, file.length, mesh);
  if (!status.ok()) throw new Error(status.error_msg());
  const pointCount = mesh.num_points();
  if (mesh.num_faces() !== expected.triangleCount || pointCount !== expected.pointCount) {
    throw new Error(
      `it holds ${mesh.num_faces()} triangles over ${pointCount} points, not ${expected.triangleCount} over ${expected.pointCount}`,
    );
  }

  function copyOut(sizeBytes: number, write: (pointer: number) => boolean): Uint8Array<ArrayBuffer> {
    const pointer = draco['_malloc'](sizeBytes);
    if (pointer === 0 || !write(pointer)) throw new Error('its values cannot be read');
    // Read after the call: it may have moved the memory.
    const bytes = new Uint8Array(memory.buffer, pointer, sizeBytes).slice();
    draco['_free'](pointer);
    return bytes;
  }

  const indexBytes = expected.triangleCount * 12;
  return {
    pointCount,
    indices: copyOut(indexBytes, (pointer) => decoder.GetTrianglesUInt32Array(mesh, indexBytes, pointer)),
    attributes: requests.map((request) => {
      const attribute = attributeOf(decoder, mesh, request);
      const [type, width] = dataTypeOf(draco, request.componentType);
      const sizeBytes = pointCount * request.componentsPerElement * width;
      return copyOut(sizeBytes, (pointer) =>
        decoder.GetAttributeDataArrayForAllPoints(mesh, attribute, type, sizeBytes, pointer),
      );
    }),
  };
}

function attributeOf(decoder: InstanceType<DracoModule['Decoder']>, mesh: DracoMesh, request: DracoAttributeRequest) {
  const attribute = decoder.GetAttributeByUniqueId(mesh, request.uniqueId);
  if (attribute.ptr === 0) throw new Error(`it has no attribute ${request.uniqueId}`);
  if (attribute.num_components() === request.componentsPerElement) return attribute;
  throw new Error(
    `its attribute ${request.uniqueId} has ${attribute.num_components()} components, not ${request.componentsPerElement}`,
  );
}

/** Draco's word for a glTF component type, and bytes of a component. */
function dataTypeOf(draco: DracoModule, componentType: number): readonly [number, number] {
  switch (componentType) {
    case 5120:
      return [draco.DT_INT8, 1];
    case 5121:
      return [draco.DT_UINT8, 1];
    case 5122:
      return [draco.DT_INT16, 2];
    case 5123:
      return [draco.DT_UINT16, 2];
    default:
      return [draco.DT_FLOAT32, 4];
  }
}
