import decodeHalf from '../../../shaders/llm/decode-half.wgsl?raw';

/**
 * How one GGML type lives on the GPU. A matrix row is padded with zeros to blocks of 32 columns. `data` holds the weights,
 * 16-byte units in column order; `scales` (where the type has them) one f16 per block, two to a word, each row word-aligned.
 * The shader text `shaders/llm/formats/<name>.wgsl` gives weightLoad, weightDot and repackBlock; a new type is one such pair.
 */
export interface WeightFormat {
  readonly name: string;
  /** 32-bit words of `data` per block of 32 columns. */
  readonly blockWords: number;
  readonly hasScales: boolean;
  /** Functions on `weightData` and `weightScales`. */
  readonly computeCode: string;
  /** repackBlock and its constants. */
  readonly repackCode: string;
}

export function defineWeightFormat(
  name: string,
  shape: { blockWords: number; hasScales: boolean },
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
  return format.hasScales ? Math.ceil(columns / 64) * 4 : 0;
}

/** One weight matrix of a kernel: `prefix` names its functions (`gate` -> gateDot), bindings follow from `firstBinding`. */
export interface WeightSlot {
  readonly prefix: 'weight' | 'gate' | 'up';
  readonly format: WeightFormat;
  readonly firstBinding: number;
}

/** Puts the declarations and format functions of every slot in front of a kernel's text. */
export function composeWithWeights(kernelCode: string, slots: readonly WeightSlot[]): string {
  const parts = slots.map(({ prefix, format, firstBinding }) => {
    const declarations = [
      `@group(0) @binding(${firstBinding}) var<storage, read> weightData: array<vec4<u32>>;`,
      ...(format.hasScales
        ? [`@group(0) @binding(${firstBinding + 1}) var<storage, read> weightScales: array<u32>;`]
        : []),
    ];
    return rename(`${declarations.join('\n')}\n${format.computeCode}`, prefix);
  });
  return [decodeHalf, ...parts, kernelCode].join('\n');
}

function rename(code: string, prefix: string): string {
  if (prefix === 'weight') return code;
  const pascal = prefix.charAt(0).toUpperCase() + prefix.slice(1);
  return code
    .replaceAll(/\bweight(?=[A-Z])/g, prefix)
    .replaceAll(/\bWeight(?=[A-Z])/g, pascal)
    .replaceAll(/\bWEIGHT_/g, `${prefix.toUpperCase()}_`);
}
