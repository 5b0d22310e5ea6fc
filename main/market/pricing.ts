import type { TaskKind } from '../../protocol/tasks.ts';

/** What the owner asks, in the token's smallest unit per million units (output tokens, pixel-samples). */
export type PriceList = Readonly<Record<TaskKind, bigint>>;

/** 1 USDC per million tokens, 0.001 USDC per million pixel-samples: a start, changed in the settings. */
export const defaultPrices: PriceList = { chat: 1_000_000n, render: 1_000n };
