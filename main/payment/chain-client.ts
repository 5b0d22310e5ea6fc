/** What the node asks of the chain. Every call ends: with an answer or, after its deadline, with a PaymentError. */
import { AbiCoder, FetchRequest, JsonRpcProvider, Network, keccak256, randomBytes, toBigInt } from 'ethers';
import type { Interface, Result } from 'ethers';
import type { Hex } from '../../protocol/agreement.ts';
import { depositCollectorAddress, receiveAuthorizationTypes, settlementAddress } from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { PaymentError } from './payment-error.ts';
import { settlementInterface, tokenInterface } from './settlement-abi.ts';
import { sendTransactions } from './transaction-sender.ts';
import { asHex, channelIdOf } from './typed-data.ts';
import type { ChainSettings } from './types.ts';
import type { HotWallet } from './wallet.ts';

export interface ChannelOnChain {
  /** Everything deposited, less what went back to the payer. */
  readonly balance: bigint;
  readonly totalClaimed: bigint;
  /** Block time at which the payer announced a withdrawal; 0 when none is under way. */
  readonly withdrawInitiatedAt: number;
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
  readChannel(channelId: Hex): Promise<ChannelOnChain>;
  readReceiver(receiver: Hex): Promise<{ readonly totalClaimed: bigint; readonly totalSettled: bigint }>;
  tokenBalance(address: Hex): Promise<bigint>;
  /** Claims all rows in one transaction and, in the same one, pays `settleFor` out. Either may be left out. */
  claim(rows: readonly ClaimRow[], settleFor: Hex | null): Promise<SentTransaction>;
  /** Deposits from the wallet's own tokens by EIP-3009. */
  deposit(config: ChannelConfig, amount: bigint): Promise<SentTransaction>;
  close(): void;
}

const requestTimeoutMs = 10_000;
/** A deposit's authorization is worthless after this. */
const authorizationSeconds = 3_600;

export function createChainClient(options: {
  readonly settings: ChainSettings;
  readonly wallet: HotWallet;
  /** How long a transaction may take to be mined. */
  readonly confirmationTimeoutMs?: number;
}): ChainClient {
  const { settings, wallet, confirmationTimeoutMs = 90_000 } = options;
  const request = new FetchRequest(settings.rpcUrl);
  request.timeout = requestTimeoutMs;
  const provider = new JsonRpcProvider(request, Network.from(settings.chainId), {
    staticNetwork: true,
    batchStallTime: 0,
    cacheTimeout: -1,
  });
  const sender = sendTransactions({ provider, wallet, settings, confirmationTimeoutMs });
  let chainChecked: Promise<void> | undefined;

  async function checkChain(): Promise<void> {
    const chainId = toBigInt(await reach(() => provider.send('eth_chainId', [])));
    if (chainId === settings.chainId) return;
    throw new PaymentError(
      'CHAIN_MISMATCH',
      `the endpoint serves chain ${chainId}, the settings say chain ${settings.chainId}`,
    );
  }

  /** Checked before the first use and, because an endpoint may be down at first, again until it succeeded once. */
  async function requireChain(): Promise<void> {
    chainChecked ??= checkChain();
    try {
      await chainChecked;
    } catch (error) {
      chainChecked = undefined;
      throw error;
    }
  }

  async function reach<Answer>(action: () => Promise<Answer>): Promise<Answer> {
    try {
      return await action();
    } catch (cause) {
      throw new PaymentError('CHAIN_UNREACHABLE', `the endpoint of chain ${settings.chainId} did not answer`, {
        cause,
      });
    }
  }

  async function read(to: Hex, abi: Interface, name: string, values: readonly unknown[]): Promise<Result> {
    await requireChain();
    const data = abi.encodeFunctionData(name, values);
    const answer = await reach(() => provider.call({ to, data }));
    if (answer === '0x') throw new PaymentError('CHAIN_MISMATCH', `chain ${settings.chainId} has no contract at ${to}`);
    return abi.decodeFunctionResult(name, answer);
  }

  async function send(to: Hex, data: string): Promise<SentTransaction> {
    await requireChain();
    return sender.send(asHex(to), asHex(data));
  }

  /** The payer's authorization to move `amount` into this channel and nowhere else. */
  async function authorizeDeposit(config: ChannelConfig, amount: bigint): Promise<string> {
    const [name, version] = await Promise.all([
      read(config.token, tokenInterface, 'name', []),
      read(config.token, tokenInterface, 'version', []),
    ]);
    const salt = toBigInt(randomBytes(32));
    // The chain's clock decides, and it need not be ours.
    const block = await reach(() => provider.getBlock('latest'));
    const validBefore = BigInt((block?.timestamp ?? Math.floor(Date.now() / 1_000)) + authorizationSeconds);
    const coder = AbiCoder.defaultAbiCoder();
    const signature = await wallet.signTypedData(
      {
        name: String(name[0]),
        version: String(version[0]),
        chainId: settings.chainId,
        verifyingContract: config.token,
      },
      receiveAuthorizationTypes,
      {
        from: config.payer,
        to: depositCollectorAddress,
        value: amount,
        validAfter: 0n,
        validBefore,
        nonce: keccak256(coder.encode(['bytes32', 'uint256'], [channelIdOf(config, settings.chainId), salt])),
      },
    );
    return coder.encode(['uint256', 'uint256', 'uint256', 'bytes'], [0n, validBefore, salt, signature]);
  }

  return {
    settings,
    async readChannel(channelId) {
      const [channel, withdrawal] = await Promise.all([
        read(settlementAddress, settlementInterface, 'channels', [channelId]),
        read(settlementAddress, settlementInterface, 'pendingWithdrawals', [channelId]),
      ]);
      return {
        balance: toBigInt(channel[0]),
        totalClaimed: toBigInt(channel[1]),
        withdrawInitiatedAt: Number(withdrawal[1]),
      };
    },
    async readReceiver(receiver) {
      const answer = await read(settlementAddress, settlementInterface, 'receivers', [receiver, settings.token]);
      return { totalClaimed: toBigInt(answer[0]), totalSettled: toBigInt(answer[1]) };
    },
    async tokenBalance(address) {
      return toBigInt((await read(settings.token, tokenInterface, 'balanceOf', [address]))[0]);
    },
    async claim(rows, settleFor) {
      const calls: string[] = [];
      if (rows.length > 0) calls.push(settlementInterface.encodeFunctionData('claim', [rows.map(encodeRow)]));
      if (settleFor !== null) {
        calls.push(settlementInterface.encodeFunctionData('settle', [settleFor, settings.token]));
      }
      return send(settlementAddress, settlementInterface.encodeFunctionData('multicall', [calls]));
    },
    async deposit(config, amount) {
      const collectorData = await authorizeDeposit(config, amount);
      return send(
        settlementAddress,
        settlementInterface.encodeFunctionData('deposit', [config, amount, depositCollectorAddress, collectorData]),
      );
    },
    close: () => provider.destroy(),
  };
}

function encodeRow(row: ClaimRow): object {
  const { config, maxClaimableAmount, signature, totalClaimed } = row;
  return { voucher: { channel: config, maxClaimableAmount }, signature, totalClaimed };
}
