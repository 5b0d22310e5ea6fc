/** Generated from contracts/artifacts/LocalPermit2.json by scripts/generate-contract-types.ts: do not edit. */

import type { Hex } from '../agreement.ts';

export const localPermit2Abi = [
  'error InvalidAmount(uint256 maxAmount)',
  'error InvalidNonce()',
  'error InvalidSigner()',
  'error SafeERC20FailedOperation(address token)',
  'error SignatureExpired(uint256 signatureDeadline)',
  'function DOMAIN_SEPARATOR() view returns (bytes32)',
  'function invalidateUnorderedNonces(uint256 wordPosition, uint256 mask)',
  'function nonceBitmap(address owner, uint256 wordPosition) view returns (uint256 bits)',
  'function permitWitnessTransferFrom(((address token, uint256 amount) permitted, uint256 nonce, uint256 deadline) permit, (address to, uint256 requestedAmount) transferDetails, address owner, bytes32 witness, string witnessTypeString, bytes signature)',
] as const;

export interface TokenPermissions {
  readonly token: Hex;
  readonly amount: bigint;
}

export interface PermitTransferFrom {
  readonly permitted: TokenPermissions;
  readonly nonce: bigint;
  readonly deadline: bigint;
}

export interface SignatureTransferDetails {
  readonly to: Hex;
  readonly requestedAmount: bigint;
}

/** Positional arguments and results; integers come back as bigint. */
export interface LocalPermit2Functions {
  DOMAIN_SEPARATOR: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  invalidateUnorderedNonces: {
    readonly inputs: readonly [wordPosition: bigint, mask: bigint];
    readonly outputs: readonly [];
  };
  nonceBitmap: {
    readonly inputs: readonly [owner: Hex, wordPosition: bigint];
    readonly outputs: readonly [bits: bigint];
  };
  permitWitnessTransferFrom: {
    readonly inputs: readonly [
      permit: PermitTransferFrom,
      transferDetails: SignatureTransferDetails,
      owner: Hex,
      witness: Hex,
      witnessTypeString: string,
      signature: Hex,
    ];
    readonly outputs: readonly [];
  };
}

/** Positional values of each error. */
export interface LocalPermit2Errors {
  InvalidAmount: readonly [maxAmount: bigint];
  InvalidNonce: readonly [];
  InvalidSigner: readonly [];
  SafeERC20FailedOperation: readonly [token: Hex];
  SignatureExpired: readonly [signatureDeadline: bigint];
}
