/** Generated from contracts/artifacts/TestUsdc.json by scripts/generate-contract-types.ts: do not edit. */

import type { Hex } from '../agreement.ts';

export const testUsdcAbi = [
  'error AuthorizationExpired(uint256 validBefore)',
  'error AuthorizationNotYetValid(uint256 validAfter)',
  'error AuthorizationSignature()',
  'error AuthorizationSpent(bytes32 nonce)',
  'error CallerIsNotPayee()',
  'error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)',
  'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
  'error ERC20InvalidApprover(address approver)',
  'error ERC20InvalidReceiver(address receiver)',
  'error ERC20InvalidSender(address sender)',
  'error ERC20InvalidSpender(address spender)',
  'error InvalidShortString()',
  'error PermitExpired(uint256 deadline)',
  'error PermitSignature()',
  'error StringTooLong(string str)',
  'event Approval(address indexed owner, address indexed spender, uint256 value)',
  'event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce)',
  'event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)',
  'event EIP712DomainChanged()',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'function CANCEL_AUTHORIZATION_TYPEHASH() view returns (bytes32)',
  'function DOMAIN_SEPARATOR() view returns (bytes32)',
  'function PERMIT_TYPEHASH() view returns (bytes32)',
  'function RECEIVE_WITH_AUTHORIZATION_TYPEHASH() view returns (bytes32)',
  'function TRANSFER_WITH_AUTHORIZATION_TYPEHASH() view returns (bytes32)',
  'function allowance(address owner, address spender) view returns (uint256)',
  'function approve(address spender, uint256 value) returns (bool)',
  'function authorizationState(address authorizer, bytes32 nonce) view returns (bool)',
  'function balanceOf(address account) view returns (uint256)',
  'function cancelAuthorization(address authorizer, bytes32 nonce, bytes signature)',
  'function decimals() pure returns (uint8)',
  'function eip712Domain() view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions)',
  'function mint(address to, uint256 value)',
  'function name() pure returns (string)',
  'function nonces(address owner) view returns (uint256)',
  'function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)',
  'function receiveWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)',
  'function receiveWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)',
  'function symbol() pure returns (string)',
  'function totalSupply() view returns (uint256)',
  'function transfer(address to, uint256 value) returns (bool)',
  'function transferFrom(address from, address to, uint256 value) returns (bool)',
  'function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)',
  'function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)',
  'function version() pure returns (string)',
] as const;

/** Positional arguments and results; integers come back as bigint. */
export interface TestUsdcFunctions {
  allowance: { readonly inputs: readonly [owner: Hex, spender: Hex]; readonly outputs: readonly [value0: bigint] };
  approve: { readonly inputs: readonly [spender: Hex, value: bigint]; readonly outputs: readonly [value0: boolean] };
  authorizationState: {
    readonly inputs: readonly [authorizer: Hex, nonce: Hex];
    readonly outputs: readonly [value0: boolean];
  };
  balanceOf: { readonly inputs: readonly [account: Hex]; readonly outputs: readonly [value0: bigint] };
  CANCEL_AUTHORIZATION_TYPEHASH: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  cancelAuthorization: {
    readonly inputs: readonly [authorizer: Hex, nonce: Hex, signature: Hex];
    readonly outputs: readonly [];
  };
  decimals: { readonly inputs: readonly []; readonly outputs: readonly [value0: bigint | number] };
  DOMAIN_SEPARATOR: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  eip712Domain: {
    readonly inputs: readonly [];
    readonly outputs: readonly [
      fields: Hex,
      name: string,
      version: string,
      chainId: bigint,
      verifyingContract: Hex,
      salt: Hex,
      extensions: readonly bigint[],
    ];
  };
  mint: { readonly inputs: readonly [to: Hex, value: bigint]; readonly outputs: readonly [] };
  name: { readonly inputs: readonly []; readonly outputs: readonly [value0: string] };
  nonces: { readonly inputs: readonly [owner: Hex]; readonly outputs: readonly [value0: bigint] };
  PERMIT_TYPEHASH: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  permit: {
    readonly inputs: readonly [
      owner: Hex,
      spender: Hex,
      value: bigint,
      deadline: bigint,
      v: bigint | number,
      r: Hex,
      s: Hex,
    ];
    readonly outputs: readonly [];
  };
  RECEIVE_WITH_AUTHORIZATION_TYPEHASH: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  'receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)': {
    readonly inputs: readonly [
      from: Hex,
      to: Hex,
      value: bigint,
      validAfter: bigint,
      validBefore: bigint,
      nonce: Hex,
      signature: Hex,
    ];
    readonly outputs: readonly [];
  };
  'receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)': {
    readonly inputs: readonly [
      from: Hex,
      to: Hex,
      value: bigint,
      validAfter: bigint,
      validBefore: bigint,
      nonce: Hex,
      v: bigint | number,
      r: Hex,
      s: Hex,
    ];
    readonly outputs: readonly [];
  };
  symbol: { readonly inputs: readonly []; readonly outputs: readonly [value0: string] };
  totalSupply: { readonly inputs: readonly []; readonly outputs: readonly [value0: bigint] };
  TRANSFER_WITH_AUTHORIZATION_TYPEHASH: { readonly inputs: readonly []; readonly outputs: readonly [value0: Hex] };
  transfer: { readonly inputs: readonly [to: Hex, value: bigint]; readonly outputs: readonly [value0: boolean] };
  transferFrom: {
    readonly inputs: readonly [from: Hex, to: Hex, value: bigint];
    readonly outputs: readonly [value0: boolean];
  };
  'transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)': {
    readonly inputs: readonly [
      from: Hex,
      to: Hex,
      value: bigint,
      validAfter: bigint,
      validBefore: bigint,
      nonce: Hex,
      signature: Hex,
    ];
    readonly outputs: readonly [];
  };
  'transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)': {
    readonly inputs: readonly [
      from: Hex,
      to: Hex,
      value: bigint,
      validAfter: bigint,
      validBefore: bigint,
      nonce: Hex,
      v: bigint | number,
      r: Hex,
      s: Hex,
    ];
    readonly outputs: readonly [];
  };
  version: { readonly inputs: readonly []; readonly outputs: readonly [value0: string] };
}

/** Positional values of each event. */
export interface TestUsdcEvents {
  Approval: readonly [owner: Hex, spender: Hex, value: bigint];
  AuthorizationCanceled: readonly [authorizer: Hex, nonce: Hex];
  AuthorizationUsed: readonly [authorizer: Hex, nonce: Hex];
  EIP712DomainChanged: readonly [];
  Transfer: readonly [from: Hex, to: Hex, value: bigint];
}

/** Positional values of each error. */
export interface TestUsdcErrors {
  AuthorizationExpired: readonly [validBefore: bigint];
  AuthorizationNotYetValid: readonly [validAfter: bigint];
  AuthorizationSignature: readonly [];
  AuthorizationSpent: readonly [nonce: Hex];
  CallerIsNotPayee: readonly [];
  ERC20InsufficientAllowance: readonly [spender: Hex, allowance: bigint, needed: bigint];
  ERC20InsufficientBalance: readonly [sender: Hex, balance: bigint, needed: bigint];
  ERC20InvalidApprover: readonly [approver: Hex];
  ERC20InvalidReceiver: readonly [receiver: Hex];
  ERC20InvalidSender: readonly [sender: Hex];
  ERC20InvalidSpender: readonly [spender: Hex];
  InvalidShortString: readonly [];
  PermitExpired: readonly [deadline: bigint];
  PermitSignature: readonly [];
  StringTooLong: readonly [str: string];
}
