/** What a scene may ask for. Checked before memory is taken, so that a hostile file costs little. */
export const sceneLimits = {
  jsonBytes: 16 * 1024 * 1024,
  binaryBytes: 512 * 1024 * 1024,
  /** Of all compressed buffer views together, once they are unfolded. */
  unfoldedBytes: 512 * 1024 * 1024,
  accessors: 100_000,
  bufferViews: 100_000,
  cameras: 1_000,
  materials: 16_384,
  punctualLights: 4_096,
  textures: 16_384,
  meshes: 65_536,
  primitives: 262_144,
  nodes: 100_000,
  nodeDepth: 512,
  animations: 16_384,
  animationChannels: 100_000,
  /** Of one animation: the tables of times that its channels use, and the values that are read for one time. */
  animationKeys: 4_000_000,
  skins: 16_384,
  joints: 65_536,
  /** Sets of four joints that a vertex may follow. */
  influenceSets: 4,
  morphTargets: 1_024,
  morphWeight: 1e6,
  /** Summed over the nodes: a node with EXT_mesh_gpu_instancing shows its mesh many times. */
  instances: 1_000_000,
  /**
   * Summed over the primitives that the scene uses; each is decoded once, whatever the number of its instances, and counts again
   * for its skin, its morph targets and each instance that these give a shape of its own.
   */
  vertices: 12_000_000,
  /** Kept in memory: every node that shows a mesh counts its triangles again, unless the mesh is kept once. */
  triangles: 4_000_000,
  /** Each has an id of 32 bits. */
  shownTriangles: 4_000_000_000,
  /** Beyond this the slab test of the tracer would leave the range of float32. */
  coordinate: 1e8,
  /** Radiance of an emitter or of the background. */
  radiance: 1e9,
} as const;
