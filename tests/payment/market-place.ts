/** A chain, providers and requesters with real ledgers, and the steps of a task between two of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Interface, Wallet, keccak256, toUtf8Bytes } from 'ethers';
import { startLocalChain } from '../../main/demo/local-chain.ts';
import type { LocalChain } from '../../main/demo/local-chain.ts';
import { openLedger } from '../../main/ledger/index.ts';
import type { Ledger } from '../../main/ledger/index.ts';
import {
  createChainClient,
  createProviderPayments,
  createRequesterPayments,
  createWallet,
} from '../../main/payment/index.ts';
import type {
  ChainClient,
  HotWallet,
  ProviderPayments,
  RequesterPayments,
  RequestPayments,
} from '../../main/payment/index.ts';
import { asHex } from '../../main/payment/typed-data.ts';
import type { TypedDataTypes } from '../../protocol/hashing/hash-typed-data.ts';
import { agreementTypes, hearthDomain } from '../../protocol/agreement.ts';
import type { Agreement, Hex, Receipt, SignedAgreement } from '../../protocol/agreement.ts';
import { chainIdentity, hashAgreement } from '../../protocol/hashing/typed-data.ts';
import { priceOfUnits } from '../../protocol/tasks.ts';
import { settlementAddress } from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';

export interface ProviderParty {
  /** Who is paid. */
  readonly receiver: Hex;
  readonly wallet: HotWallet;
  readonly ledger: Ledger;
  readonly chain: ChainClient;
  readonly payments: ProviderPayments & RequestPayments;
}

export interface RequesterParty {
  readonly wallet: HotWallet;
  readonly ledger: Ledger;
  readonly chain: ChainClient;
  readonly payments: RequesterPayments;
}

export interface OpenedTask {
  readonly agreement: Agreement;
  readonly signed: SignedAgreement;
  readonly hash: Hex;
  readonly channel: ChannelConfig;
}

export function hashOf(text: string): Hex {
  return `0x${keccak256(toUtf8Bytes(text)).slice(2)}`;
}

/** The same name gives the same key in every run. */
export function walletOf(name: string): HotWallet {
  return createWallet(keyOf(name).privateKey, 31_337n);
}

/** The key of {@link walletOf} in hands that sign whatever they like. */
export function keyOf(name: string): Wallet {
  const key = new Wallet(hashOf(`wallet of ${name}`));
  keys.set(key.address, key);
  return key;
}

const keys = new Map<string, Wallet>();

/** A signature that the wallet itself may refuse to give: what a dishonest holder of its key would send. */
export async function forge(by: string, domain: object, types: TypedDataTypes, value: object): Promise<Hex> {
  const key = keys.get(by);
  if (key === undefined) throw new Error(`no wallet of this market has the address ${by}`);
  return asHex(await key.signTypedData(domain, types, value));
}

export async function openMarketPlace() {
  const chain = await startLocalChain();
  const folder = mkdtempSync(join(tmpdir(), 'hearth-payment-'));
  const closers: (() => void)[] = [];

  function openParty(name: string) {
    const wallet = walletOf(name);
    const ledger = openLedger({ path: join(folder, `${name}.db`) });
    const client = createChainClient({ settings: chain.settings, wallet });
    closers.push(
      () => ledger.close(),
      () => client.close(),
    );
    return { wallet, ledger, chain: client };
  }

  /** The party as it is after its process ended and another one started; `chain` stands in for its own client. */
  function restartProvider(name: string, options: { chain?: ChainClient; payoutAddress?: Hex } = {}): ProviderParty {
    const party = { ...openParty(name), ...options };
    const payments = createProviderPayments({ ...party, signer: party.wallet });
    return { ...party, receiver: options.payoutAddress ?? party.wallet.address, payments };
  }

  function restartRequester(name: string): RequesterParty {
    const party = openParty(name);
    return { ...party, payments: createRequesterPayments({ ...party, signer: party.wallet }) };
  }

  return {
    chain,
    folder,
    restartProvider,
    restartRequester,
    async addProvider(name: string, options: { chain?: ChainClient; payoutAddress?: Hex } = {}) {
      await chain.fund(walletOf(name).address, { eth: 10n ** 18n });
      return restartProvider(name, options);
    },
    async addRequester(name: string, usdc = 100_000_000n) {
      await chain.fund(walletOf(name).address, { eth: 10n ** 18n, usdc });
      return restartRequester(name);
    },
    /** Sends a call of the settlement contract from any account, as if it held the key. */
    async callSettlement(from: Hex, signature: string, values: readonly unknown[]) {
      const abi = new Interface([`function ${signature}`]);
      const data = abi.encodeFunctionData(signature.slice(0, signature.indexOf('(')), values);
      await chain.request('anvil_impersonateAccount', [from]);
      await chain.request('eth_sendTransaction', [{ from, to: settlementAddress, data, gas: '0x7a120' }]);
      await chain.request('evm_mine', []);
    },
    async close() {
      for (const close of closers) close();
      await chain.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

export const channelConfigTuple =
  '(address payer, address payerAuthorizer, address receiver, address receiverAuthorizer, address token, uint40 withdrawDelay, bytes32 salt) config';

export type MarketPlace = Awaited<ReturnType<typeof openMarketPlace>>;

export async function signAgreement(
  chainId: bigint,
  agreement: Agreement,
  requester: Pick<HotWallet, 'address'>,
  provider: Pick<HotWallet, 'address'>,
): Promise<{ signed: SignedAgreement; hash: Hex }> {
  const domain = hearthDomain(chainId, settlementAddress);
  const requesterSignature = await forge(requester.address, domain, agreementTypes, agreement);
  const providerSignature = await forge(provider.address, domain, agreementTypes, agreement);
  const hash = hashAgreement(agreement, chainIdentity(chainId));
  return { signed: { agreement, requesterSignature, providerSignature }, hash };
}

/** Channel, agreement and the requester's own record; the provider has not heard of it yet. */
export async function agree(
  chain: LocalChain,
  requester: RequesterParty,
  provider: ProviderParty,
  name: string,
  terms: Partial<Agreement> = {},
): Promise<OpenedTask> {
  const nowSeconds = BigInt(Math.floor(Date.now() / 1_000));
  const limits = { maxUnits: 100n, chunkUnits: 16n, pricePerMillionUnits: 10_000_000n, ...terms };
  const opened = await requester.payments.openChannel({
    receiver: provider.receiver,
    receiverAuthorizer: provider.wallet.address,
    amount: priceOfUnits(limits.maxUnits, limits.pricePerMillionUnits),
  });
  if (!opened.ok) throw new Error(`${opened.code}: ${opened.message}`);
  const agreement: Agreement = {
    agreementId: hashOf(name),
    requester: requester.wallet.address,
    provider: provider.wallet.address,
    channelId: opened.channelId,
    taskHash: hashOf(`task ${name}`),
    inputHash: hashOf('model'),
    shaderSetHash: hashOf('shaders'),
    numericProfile: 'f32',
    startBy: nowSeconds + 60n,
    finishBy: nowSeconds + 3_600n,
    ...limits,
  };
  const { signed, hash } = await signAgreement(chain.settings.chainId, agreement, requester.wallet, provider.wallet);
  requester.payments.openTask(signed, hash, 'chat');
  return { agreement, signed, hash, channel: opened.channel };
}

/** Everything {@link agree} does, and the provider opens the task. */
export async function openTask(
  chain: LocalChain,
  requester: RequesterParty,
  provider: ProviderParty,
  name: string,
  terms: Partial<Agreement> = {},
): Promise<OpenedTask> {
  const task = await agree(chain, requester, provider, name, terms);
  const { signed, hash, channel } = task;
  const opened = await provider.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' });
  if (!opened.ok) throw new Error(`${opened.code}: ${opened.message}`);
  return task;
}

/** Cover, voucher, reservation, chunk: one turn of the loop. `arrives` false loses the chunk on its way. */
export async function deliverChunk(
  requester: RequesterParty,
  provider: ProviderParty,
  task: OpenedTask,
  units: bigint,
  arrives = true,
): Promise<void> {
  const before = requester.ledger.findTask('requester', task.hash);
  if (before === undefined) throw new Error('unknown task');
  const covered = await requester.payments.signVoucher(task.hash, before.unitsDone + units);
  if (!covered.ok) throw new Error(`${covered.code}: ${covered.message}`);
  const accepted = provider.payments.acceptVoucher(task.hash, covered.voucher, before.chunks);
  if (!accepted.ok) throw new Error(`${accepted.code}: ${accepted.message}`);
  const reserved = provider.payments.reserveChunk(task.hash, units);
  if (!reserved.ok) throw new Error(`${reserved.code}: ${reserved.message}`);
  const chunk = { sequence: before.chunks, units, payloadSha256: hashOf(`payload ${before.chunks}`) };
  provider.payments.recordChunk(task.hash, chunk);
  if (arrives) requester.payments.recordChunk(task.hash, chunk);
}

/** The requester's receipt for what arrived. */
export function receiptFor(requester: RequesterParty, task: OpenedTask, verdict: Receipt['verdict']): Receipt {
  const record = requester.ledger.findTask('requester', task.hash);
  if (record === undefined) throw new Error('unknown task');
  return {
    agreementHash: task.hash,
    resultHash: hashOf('result'),
    units: record.unitsDone,
    amountDue: record.amountDue,
    verdict,
    issuedAt: BigInt(Math.floor(Date.now() / 1_000)),
  };
}

/** Issues the receipt and, unless it is lost, hands it over. */
export async function giveReceipt(
  requester: RequesterParty,
  provider: ProviderParty,
  task: OpenedTask,
  options: { readonly verdict?: Receipt['verdict']; readonly arrives?: boolean } = {},
): Promise<Receipt> {
  const receipt = receiptFor(requester, task, options.verdict ?? 'verified');
  const { signature } = await requester.payments.issueReceipt(task.hash, receipt);
  if (options.arrives === false) return receipt;
  const accepted = provider.payments.acceptReceipt(receipt, signature);
  if (!accepted.ok) throw new Error(`${accepted.code}: ${accepted.message}`);
  requester.payments.markReceiptDelivered(task.hash);
  return receipt;
}
