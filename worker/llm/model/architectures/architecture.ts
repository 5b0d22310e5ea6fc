import type { GgufMetadata } from '../../gguf/metadata.ts';

/**
 * All that tells one family of decoder-only models from another. A family is one file of this folder that fills this in; tensors,
 * kernels and checks follow from it. Everything is a pre-norm transformer of RMSNorm, grouped-query attention with rotary positions and
 * a gated feed-forward.
 */
export interface Architecture {
  /** `general.architecture`, and the prefix of the file's other fields. */
  readonly name: string;
  /** Which elements of a head turn together. */
  readonly ropeStyle: 'neighbours' | 'halves';
  readonly activation: 'silu' | 'gelu';
  /** Biases of q, k and v. */
  readonly projectionBias: 'none' | 'optional' | 'required';
  /** RMSNorm over each head of q and k before they turn. */
  readonly hasHeadNorms: boolean;
  /** RMSNorm of what attention and feed-forward give, before it is added to the residual. */
  readonly hasPostNorms: boolean;
  /** q, k and v are one tensor; gate and up are the halves of another. */
  readonly isFused: boolean;
  /** Divisors of the rope frequencies: one set, or one for short and one for long contexts. */
  readonly ropeFactors: 'none' | 'optional' | 'short and long';
  /** A separate `output` tensor: never, or where the file has one. */
  readonly head: 'tied' | 'optional';
  /** Values that this family reads from the file or fixes; what is left out is plain. */
  readonly variation?: (metadata: GgufMetadata, shape: VariationShape) => Variation;
}

/** The hyperparameters that a variation may depend on. */
export interface VariationShape {
  readonly layerCount: number;
  readonly embeddingLength: number;
  readonly headCount: number;
  readonly headLength: number;
}

export interface Variation {
  /** Embeddings are multiplied by this. */
  readonly embeddingScale?: number;
  /** Of the dot products in attention; 1 / sqrt(headLength) when left out. */
  readonly attentionScale?: number;
  /** Scores become c tanh(score / c). */
  readonly attentionSoftCap?: number;
  /** Logits become c tanh(logit / c). */
  readonly outputSoftCap?: number;
  /** Layers that look back no further than `length` positions, itself included; with a base of their own they turn unscaled. */
  readonly window?: {
    readonly length: number;
    readonly hasLayer: (index: number) => boolean;
    readonly ropeBase?: number;
  };
}

/** Layers 0.. of a repeating pattern whose last of `period` sees everything. */
export function allButEvery(period: number): (index: number) => boolean {
  return (index) => index % period < period - 1;
}
