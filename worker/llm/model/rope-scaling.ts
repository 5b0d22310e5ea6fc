import { GgufError, quoteName } from '../gguf/gguf-error.ts';
import type { GgufMetadata } from '../gguf/metadata.ts';

/** How the angles of positions are stretched beyond the length that a model was first trained for. */
export interface RopeScaling {
  /** Angles are divided by this. */
  readonly factor: number;
  /** Cosine and sine are multiplied by this. */
  readonly magnitude: number;
  /**
   * YaRN: pairs before `low` keep their angles, pairs after `high` are divided, between them is a ramp; undefined for linear scaling.
   */
  readonly ramp: { readonly low: number; readonly high: number } | undefined;
  /** Contexts beyond this use the long rope factors. */
  readonly originalContextLength: number;
}

/** Turns within the original context at which YaRN begins and ends to divide. */
const YARN_FAST_TURNS = 32;
const YARN_SLOW_TURNS = 1;

/** @throws GgufError for a type that is not known, or a field out of range. */
export function readRopeScaling(
  metadata: GgufMetadata,
  prefix: string,
  shape: { ropeDimensions: number; ropeBase: number; contextLength: number },
): RopeScaling {
  const field = (key: string) => `${prefix}.rope.${key}`;
  const type = metadata.text(field('scaling.type'), 'linear');
  if (!['none', 'linear', 'yarn', 'longrope'].includes(type)) {
    throw new GgufError(
      'UNSUPPORTED_ARCHITECTURE',
      `${field('scaling.type')}: rope scaling ${quoteName(type)} is not supported, only none, linear, yarn and longrope`,
      { data: { field: field('scaling.type'), value: type } },
    );
  }
  const oldFactor = metadata.float(field('scale_linear'), 0, 1e6, 0);
  const written = metadata.float(field('scaling.factor'), 0, 1e6, oldFactor);
  const factor = type === 'none' || written === 0 ? 1 : Math.max(written, 1e-3);
  const originalContextLength = metadata.integer(
    field('scaling.original_context_length'),
    1,
    16_777_216,
    shape.contextLength,
  );
  const attentionFactor = metadata.float(field('scaling.attn_factor'), 1e-3, 1e3, 1);
  if (type !== 'yarn') return { factor, magnitude: attentionFactor, ramp: undefined, originalContextLength };
  const { ropeDimensions, ropeBase } = shape;
  const pairOfTurns = (turns: number) =>
    (ropeDimensions * Math.log(originalContextLength / (turns * 2 * Math.PI))) / (2 * Math.log(ropeBase));
  return {
    factor,
    magnitude: attentionFactor * (factor > 1 ? 1 + 0.1 * Math.log(factor) : 1),
    ramp: {
      low: Math.max(0, Math.floor(pairOfTurns(YARN_FAST_TURNS))),
      high: Math.min(ropeDimensions - 1, Math.ceil(pairOfTurns(YARN_SLOW_TURNS))),
    },
    originalContextLength,
  };
}
