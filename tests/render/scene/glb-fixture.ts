import { createMemorySource } from '../../../worker/byte-source.ts';
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
