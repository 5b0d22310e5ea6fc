/** What the node asks of the chain. Every call ends: with an answer or, after its deadline, with a PaymentError. */
import { AbiCoder, randomBytes, toBigInt } from 'ethers';
import type { Block, BlockTag, Interface, JsonRpcProvider, Result } from 'ethers';
import type { Hex } from '../../protocol/agreement.ts';
import { depositCollectorAddress, settlementAddress } from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { createHttpRelay } from './claim-relay.ts';
import type { ClaimRelay } from './claim-relay.ts';
import { createDataFees, noDataFees } from './data-fees.ts';
import type { DataFees } from './data-fees.ts';
import { readGasPrice } from './gas-fees.ts';
import { PaymentError } from './payment-error.ts';
import { openRpcEndpoints } from './rpc-endpoints.ts';
import { settlementInterface, tokenInterface } from './settlement-abi.ts';
import { sendTransactions } from './transaction-sender.ts';
import { asHex } from './typed-data.ts';
import { confirmationsOf } from './types.ts';
import type { ChainSettings, ChainSigner } from './types.ts';

export interface ChannelOnChain {
  /** Everything deposited, less what went back to the payer. */
  readonly balance: bigint;
  readonly totalClaimed: bigint;
  /** The highest that any endpoint says: what a new channel is reckoned from. */
  readonly totalClaimedAtMost: bigint;
  /** Block time at which the payer announced a withdrawal; 0 when none is under way. */
  readonly withdrawInitiatedAt: number;
  /** The endpoints said different things: one lags, or lies. */
  readonly isDisputed?: boolean;
}

export interface ClaimRow {
  readonly config: ChannelConfig;
  readonly maxClaimableAmount: bigint;
  readonly signature: Hex;
  /** The channel's new cumulative total. */
  readonly totalClaimed: bigint;
}

export interface SentTransaction {
  readonly transactionHash: Hex;
  readonly gasUsed: bigint;
}

/** Reads throw PaymentError CHAIN_UNREACHABLE or CHAIN_MISMATCH; writes also TRANSACTION_REVERTED or TRANSACTION_TIMEOUT. */
export interface ChainClient {
  readonly settings: ChainSettings;
  /** `depth`: the deposit counts only as far as it was there so many blocks ago. */
  readChannel(channelId: Hex, depth?: number): Promise<ChannelOnChain>;
  readReceiver(receiver: Hex): Promise<{ readonly totalClaimed: bigint; readonly totalSettled: bigint }>;
  tokenBalance(address: Hex): Promise<bigint>;
  /** In wei. */
  coinBalance(address: Hex): Promise<bigint>;
  /** Wei a unit of gas; 0 where a relay pays. */
  gasPrice(): Promise<bigint>;
  /** What a claim's data cost besides its gas, on chains that take a fee for them; nothing where a relay pays. */
  dataFees(): Promise<DataFees>;
  /** Endpoints that failed when they were asked last. */
  readonly endpointsDown: number;
  /** Claims all rows in one transaction and, in the same one, pays `settleFor` out. One of the two may be left out. */
  claim(rows: readonly ClaimRow[], settleFor: Hex | null): Promise<SentTransaction>;
  /** In one transaction: claims the row, when there is one, then gives `amount` back to the payer. */
  refund(config: ChannelConfig, amount: bigint, claim: ClaimRow | null): Promise<SentTransaction>;
  /** Deposits from the wallet's own tokens by EIP-3009. Resolves when the deposit lies as deep as it must to count. */
  deposit(config: ChannelConfig, amount: bigint): Promise<SentTransaction>;
  close(): void;
}

/** A deposit's authorization is worthless after this. */
const authorizationSeconds = 3_600;

export function createChainClient(options: {
  readonly settings: ChainSettings;
  readonly wallet: ChainSigner;
  /** How long a transaction may take to be mined. */
  readonly confirmationTimeoutMs?: number;
  /** Without a block for this long, a transaction is sent again with a higher fee. */
  readonly stuckAfterMs?: number;
}): ChainClient {
  const { settings, wallet, confirmationTimeoutMs = 90_000, stuckAfterMs = 20_000 } = options;
  const endpoints = openRpcEndpoints(settings);
  const sender = sendTransactions({ endpoints, wallet, settings, confirmationTimeoutMs, stuckAfterMs });
  const relay = settings.relayUrl === undefined ? null : createHttpRelay({ ...settings, url: settings.relayUrl });

  const readDataFees = createDataFees();

  async function reach<Answer>(action: (provider: JsonRpcProvider) => Promise<Answer>): Promise<Answer> {
    try {
      return await endpoints.first(action);
    } catch (cause) {
      throw asUnreachable(cause);
    }
  }

  function asUnreachable(cause: unknown): PaymentError {
    if (cause instanceof PaymentError) return cause;
    const message = `the endpoint of chain ${settings.chainId} did not answer`;
    return new PaymentError('CHAIN_UNREACHABLE', message, { cause });
  }

  async function call(
    provider: JsonRpcProvider,
    contract: { readonly to: Hex; readonly abi: Interface },
    [name, ...values]: readonly [string, ...unknown[]],
    blockTag: BlockTag = 'latest',
  ): Promise<Result> {
    const { to, abi } = contract;
    const answer = await provider.call({ to, data: abi.encodeFunctionData(name, values), blockTag });
    if (answer === '0x') throw new PaymentError('CHAIN_MISMATCH', `chain ${settings.chainId} has no contract at ${to}`);
    return abi.decodeFunctionResult(name, answer);
  }

  const read = (to: Hex, abi: Interface, ...question: readonly [string, ...unknown[]]): Promise<Result> =>
    reach((provider) => call(provider, { to, abi }, question));

  async function readChannelFrom(provider: JsonRpcProvider, channelId: Hex, depth: number): Promise<ChannelOnChain> {
    const confirmedBlock = depth === 0 ? null : Math.max(0, (await provider.getBlockNumber()) - depth);
    const [channel, withdrawal, confirmed] = await Promise.all([
      call(provider, settlement, ['channels', channelId]),
      call(provider, settlement, ['pendingWithdrawals', channelId]),
      confirmedBlock === null ? null : call(provider, settlement, ['channels', channelId], confirmedBlock),
    ]);
    const totalClaimed = toBigInt(channel[1]);
    return {
      balance: lowest([toBigInt(channel[0]), ...(confirmed === null ? [] : [toBigInt(confirmed[0])])]),
      totalClaimed,
      totalClaimedAtMost: totalClaimed,
      withdrawInitiatedAt: Number(withdrawal[1]),
    };
  }

  async function send(data: string): Promise<SentTransaction> {
    return sender.send(asHex(data));
  }

  /** Through the relay: signed here, sent and paid for there, believed when it is mined. */
  async function claimByRelay(
    by: ClaimRelay,
    rows: readonly ClaimRow[],
    settleFor: Hex | null,
  ): Promise<SentTransaction> {
    let sent: SentTransaction = { transactionHash: '0x', gasUsed: 0n };
    if (rows.length > 0) {
      const signature = await wallet.signClaims(rows);
      sent = await sender.waitFor(await by.claim(rows, signature));
    }
    if (settleFor === null) return sent;
    const { transactionHash, gasUsed } = await sender.waitFor(await by.settle(settleFor));
    return { transactionHash, gasUsed: gasUsed + sent.gasUsed };
  }

  /** The payer's authorization to move `amount` into this channel and nowhere else. */
  async function authorizeDeposit(config: ChannelConfig, amount: bigint): Promise<string> {
    const [name, version] = await Promise.all([
      read(config.token, tokenInterface, 'name'),
      read(config.token, tokenInterface, 'version'),
    ]);
    const salt = toBigInt(randomBytes(32));
    // The chain's clock decides, and it need not be ours.
    const block = await reach(readNewestBlock);
    const validBefore = BigInt(block.timestamp + authorizationSeconds);
    const tokenDomain = { name: String(name[0]), version: String(version[0]) };
    const signature = await wallet.signDeposit({ config, amount, validBefore, salt, tokenDomain });
    const coder = AbiCoder.defaultAbiCoder();
    return coder.encode(['uint256', 'uint256', 'uint256', 'bytes'], [0n, validBefore, salt, signature]);
  }

  return {
    settings,
    async readChannel(channelId, depth = 0) {
      try {
        return merge(await endpoints.all((provider) => readChannelFrom(provider, channelId, depth)));
      } catch (error) {
        throw asUnreachable(error);
      }
    },
    async readReceiver(receiver) {
      const answer = await read(settlementAddress, settlementInterface, 'receivers', receiver, settings.token);
      return { totalClaimed: toBigInt(answer[0]), totalSettled: toBigInt(answer[1]) };
    },
    async tokenBalance(address) {
      return toBigInt((await read(settings.token, tokenInterface, 'balanceOf', address))[0]);
    },
    coinBalance: (address) => reach((provider) => provider.getBalance(address)),
    async gasPrice() {
      if (relay !== null) return 0n;
      return reach(readGasPrice);
    },
    dataFees: () => (relay === null ? reach(readDataFees) : Promise.resolve(noDataFees)),
    get endpointsDown() {
      return endpoints.down;
    },
    async claim(rows, settleFor) {
      if (rows.length === 0 && settleFor === null) throw new PaymentError('RECORD_INVALID', 'a claim of nothing');
      if (relay !== null) return claimByRelay(relay, rows, settleFor);
      const calls: string[] = [];
      if (rows.length > 0) calls.push(settlementInterface.encodeFunctionData('claim', [rows.map(encodeRow)]));
      if (settleFor !== null) {
        calls.push(settlementInterface.encodeFunctionData('settle', [settleFor, settings.token]));
      }
      return send(settlementInterface.encodeFunctionData('multicall', [calls]));
    },
    refund(config, amount, row) {
      const calls = row === null ? [] : [settlementInterface.encodeFunctionData('claim', [[encodeRow(row)]])];
      calls.push(settlementInterface.encodeFunctionData('refund', [config, amount]));
      return send(settlementInterface.encodeFunctionData('multicall', [calls]));
    },
    async deposit(config, amount) {
      const collectorData = await authorizeDeposit(config, amount);
      const values = [config, amount, depositCollectorAddress, collectorData];
      const sent = await send(settlementInterface.encodeFunctionData('deposit', values));
      // Before that the other side would not count it.
      await sender.waitForBlocks(confirmationsOf(settings));
      return sent;
    },
    close: endpoints.close,
  };
}

/** @throws Error when the endpoint has none; then another one is asked. */
async function readNewestBlock(provider: JsonRpcProvider): Promise<Block> {
  const block = await provider.getBlock('latest');
  if (block === null) throw new Error('the endpoint has no block');
  return block;
}

const settlement = { to: settlementAddress, abi: settlementInterface };

function lowest(amounts: readonly [bigint, ...bigint[]]): bigint {
  return amounts.reduce((low, amount) => (amount < low ? amount : low));
}

/** Of answers that differ, because an endpoint lags or lies, each figure is taken so that it can cost us nothing. */
function merge(answers: readonly [ChannelOnChain, ...ChannelOnChain[]]): ChannelOnChain {
  const [first] = answers;
  const isDisputed = answers.some(
    ({ balance, totalClaimed, withdrawInitiatedAt }) =>
      balance !== first.balance ||
      totalClaimed !== first.totalClaimed ||
      withdrawInitiatedAt !== first.withdrawInitiatedAt,
  );
  const merged = answers.reduce((merged, answer) => ({
    balance: lowest([merged.balance, answer.balance]),
    totalClaimed: lowest([merged.totalClaimed, answer.totalClaimed]),
    totalClaimedAtMost: -lowest([-merged.totalClaimedAtMost, -answer.totalClaimedAtMost]),
    withdrawInitiatedAt: Math.max(merged.withdrawInitiatedAt, answer.withdrawInitiatedAt),
  }));
  return { ...merged, isDisputed };
}

function encodeRow(row: ClaimRow): object {
  const { config, maxClaimableAmount, signature, totalClaimed } = row;
  return { voucher: { channel: config, maxClaimableAmount }, signature, totalClaimed };
}
