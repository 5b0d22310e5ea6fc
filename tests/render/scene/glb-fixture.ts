import { createMemorySource } from '../../../worker/byte-source.ts';
import type { SceneView } from '../../../worker/messages.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import type { Scene } from '../../../worker/render/scene/scene.ts';

/** A glTF document to damage: members by path, as `accessors.0.count`. */
export interface DocumentEdit {
  set(path: string, value: unknown): void;
  remove(path: string): void;
}

function editorOf(document: object): DocumentEdit {
  function parentOf(path: string): [Record<string, unknown>, string] {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let parent = document as Record<string, unknown>;
    for (const key of keys) parent = parent[key] as Record<string, unknown>;
    return [parent, last];
  }
  return {
    set(path, value) {
      const [parent, key] = parentOf(path);
      parent[key] = value;
    },
    remove(path) {
      const [parent, key] = parentOf(path);
      delete parent[key];
    },
  };
}

/** Four corners of a unit square in the plane z = 0, then six indices of 16 bits, then four normals along z. */
export function squareBinary(): DataView {
  const view = new DataView(new ArrayBuffer(48 + 12 + 48));
  [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0].forEach((value, index) => view.setFloat32(index * 4, value, true));
  [0, 1, 2, 0, 2, 3].forEach((value, index) => view.setUint16(48 + index * 2, value, true));
  for (let vertex = 0; vertex < 4; vertex += 1) view.setFloat32(60 + vertex * 12 + 8, 1, true);
  return view;
}

/** A valid document over `squareBinary`: one node, one mesh, one material, one camera node. */
export function squareDocument(change: (document: DocumentEdit) => void = () => {}): object {
  const document = {
    asset: { version: '2.0' },
    scene: 0,
    scenes: [{ nodes: [0, 1] }],
    nodes: [{ mesh: 0 }, { camera: 0, translation: [0.5, 0.5, 3] }],
    cameras: [{ type: 'perspective', perspective: { yfov: 0.7, znear: 0.1 } }],
    materials: [
      { pbrMetallicRoughness: { baseColorFactor: [0.1, 0.2, 0.3, 1], metallicFactor: 0, roughnessFactor: 0.5 } },
    ],
    meshes: [{ primitives: [{ attributes: { POSITION: 0, NORMAL: 2 }, indices: 1, material: 0 }] }],
    accessors: [
      { bufferView: 0, componentType: 5126, count: 4, type: 'VEC3' },
      { bufferView: 1, componentType: 5123, count: 6, type: 'SCALAR' },
      { bufferView: 2, componentType: 5126, count: 4, type: 'VEC3' },
    ],
    bufferViews: [
      { buffer: 0, byteOffset: 0, byteLength: 48 },
      { buffer: 0, byteOffset: 48, byteLength: 12 },
      { buffer: 0, byteOffset: 60, byteLength: 48 },
    ],
    buffers: [{ byteLength: 108 }],
  };
  change(editorOf(document));
  return document;
}

/** Joins a document and its binary chunk to a GLB file; the document may also be raw text. */
export function glbOf(document: object | string, binary: DataView = squareBinary()): Uint8Array<ArrayBuffer> {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 4) * 4));
  const file = new Uint8Array(28 + json.byteLength + binary.byteLength);
  const view = new DataView(file.buffer);
  const words = [0x46546c67, 2, file.byteLength, json.byteLength, 0x4e4f534a];
  words.forEach((word, index) => view.setUint32(index * 4, word, true));
  file.set(json, 20);
  view.setUint32(20 + json.byteLength, binary.byteLength, true);
  view.setUint32(24 + json.byteLength, 0x004e4942, true);
  file.set(new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength), 28 + json.byteLength);
  return file;
}

/** Loads the square's document after a change to it. */
export function loadSquare(change: (document: DocumentEdit, binary: DataView) => void = () => {}): Promise<Scene> {
  const binary = squareBinary();
  const document = squareDocument((edit) => change(edit, binary));
  return loadScene(createMemorySource(glbOf(document, binary)));
}

type Numbers = Float32Array | Uint32Array | Uint16Array | Uint8Array | Int16Array | Int8Array;

const typeNumbers = new Map<unknown, number>([
  [Int8Array, 5120],
  [Uint8Array, 5121],
  [Int16Array, 5122],
  [Uint16Array, 5123],
  [Uint32Array, 5125],
  [Float32Array, 5126],
]);
const componentCounts: Readonly<Record<string, number>> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };

/** Adds to the square's document and binary chunk. */
export interface GlbAdder extends DocumentEdit {
  /** Puts bytes at the end of the binary chunk; returns the number of their buffer view. */
  view(bytes: ArrayBufferView, members?: object): number;
  /** Where a view that was added begins in the binary chunk. */
  offsetOf(view: number): number;
  /** Returns the number of an accessor as it is given. */
  entry(accessor: object): number;
  /** Puts numbers at the end of the binary chunk; returns the number of their accessor. */
  accessor(values: Numbers, type?: string, members?: object): number;
}

/** The square's file with more in it. */
export function extendedSquare(change: (adder: GlbAdder) => void): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [new Uint8Array(squareBinary().buffer)];
  const offsets = new Map<number, number>();
  let lengthBytes = 108;
  let [viewCount, accessorCount] = [3, 3];
  const document = squareDocument((edit) => {
    const adder: GlbAdder = {
      ...edit,
      view(bytes, members = {}) {
        const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
        padded.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
        edit.set(`bufferViews.${viewCount}`, {
          buffer: 0,
          byteOffset: lengthBytes,
          byteLength: bytes.byteLength,
          ...members,
        });
        offsets.set(viewCount, lengthBytes);
        parts.push(padded);
        lengthBytes += padded.length;
        viewCount += 1;
        return viewCount - 1;
      },
      offsetOf: (view) => offsets.get(view) as number,
      entry(accessor) {
        edit.set(`accessors.${accessorCount}`, accessor);
        accessorCount += 1;
        return accessorCount - 1;
      },
      accessor: (values, type = 'SCALAR', members = {}) =>
        adder.entry({
          bufferView: adder.view(values),
          componentType: typeNumbers.get(values.constructor),
          count: values.length / (componentCounts[type] as number),
          type,
          ...members,
        }),
    };
    change(adder);
    edit.set('buffers.0.byteLength', lengthBytes);
  });
  const binary = new Uint8Array(lengthBytes);
  let offset = 0;
  for (const part of parts) {
    binary.set(part, offset);
    offset += part.length;
  }
  return glbOf(document, new DataView(binary.buffer));
}

export function loadExtended(change: (adder: GlbAdder) => void, view: SceneView = {}): Promise<Scene> {
  return loadScene(createMemorySource(extendedSquare(change)), view);
}
