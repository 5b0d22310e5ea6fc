/** What crosses the worker's boundary about scenes and pictures; part of `worker/messages.ts`. */

/** Half-open pixel rectangle, origin top left. */
export interface Tile {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

export interface RenderSettings {
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** Unsigned 32-bit. */
  readonly seed: number;
  readonly maxBounces: number;
  readonly view?: SceneView;
}

/** From where and when a scene is seen. A text of digits is a place counted from 0, any other a name in the file. */
export interface SceneView {
  /** Among the cameras of the scene's nodes; the first when left out. */
  readonly camera?: string;
  /** The scene as the animation has it at this time; as it lies in the file when left out. */
  readonly timeSeconds?: number;
  /** The one animation that plays; the first when left out. */
  readonly animation?: string;
}

export interface SceneDescription {
  readonly triangleCount: number;
  readonly emissiveTriangleCount: number;
  readonly meshCount: number;
  readonly materialCount: number;
  readonly nodeCount: number;
  readonly boundingBox: { readonly minimum: readonly number[]; readonly maximum: readonly number[] };
  readonly gpuBytes: number;
}

/** Sums over samples, 4 float32 per pixel, row-major in the tile: R, G, B (linear), and the sum of squared luminance. */
export interface TileResult {
  readonly tile: Tile;
  readonly firstSample: number;
  readonly sampleCount: number;
  readonly sums: Float32Array<ArrayBuffer>;
  readonly durationMs: number;
}

/** Why a scene is not rendered here. `needed` and `available` are in the unit that the sentence names. */
export interface SceneRefusal {
  /** BAD_SCENE: malformed, or it uses what this renderer does not support. OUT_OF_MEMORY: too large for the budget, the adapter or the renderer. */
  readonly code: 'BAD_SCENE' | 'OUT_OF_MEMORY';
  readonly message: string;
  readonly needed?: number;
  readonly available?: number;
}

/** Bytes of GPU buffers and textures that a scene takes, to the byte; what a driver adds for itself comes on top. */
export interface SceneEstimate {
  /** What a loaded scene holds until it is unloaded. */
  readonly residentBytes: number;
  /** The most that rendering holds: the tile and its way back, and the second driver, which long jobs bring in. */
  readonly peakBytes: number;
  /** As 'load-scene' describes it; null where it cannot be loaded. */
  readonly scene: SceneDescription | null;
  /** Null when it fits. */
  readonly refusal: SceneRefusal | null;
}
