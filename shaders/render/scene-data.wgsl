// The scene as the kernels see it. Written by worker/render/scene-buffers.ts; sizes in bytes: Scene 112,
// Triangle 48, Corners 64, Material 224, Light 64. How nodes lie in their vec4u, each traversal knows.

// What the scene uses: code for the rest is left out when the pipeline is made, which saves most of its compiling.
override HAS_TEXTURES: bool = true;
/// Thin transmission or a clear coat.
override HAS_LAYERS: bool = true;
/// Solid bodies that refract and absorb.
override HAS_VOLUME: bool = true;
/// Textures of material extensions.
override HAS_EXTENSION_TEXTURES: bool = true;
/// Textures of what shines, which sampling a light reads by itself.
override HAS_EMISSION_TEXTURES: bool = true;
override HAS_SHEEN: bool = true;
override HAS_ANISOTROPY: bool = true;
/// Clear coats with another normal than what lies below them.
override HAS_COAT_NORMAL: bool = true;
/// Thin films.
override HAS_IRIDESCENCE: bool = true;
/// An environment map.
override HAS_ENVIRONMENT: bool = true;
/// Triangles among the lights.
override HAS_EMITTERS: bool = true;
/// Points, spots or suns.
override HAS_PUNCTUAL_LIGHTS: bool = true;
/// A camera that is no pinhole.
override HAS_LENS: bool = true;
/// Emissive triangles are chosen from a tree.
override HAS_LIGHT_TREE: bool = true;
/// Surfaces that cover only in part.
override HAS_ALPHA: bool = true;

struct Scene {
  camera_origin: vec3f,
  width: u32,
  camera_forward: vec3f,
  height: u32,
  /// Scaled: forward + right + up is the corner of the image plane.
  camera_right: vec3f,
  seed: u32,
  camera_up: vec3f,
  max_bounces: u32,
  background: vec3f,
  root_reference: u32,
  /// 1 / sum over lights of their power over pi; 0 without lights.
  inverse_emitted_power: f32,
  light_count: u32,
  /// Texels on each side of the environment map; 0: the background is constant.
  environment_size: u32,
  /// With which the environment is chosen among the lights.
  environment_probability: f32,
  /// 0: a pinhole.
  lens_radius: f32,
  focus_distance: f32,
  /// Where the instances' tree and the instances begin in the nodes; 0 in a scene that has none.
  tree_quad: u32,
  instance_quad: u32,
}

/// In leaf order: a corner and the two edges that leave it. `id` is the triangle's place in the document.
struct Triangle {
  corner: vec3f,
  id: u32,
  edge1: vec3f,
  material: u32,
  edge2: vec3f,
  flags: u32,
}

/// The material's alpha decides which hits count.
const TRIANGLE_HAS_ALPHA = 1u;
/// Stands where a mirroring transform put it: its corners run clockwise seen from the front.
const TRIANGLE_MIRRORED = 2u;

/// Normals and texture coordinates (u, v) of a triangle's corners.
struct Corners {
  a: vec3f,
  a_u: f32,
  b: vec3f,
  b_u: f32,
  c: vec3f,
  c_u: f32,
  v: vec3f,
  /// Where the triangle lies in the tree of emitters; 0: nowhere.
  light: u32,
}

const MATERIAL_DOUBLE_SIDED = 1u;
const MATERIAL_UNLIT = 2u;
/// Covers wholly where alpha reaches the cutoff, else not at all; without this bit by the share of its alpha.
const MATERIAL_MASKED = 4u;

struct Material {
  base_color: vec3f,
  metallic: f32,
  emission: vec3f,
  roughness: f32,
  /// Reflectance of the dielectric at normal view, and of all colours at grazing view.
  dielectric: vec3f,
  grazing: f32,
  flags: u32,
  /// Luminance of the emission; with a texture, of its mean.
  emission_brightness: f32,
  alpha: f32,
  alpha_cutoff: f32,
  transmission: f32,
  clearcoat: f32,
  clearcoat_roughness: f32,
  normal_scale: f32,
  /// Words of `texels` where texture slots begin, in the order of TEXTURE_BASE_COLOR and so on; 0: none.
  core_slots: array<u32, 4>,
  /// Of the body behind the surface: per metre.
  absorption: vec3f,
  ior: f32,
  /// Where the albedos of a solid body's boundary begin in `albedo_tables`; 0: the surface is thin.
  glass_table: u32,
  sheen_table: u32,
  anisotropy_table: u32,
  anisotropy_strength: f32,
  sheen_color: vec3f,
  sheen_roughness: f32,
  /// Of the stretch, in the frame of the texture coordinates: u to the right, y upwards; unit.
  anisotropy_direction: vec2f,
  iridescence: f32,
  iridescence_ior: f32,
  /// Nanometres; of the texture's 0 and 1, without a texture both are its thickness.
  film_minimum: f32,
  film_thickness: f32,
  clearcoat_normal_scale: f32,
  unused: u32,
  /// As core_slots, in the order of TEXTURE_SPECULAR_COLOR and so on.
  extension_slots: array<u32, 12>,
}

const TEXTURE_BASE_COLOR = 0u;
const TEXTURE_METALLIC_ROUGHNESS = 1u;
const TEXTURE_NORMAL = 2u;
const TEXTURE_EMISSION = 3u;
const CORE_TEXTURES = 4u;

// Of extensions; the first two are colours.
const TEXTURE_SPECULAR_COLOR = 0u;
const TEXTURE_SHEEN_COLOR = 1u;
const TEXTURE_SPECULAR = 2u;
const TEXTURE_TRANSMISSION = 3u;
const TEXTURE_CLEARCOAT = 4u;
const TEXTURE_CLEARCOAT_ROUGHNESS = 5u;
const TEXTURE_SHEEN_ROUGHNESS = 6u;
const TEXTURE_ANISOTROPY = 7u;
const TEXTURE_IRIDESCENCE = 8u;
const TEXTURE_FILM_THICKNESS = 9u;
/// Bends a normal and multiplies nothing.
const TEXTURE_CLEARCOAT_NORMAL = 10u;
const EXTENSION_TEXTURES = 11u;

const LIGHT_TRIANGLE = 0u;
/// A point or a spot.
const LIGHT_POINT = 1u;
const LIGHT_SUN = 2u;
const LIGHT_ENVIRONMENT = 3u;
/// All emissive triangles, and a group of them: light-tree.wgsl.
const LIGHT_TREE = 4u;
const LIGHT_GROUP = 5u;

/// Alias table entry: the light itself when the coin is below `threshold`, else `alias_index`.
struct Light {
  threshold: f32,
  alias_index: u32,
  kind: u32,
  triangle_slot: u32,
  position: vec3f,
  /// With which this light is chosen.
  probability: f32,
  /// Unit; where a spot or a sun shines to.
  direction: vec3f,
  cone_scale: f32,
  /// Candela (points, spots) or irradiance (suns), in the units of emission.
  intensity: vec3f,
  cone_offset: f32,
}

@group(0) @binding(0) var<uniform> scene: Scene;
@group(0) @binding(4) var<storage, read> materials: array<Material>;
@group(0) @binding(6) var<storage, read> albedo_tables: array<vec2f>;
/// Octahedral: radiance and the density over the square; then cumulative shares of the texels of a row, and in row 0 of the rows.
@group(0) @binding(7) var environment_texels: texture_2d<f32>;
@group(0) @binding(8) var environment_shares: texture_2d<f32>;
