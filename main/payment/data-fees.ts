/**
 * Chains of the OP stack, Base among them, take a fee for a transaction's data besides its gas: it is what posting them on
 * Ethereum costs. A contract at one address on all of them says how much (docs.base.org/base-chain/specs/upgrades/fjord/predeploys);
 * a chain without code there takes none.
 */
import { Interface, hexlify, isError, toBigInt } from 'ethers';
import type { JsonRpcProvider } from 'ethers';
import { settlementInterface } from './settlement-abi.ts';
import { zeroAddress } from './typed-data.ts';

/** In wei. */
export interface DataFees {
  /** Of a claim and its pay-out without any channel. */
  readonly ofTransaction: bigint;
  /** Of each channel in it. */
  readonly ofChannel: bigint;
}

export const noDataFees: DataFees = { ofTransaction: 0n, ofChannel: 0n };

export const gasPriceOracleAddress = '0x420000000000000000000000000000000000000F';
const oracle = new Interface([
  'function getL1FeeUpperBound(uint256 unsignedTxSize) view returns (uint256)',
  'function getL1Fee(bytes data) view returns (uint256)',
]);

/** Everything of a transaction but its call data, unsigned: chain, nonce, fees, address, list headers. */
const envelopeBytes = 80;
/** What the chain asks, a quarter more: Ethereum's own fee may rise until the claim is in a block. */
const marginPercent = 125n;

/** @throws Error of the endpoint */
export type ReadDataFees = (provider: JsonRpcProvider) => Promise<DataFees>;

/** Looks for the contract until it knows whether there is one. */
export function createDataFees(): ReadDataFees {
  let known: boolean | undefined;
  async function isThere(provider: JsonRpcProvider): Promise<boolean> {
    if (known !== undefined) return known;
    const code = await provider.getCode(gasPriceOracleAddress);
    known = code !== '0x';
    return known;
  }
  return async (provider) => {
    const hasOracle = await isThere(provider);
    if (!hasOracle) return noDataFees;
    const [one, two] = await Promise.all([1, 2].map((channels) => readFee(provider, claimBytes(channels))));
    const ofChannel = two! - one!;
    return { ofTransaction: withMargin(one! - ofChannel), ofChannel: withMargin(ofChannel) };
  };
}

/** Size of the unsigned transaction that claims from so many channels and pays out. */
export function claimBytes(channels: number): number {
  const word = `0x${'11'.repeat(32)}`;
  const channel = [zeroAddress, zeroAddress, zeroAddress, zeroAddress, zeroAddress, 86_400, word];
  const row = { voucher: { channel, maxClaimableAmount: 1n }, signature: `0x${'11'.repeat(65)}`, totalClaimed: 1n };
  const claim = settlementInterface.encodeFunctionData('claim', [Array.from({ length: channels }, () => row)]);
  const settle = settlementInterface.encodeFunctionData('settle', [zeroAddress, zeroAddress]);
  return envelopeBytes + settlementInterface.encodeFunctionData('multicall', [[claim, settle]]).length / 2;
}

/** The upper bound where the chain has it (since Fjord), else the fee of data that do not compress; 0 where it says neither. */
async function readFee(provider: JsonRpcProvider, sizeBytes: number): Promise<bigint> {
  const questions = [
    oracle.encodeFunctionData('getL1FeeUpperBound', [sizeBytes]),
    oracle.encodeFunctionData('getL1Fee', [hexlify(incompressible(sizeBytes))]),
  ];
  for (const data of questions) {
    try {
      return toBigInt(await provider.call({ to: gasPriceOracleAddress, data }));
    } catch (error) {
      if (!isError(error, 'CALL_EXCEPTION') && !isError(error, 'INVALID_ARGUMENT')) throw error;
    }
  }
  return 0n;
}

/** Signatures, hashes and addresses, which is what a claim consists of, look like this to a compressor. */
function incompressible(sizeBytes: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: sizeBytes }, () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    return state >>> 24;
  });
}

function withMargin(fee: bigint): bigint {
  return (fee * marginPercent) / 100n;
}
