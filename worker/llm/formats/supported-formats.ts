import { F16 } from './f16.ts';
import { F32 } from './f32.ts';
import { Q4_0 } from './q4-0.ts';
import { Q8_0 } from './q8-0.ts';
import type { WeightFormat } from './weight-format.ts';

/** By GGML type name. */
export const SUPPORTED_FORMATS: ReadonlyMap<string, WeightFormat> = new Map(
  [F32, F16, Q8_0, Q4_0].map((format) => [format.name, format]),
);
