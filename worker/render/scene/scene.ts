import type { TextureImage } from '../textures/texture-image.ts';
import type { Matrix } from './matrix.ts';

/** Three float64 numbers: a point, a direction or a linear RGB colour. */
export type Vector3 = readonly [number, number, number];

/** One use of an image by a material: TEXCOORD_0 through KHR_texture_transform, bilinear unless `isNearest`. */
export interface TextureSlot {
  readonly imageIndex: number;
  readonly wrapU: 'repeat' | 'clamp' | 'mirror';
  readonly wrapV: 'repeat' | 'clamp' | 'mirror';
  readonly isNearest: boolean;
  readonly offset: readonly [number, number];
  readonly scale: readonly [number, number];
  readonly rotationRadians: number;
}

/** glTF metallic-roughness material and extensions; colours linear, emission in radiance units. */
export interface Material {
  readonly name: string;
  readonly baseColor: Vector3;
  readonly metallic: number;
  /** Perceptual: the GGX width is its square. */
  readonly roughness: number;
  /** emissiveFactor x KHR_materials_emissive_strength; leaves the front side, and the back too when `doubleSided`. */
  readonly emission: Vector3;
  readonly doubleSided: boolean;
  readonly textures?: MaterialTextures;
  /**
   * glTF alphaMode: absent when OPAQUE. The share of light that does not pass straight through; multiplied by the alpha of
   * the base colour's texture. With a cutoff (MASK) a point covers wholly from there on and not at all below.
   */
  readonly alpha?: { readonly factor: number; readonly cutoff?: number };
  /** KHR_materials_ior; 1.5 when absent. */
  readonly ior?: number;
  /** KHR_materials_specular: strength and tint of the dielectric reflection. */
  readonly specular?: { readonly factor: number; readonly color: Vector3 };
  /** KHR_materials_transmission: without `volume` a thin sheet that light crosses straight, in the base colour. */
  readonly transmission?: number;
  /**
   * KHR_materials_volume with a thickness: the surface bounds a body that refracts by `ior`. What is left of white light after
   * a way of `attenuationDistance` metres, Infinity for a clear body. The way is that through the mesh itself.
   */
  readonly volume?: { readonly attenuationColor: Vector3; readonly attenuationDistance: number };
  /** KHR_materials_clearcoat. */
  readonly clearcoat?: { readonly factor: number; readonly roughness: number };
  /** KHR_materials_sheen. */
  readonly sheen?: { readonly color: Vector3; readonly roughness: number };
  /** KHR_materials_anisotropy: counter-clockwise from growing u, in the plane of the texture coordinates. */
  readonly anisotropy?: { readonly strength: number; readonly rotationRadians: number };
  /** KHR_materials_iridescence; the minimum counts only with a texture of the thickness. */
  readonly iridescence?: {
    readonly factor: number;
    readonly ior: number;
    readonly minimumNanometres: number;
    readonly maximumNanometres: number;
  };
  /** KHR_materials_unlit: shows its base colour and reflects nothing. */
  readonly isUnlit?: boolean;
}

export interface MaterialTextures {
  readonly baseColor?: TextureSlot | undefined;
  readonly metallicRoughness?: TextureSlot | undefined;
  readonly normal?: TextureSlot | undefined;
  readonly normalScale?: number | undefined;
  readonly emission?: TextureSlot | undefined;
  readonly clearcoatNormalScale?: number | undefined;
  readonly extensions?: Readonly<Partial<Record<ExtensionTexture, TextureSlot>>> | undefined;
}

/** Textures of material extensions, in the order of the shader's TEXTURE_SPECULAR_COLOR and so on. */
export const extensionTextures = [
  'specularColor',
  'sheenColor',
  'specular',
  'transmission',
  'clearcoat',
  'clearcoatRoughness',
  'sheenRoughness',
  'anisotropy',
  'iridescence',
  'filmThickness',
  'clearcoatNormal',
] as const;

export type ExtensionTexture = (typeof extensionTextures)[number];

/** A camera; `right`, `up` and `forward` are orthonormal, in world space. */
export interface Camera {
  readonly origin: Vector3;
  readonly right: Vector3;
  readonly up: Vector3;
  readonly forward: Vector3;
  readonly verticalFieldOfViewRadians: number;
  /** A thin lens, in metres; without one everything is sharp. */
  readonly lens?: { readonly radius: number; readonly focusDistance: number };
}

/** KHR_lights_punctual, in world space. Its `range` is a hint for rasterisers and does not cut the light off. */
export interface PunctualLight {
  readonly kind: 'point' | 'spot' | 'directional';
  readonly position: Vector3;
  /** Unit; where a spot or a directional light shines to. */
  readonly direction: Vector3;
  /** Colour x intensity: candela, or lux of a directional light, in the units of emission. */
  readonly intensity: Vector3;
  /** Cosines of a spot's angles, inner > outer; a point light has none. */
  readonly cone?: { readonly innerCosine: number; readonly outerCosine: number };
}

/** Triangles that lie side by side in the list. */
export interface TriangleRange {
  readonly firstTriangle: number;
  readonly triangleCount: number;
}

/** A shared mesh at one place. */
export interface Instance {
  /** Of `SharedMeshes.meshes`. */
  readonly mesh: number;
  /** Place in the document of its first triangle. */
  readonly firstId: number;
  readonly world: Matrix;
  readonly inverse: Matrix;
}

/** Meshes that are kept once, in spaces of their own, behind the triangles that stand in the world. */
export interface SharedMeshes {
  readonly alone: TriangleRange;
  readonly meshes: readonly TriangleRange[];
  readonly instances: readonly Instance[];
  /** By place in the list: place in the document as if every instance were listed; of a mesh's triangle, from its first. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Every instance's triangles counted. */
  readonly shownTriangles: number;
}

/** A scene ready for the tree builder: one list of triangles in world space, in document order, but for shared meshes. */
export interface Scene {
  readonly triangleCount: number;
  readonly shared?: SharedMeshes;
  /** 9 per triangle: three corners, counter-clockwise seen from the front. */
  readonly positions: Float32Array<ArrayBuffer>;
  /** 9 per triangle: a unit normal for each corner. */
  readonly normals: Float32Array<ArrayBuffer>;
  /** 6 per triangle: u, v of each corner. Absent when no material has a texture. */
  readonly textureCoordinates?: Float32Array<ArrayBuffer>;
  readonly images?: readonly TextureImage[];
  readonly materialIndices: Uint32Array<ArrayBuffer>;
  readonly materials: readonly Material[];
  readonly camera: Camera;
  readonly punctualLights: readonly PunctualLight[];
  /** Radiance arriving from everywhere outside the scene. */
  readonly background: Vector3;
  readonly boundingBox: { readonly minimum: Vector3; readonly maximum: Vector3 };
  readonly meshCount: number;
  readonly nodeCount: number;
}

/** Rec. 709 luminance of a linear colour. */
export function luminance(color: Vector3): number {
  return 0.2126 * color[0] + 0.7152 * color[1] + 0.0722 * color[2];
}
