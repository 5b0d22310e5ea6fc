import type { Architecture } from './architecture.ts';

/**
 * Phi 3 and 4: fused tensors, rope factors for short and for long contexts. `attention.sliding_window` is passed over, as llama.cpp
 * does: conversion wrote wrong values into files that are in use (ggml-org/llama.cpp#13676).
 */
export const phi3: Architecture = {
  name: 'phi3',
  ropeStyle: 'halves',
  activation: 'silu',
  projectionBias: 'none',
  hasHeadNorms: false,
  hasPostNorms: false,
  isFused: true,
  ropeFactors: 'short and long',
  head: 'optional',
};
