import code from '../../../shaders/llm/activation.wgsl?raw';

/** As activation.wgsl numbers them. */
export const ACTIVATIONS = { silu: 0, gelu: 1 } as const;
export type Activation = keyof typeof ACTIVATIONS;

/** `activate` and `softCap`, to put in front of a kernel. */
export const activationCode = code;
