/** Generated from contracts/artifacts/ReceiveAuthorizationCollector.json by scripts/generate-contract-types.ts: do not edit. */

import type { Hex } from '../agreement.ts';

export const receiveAuthorizationCollectorAbi = [
  'error OnlySettlement()',
  'error SafeERC20FailedOperation(address token)',
  'function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes collectorData)',
  'function settlement() view returns (address)',
] as const;

/** Positional arguments and results; integers come back as bigint. */
export interface ReceiveAuthorizationCollectorFunctions {
  collect: {
    readonly inputs: readonly [payer: Hex, token: Hex, amount: bigint, channelId: Hex, collectorData: Hex];
    readonly outputs: readonly [];
  };
  settlement: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
}

/** Positional values of each error. */
export interface ReceiveAuthorizationCollectorErrors {
  OnlySettlement: readonly [];
  SafeERC20FailedOperation: readonly [token: Hex];
}
