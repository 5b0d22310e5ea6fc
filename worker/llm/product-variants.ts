/**
 * How the matrices of a prompt are multiplied. `f32`: throughout. `f16`: weights rounded to half precision, activations and sums f32.
 * `subgroup-matrix`: both operands rounded to half precision, sums f32, on the adapter's matrix units.
 */
export type MatrixVariant = 'f32' | 'f16' | 'subgroup-matrix';

/** `auto` is matrix units where they compute right numbers, else f32. */
export type MatrixChoice = MatrixVariant | 'auto';

/**
 * How the weights of a decoded token are multiplied. `f32`: activations as they are. `int8`: activations rounded to eight bits by blocks of
 * 32 where the weights are of a format that has it, products summed as integers. Not within any numeric profile.
 */
export type VectorVariant = 'f32' | 'int8';
