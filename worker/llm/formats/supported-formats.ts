import { F32 } from './f32.ts';
import { F16 } from './f16.ts';
import { BF16 } from './bf16.ts';
import { Q8_0 } from './q8-0.ts';
import { Q4_0 } from './q4-0.ts';
import { Q4_1 } from './q4-1.ts';
import { Q5_0 } from './q5-0.ts';
import { Q5_1 } from './q5-1.ts';
import { Q2_K } from './q2-k.ts';
import { Q3_K } from './q3-k.ts';
import { Q4_K } from './q4-k.ts';
import { Q5_K } from './q5-k.ts';
import { Q6_K } from './q6-k.ts';
import type { WeightFormat } from './weight-format.ts';

/** By GGML type name. */
export const SUPPORTED_FORMATS: ReadonlyMap<string, WeightFormat> = new Map(
  [F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K].map((format) => [format.name, format]),
);
