import decodeHalf from '../../../shaders/llm/decode-half.wgsl?raw';
import unpackBits from '../../../shaders/llm/unpack-bits.wgsl?raw';

/**
 * How one GGML type lives on the GPU. A matrix row is padded with zeros to blocks of 32 columns. `data` holds the weights in aligned
 * units in column order; `scales` (where the type has them) what a group of blocks shares: scales, minima, high bits.
 * The shader text `shaders/llm/formats/<name>.wgsl` gives weightFetch (the words of a unit, as they lie), weightDecode (its codes
 * and scales as floats), weightValues and weightDot of those, and repackGroup; a new type is one such pair.
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
  /** repackGroup and its constants. */
  readonly repackCode: string;
}

export function defineWeightFormat(
  name: string,
  shape: Pick<WeightFormat, 'blockWords' | 'unitsPerBlock' | 'scaleWords' | 'groupBlocks'>,
  code: string,
): WeightFormat {
  const [, compute, repack] = code.split(/^\/\/ == \w+ ==$/m);
  if (compute === undefined || repack === undefined) throw new Error(`format ${name} lacks a section`);
  return { name, ...shape, computeCode: compute, repackCode: repack };
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

/** Puts the declarations and format functions of every slot in front of a kernel's text. */
export function composeWithWeights(kernelCode: string, slots: readonly WeightSlot[]): string {
  const parts = slots.map(({ prefix, format, firstBinding }) => {
    const element = format.blockWords === 2 ? 'vec2<u32>' : 'vec4<u32>';
    const declarations = [
      `@group(0) @binding(${firstBinding}) var<storage, read> weightData: array<${element}>;`,
      ...(format.scaleWords > 0
        ? [`@group(0) @binding(${firstBinding + 1}) var<storage, read> weightScales: array<u32>;`]
        : []),
    ];
    return rename(`${declarations.join('\n')}\n${format.computeCode}\n${loadCode}`, prefix);
  });
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
