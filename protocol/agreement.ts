/**
 * The EIP-712 structures both sides sign. Field order here is the type string's order; a change is a new protocol version.
 * Hashes and addresses are 0x-prefixed hex, times are unix seconds, amounts are in the token's smallest unit.
 */
export type Hex = `0x${string}`;

export interface Agreement {
  /** Random, chosen by the requester: makes every agreement unique. */
  readonly agreementId: Hex;
  readonly requester: Hex;
  readonly provider: Hex;
  readonly channelId: Hex;
  /** sha256 of the canonical task bytes. */
  readonly taskHash: Hex;
  /** sha256 of the model or scene file. */
  readonly inputHash: Hex;
  /** sha256 over the shader set (name and text of every file, sorted by name). */
  readonly shaderSetHash: Hex;
  readonly numericProfile: NumericProfile;
  readonly pricePerMillionUnits: bigint;
  readonly maxUnits: bigint;
  /** Largest chunk; one chunk is the most either side can lose. */
  readonly chunkUnits: bigint;
  readonly startBy: bigint;
  readonly finishBy: bigint;
}

/** How a result may be compared: bytes on the same adapter class, or within a calibrated tolerance. */
export type NumericProfile = 'strict' | 'f32' | 'f16';

export interface SignedAgreement {
  readonly agreement: Agreement;
  readonly requesterSignature: Hex;
  readonly providerSignature: Hex;
}

export type TaskOutcome = 'complete' | 'handed-back' | 'cancelled';

/** Signed by the provider when its part is done. */
export interface TaskResult {
  readonly agreementHash: Hex;
  /** Last link of the chunk chain, see {@link ChunkRecord}. */
  readonly resultHash: Hex;
  readonly units: bigint;
  readonly amountDue: bigint;
  readonly outcome: TaskOutcome;
  /** Adapter, driver and build: what `strict` compares. */
  readonly adapterClass: string;
  readonly finishedAt: bigint;
}

/** `partial`: the provider went away; the receipt covers what arrived and nobody signed a result. */
export type Verdict = 'verified' | 'accepted' | 'partial' | 'rejected';

/** Signed by the requester: what it got, found and pays. The provider claims exactly `amountDue`. */
export interface Receipt {
  readonly agreementHash: Hex;
  readonly resultHash: Hex;
  readonly units: bigint;
  readonly amountDue: bigint;
  readonly verdict: Verdict;
  readonly issuedAt: bigint;
}

/**
 * One delivered chunk. The chain starts at the agreement hash:
 * link(n) = sha256(link(n-1) || uint32be sequence || uint64be units || sha256(payload)).
 */
export interface ChunkRecord {
  /** From 0. */
  readonly sequence: number;
  readonly units: bigint;
  readonly payloadSha256: Hex;
}

/** Ties a libp2p peer to a wallet, both ways: the wallet signs the structure, the peer key signs its digest. */
export interface IdentityBinding {
  readonly peerId: string;
  readonly wallet: Hex;
  readonly issuedAt: bigint;
  /** At most 30 days after `issuedAt`. */
  readonly expiresAt: bigint;
  readonly nonce: Hex;
}

export const agreementTypes = {
  Agreement: [
    { name: 'agreementId', type: 'bytes32' },
    { name: 'requester', type: 'address' },
    { name: 'provider', type: 'address' },
    { name: 'channelId', type: 'bytes32' },
    { name: 'taskHash', type: 'bytes32' },
    { name: 'inputHash', type: 'bytes32' },
    { name: 'shaderSetHash', type: 'bytes32' },
    { name: 'numericProfile', type: 'string' },
    { name: 'pricePerMillionUnits', type: 'uint128' },
    { name: 'maxUnits', type: 'uint64' },
    { name: 'chunkUnits', type: 'uint64' },
    { name: 'startBy', type: 'uint64' },
    { name: 'finishBy', type: 'uint64' },
  ],
};

export const taskResultTypes = {
  TaskResult: [
    { name: 'agreementHash', type: 'bytes32' },
    { name: 'resultHash', type: 'bytes32' },
    { name: 'units', type: 'uint64' },
    { name: 'amountDue', type: 'uint128' },
    { name: 'outcome', type: 'string' },
    { name: 'adapterClass', type: 'string' },
    { name: 'finishedAt', type: 'uint64' },
  ],
};

export const receiptTypes = {
  Receipt: [
    { name: 'agreementHash', type: 'bytes32' },
    { name: 'resultHash', type: 'bytes32' },
    { name: 'units', type: 'uint64' },
    { name: 'amountDue', type: 'uint128' },
    { name: 'verdict', type: 'string' },
    { name: 'issuedAt', type: 'uint64' },
  ],
};

export const identityBindingTypes = {
  IdentityBinding: [
    { name: 'peerId', type: 'string' },
    { name: 'wallet', type: 'address' },
    { name: 'issuedAt', type: 'uint64' },
    { name: 'expiresAt', type: 'uint64' },
    { name: 'nonce', type: 'bytes32' },
  ],
};

/** EIP-712 domain of everything above; the settlement contract binds it to one rail on one chain. */
export function hearthDomain(chainId: bigint, settlement: Hex) {
  return { name: 'Hearth', version: '1', chainId, verifyingContract: settlement };
}
