/** Generated from contracts/artifacts/Permit2Collector.json by scripts/generate-contract-types.ts: do not edit. */

import type { Hex } from '../agreement.ts';

export const permit2CollectorAbi = [
  'error OnlySettlement()',
  'function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes collectorData)',
  'function permit2() view returns (address)',
  'function settlement() view returns (address)',
] as const;

/** Positional arguments and results; integers come back as bigint. */
export interface Permit2CollectorFunctions {
  collect: {
    readonly inputs: readonly [payer: Hex, token: Hex, amount: bigint, channelId: Hex, collectorData: Hex];
    readonly outputs: readonly [];
  };
  permit2: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  settlement: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
}

/** Positional values of each error. */
export interface Permit2CollectorErrors {
  OnlySettlement: readonly [];
}
