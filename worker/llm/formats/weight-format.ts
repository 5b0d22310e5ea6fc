import decodeHalf from '../../../shaders/llm/decode-half.wgsl?raw';
import type { VectorVariant } from '../../messages.ts';
import unpackBits from '../../../shaders/llm/unpack-bits.wgsl?raw';

/**
 * How one GGML type lives on the GPU. A matrix row is padded with zeros to blocks of 32 columns. `data` holds the weights in aligned
 * units in column order; `scales` (where the type has them) what a group of blocks shares: scales, minima, high bits.
 * The shader text `shaders/llm/formats/<name>.wgsl` gives weightFetch (the words of a unit, as they lie), weightDecode (its codes
 * and scales as floats), weightValues and weightDot of those, and repackGroup; a new type is one such pair. An `int8` section, with
 * what is float in a section of its own, has weightDecode and weightDot for units of x in eight bits (unit-int8.wgsl).
 */
export interface WeightFormat {
  readonly name: string;
  /** 32-bit words of `data` per block of 32 columns. */
  readonly blockWords: number;
  /** Units in a block: a unit is what weightFetch takes at once. */
  readonly unitsPerBlock: number;
  /** Words of `scales` per group; 0 for a type without. */
  readonly scaleWords: number;
  /** Blocks that share words of `scales`. */
  readonly groupBlocks: number;
  /** Functions on `weightData` and `weightScales`. */
  readonly computeCode: string;
  /** The same for units of x in eight bits; of types that have them. */
  readonly int8Code?: string;
  /** repackGroup and its constants. */
  readonly repackCode: string;
}

export function defineWeightFormat(
  name: string,
  shape: Pick<WeightFormat, 'blockWords' | 'unitsPerBlock' | 'scaleWords' | 'groupBlocks'>,
  code: string,
): WeightFormat {
  const [, ...parts] = code.split(/^\/\/ == (\w+) ==$/m);
  const sections = new Map(parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1]]] : [])));
  const [compute, float = '', int8, repack] = ['compute', 'float', 'int8', 'repack'].map((part) => sections.get(part));
  if (compute === undefined || repack === undefined) throw new Error(`format ${name} lacks a section`);
  return {
    name,
    ...shape,
    computeCode: compute + float,
    ...(int8 === undefined ? {} : { int8Code: compute + int8 }),
    repackCode: repack,
  };
}

export function dataBytesPerRow(format: WeightFormat, columns: number): number {
  return Math.ceil(columns / 32) * format.blockWords * 4;
}

export function scaleBytesPerRow(format: WeightFormat, columns: number): number {
  return Math.ceil(columns / (32 * format.groupBlocks)) * format.scaleWords * 4;
}

/** One weight matrix of a kernel: `prefix` names its functions (`gate` -> gateDot), bindings follow from `firstBinding`. */
export interface WeightSlot {
  readonly prefix: 'weight' | 'gate' | 'up';
  readonly format: WeightFormat;
  readonly firstBinding: number;
}

/** A unit as weights, for whoever takes each of them once. */
const loadCode = `fn weightLoad(row: u32, unit: u32, blocks: u32) -> WeightUnit {
  return weightValues(weightDecode(weightFetch(row, unit, blocks), unit));
}`;

/** Puts the declarations and format functions of every slot in front of a kernel's text; `int8` is for formats that have it. */
export function composeWithWeights(
  kernelCode: string,
  slots: readonly WeightSlot[],
  vectors: VectorVariant = 'f32',
): string {
  const parts = slots.map(({ prefix, format, firstBinding }) => {
    const element = format.blockWords === 2 ? 'vec2<u32>' : 'vec4<u32>';
    const declarations = [
      `@group(0) @binding(${firstBinding}) var<storage, read> weightData: array<${element}>;`,
      ...(format.scaleWords > 0
        ? [`@group(0) @binding(${firstBinding + 1}) var<storage, read> weightScales: array<u32>;`]
        : []),
    ];
    const functions = vectors === 'int8' ? (format.int8Code ?? '') : `${format.computeCode}\n${loadCode}`;
    return rename(`${declarations.join('\n')}\n${functions}`, prefix);
  });
  if (vectors === 'int8') {
    parts.push(`const NEEDS_SUM = ${slots.map(({ prefix }) => `${prefix.toUpperCase()}_NEEDS_SUM`).join(' || ')};`);
  }
  return [decodeHalf, unpackBits, ...parts, kernelCode].join('\n');
}

function rename(code: string, prefix: string): string {
  if (prefix === 'weight') return code;
  const pascal = prefix.charAt(0).toUpperCase() + prefix.slice(1);
  return code
    .replaceAll(/\bweight(?=[A-Z])/g, prefix)
    .replaceAll(/\bWeight(?=[A-Z])/g, pascal)
    .replaceAll(/\bWEIGHT_/g, `${prefix.toUpperCase()}_`);
}
