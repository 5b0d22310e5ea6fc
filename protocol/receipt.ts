/**
 * The receipt document: everything needed to check a delivery offline, by anybody. In JSON, amounts, units and times are
 * decimal strings, hashes and signatures 0x-prefixed hex, bytes base64. Unknown fields are ignored.
 */
import { decodeBase64, encodeBase64 } from 'ethers';
import type { Agreement, ChunkRecord, Hex, Receipt, TaskResult } from './agreement.ts';
import { HearthError, errorText } from './errors.ts';
import type { Task } from './tasks.ts';
import { numericProfiles, taskOutcomes, verdicts } from './wire/money-codecs.ts';
import { taskCodec } from './wire/task-codec.ts';

export const receiptSchema = 'hearth-receipt/1';

export interface ReceiptDocument {
  readonly schema: typeof receiptSchema;
  readonly chainId: bigint;
  readonly settlement: Hex;
  readonly agreement: Agreement;
  readonly requesterSignature: Hex;
  readonly providerSignature: Hex;
  readonly chunks: readonly ChunkRecord[];
  /** Null when the provider went away before it signed one. */
  readonly result: { readonly result: TaskResult; readonly signature: Hex } | null;
  readonly receipt: Receipt;
  readonly receiptSignature: Hex;
  /** Kept only where the requester chose to: it holds the prompt. */
  readonly task: Task | null;
  /** The chunks' payloads in order, where kept. */
  readonly payloads: readonly Uint8Array[] | null;
}

/** The document breaks its schema; `data.field` is the path of the field. */
export class ReceiptFormatError extends HearthError<'RECEIPT_FORMAT'> {}

export function formatReceiptDocument(document: ReceiptDocument): string {
  const plain = {
    ...document,
    task: document.task === null ? null : encodeBase64(taskCodec.encode(document.task)),
    payloads: document.payloads?.map((payload) => encodeBase64(payload)) ?? null,
  };
  return `${JSON.stringify(plain, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`;
}

/** @throws ReceiptFormatError naming the field and what is wrong with it. */
export function parseReceiptDocument(text: string): ReceiptDocument {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ReceiptFormatError('RECEIPT_FORMAT', 'the receipt is not JSON', { cause: error });
  }
  const root = new JsonNode(parsed, 'receipt document');
  const schema = root.at('schema').text();
  if (schema !== receiptSchema) throw root.at('schema').wrong(`"${schema}" is not "${receiptSchema}"`);
  const result = root.at('result');
  const task = root.at('task');
  const payloads = root.at('payloads');
  return {
    schema: receiptSchema,
    chainId: root.at('chainId').integer(64),
    settlement: root.at('settlement').hex(20),
    agreement: readAgreement(root.at('agreement')),
    requesterSignature: root.at('requesterSignature').hex(65),
    providerSignature: root.at('providerSignature').hex(65),
    chunks: root.at('chunks').list(maxChunks, (chunk) => ({
      sequence: chunk.at('sequence').count(),
      units: chunk.at('units').integer(64),
      payloadSha256: chunk.at('payloadSha256').hex(32),
    })),
    result: result.isAbsent
      ? null
      : { result: readResult(result.at('result')), signature: result.at('signature').hex(65) },
    receipt: readReceipt(root.at('receipt')),
    receiptSignature: root.at('receiptSignature').hex(65),
    task: task.isAbsent ? null : readTask(task),
    payloads: payloads.isAbsent ? null : payloads.list(maxChunks, (payload) => payload.base64()),
  };
}

const maxChunks = 1_000_000;

function readAgreement(node: JsonNode): Agreement {
  return {
    agreementId: node.at('agreementId').hex(32),
    requester: node.at('requester').hex(20),
    provider: node.at('provider').hex(20),
    channelId: node.at('channelId').hex(32),
    taskHash: node.at('taskHash').hex(32),
    inputHash: node.at('inputHash').hex(32),
    shaderSetHash: node.at('shaderSetHash').hex(32),
    numericProfile: node.at('numericProfile').choice(numericProfiles),
    pricePerMillionUnits: node.at('pricePerMillionUnits').integer(128),
    maxUnits: node.at('maxUnits').integer(64),
    chunkUnits: node.at('chunkUnits').integer(64),
    startBy: node.at('startBy').integer(64),
    finishBy: node.at('finishBy').integer(64),
  };
}

function readResult(node: JsonNode): TaskResult {
  return {
    agreementHash: node.at('agreementHash').hex(32),
    resultHash: node.at('resultHash').hex(32),
    units: node.at('units').integer(64),
    amountDue: node.at('amountDue').integer(128),
    outcome: node.at('outcome').choice(taskOutcomes),
    adapterClass: node.at('adapterClass').text(),
    finishedAt: node.at('finishedAt').integer(64),
  };
}

function readReceipt(node: JsonNode): Receipt {
  return {
    agreementHash: node.at('agreementHash').hex(32),
    resultHash: node.at('resultHash').hex(32),
    units: node.at('units').integer(64),
    amountDue: node.at('amountDue').integer(128),
    verdict: node.at('verdict').choice(verdicts),
    issuedAt: node.at('issuedAt').integer(64),
  };
}

function readTask(node: JsonNode): Task {
  const bytes = node.base64();
  try {
    return taskCodec.decode(bytes);
  } catch (error) {
    throw node.wrong(errorText(error));
  }
}

/** A place in parsed JSON that knows its path. */
class JsonNode {
  readonly #value: unknown;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.#path = path;
  }

  get isAbsent(): boolean {
    return this.#value === null || this.#value === undefined;
  }

  wrong(reason: string): ReceiptFormatError {
    return new ReceiptFormatError('RECEIPT_FORMAT', `${this.#path}: ${reason}`, { data: { field: this.#path } });
  }

  at(name: string): JsonNode {
    if (typeof this.#value !== 'object' || this.#value === null || Array.isArray(this.#value)) {
      throw this.wrong('an object is required');
    }
    const value = Object.hasOwn(this.#value, name) ? (this.#value as Record<string, unknown>)[name] : undefined;
    return new JsonNode(value, `${this.#path}.${name}`);
  }

  list<T>(maxCount: number, read: (node: JsonNode) => T): T[] {
    if (!Array.isArray(this.#value)) throw this.wrong('a list is required');
    if (this.#value.length > maxCount)
      throw this.wrong(`${this.#value.length} entries exceed the limit of ${maxCount}`);
    return this.#value.map((value: unknown, index) => read(new JsonNode(value, `${this.#path}[${index}]`)));
  }

  text(): string {
    if (typeof this.#value !== 'string') throw this.wrong('a text is required');
    return this.#value;
  }

  hex(sizeBytes: number): Hex {
    const text = this.text();
    if (!/^0x[0-9a-fA-F]*$/.test(text) || text.length !== 2 + 2 * sizeBytes) {
      throw this.wrong(`0x and ${2 * sizeBytes} hex digits are required`);
    }
    return text.toLowerCase() as Hex;
  }

  integer(bits: number): bigint {
    const text = this.text();
    if (!/^(0|[1-9][0-9]{0,38})$/.test(text) || BigInt(text) >> BigInt(bits) !== 0n) {
      throw this.wrong(`"${text}" is not a decimal integer of at most ${bits} bits`);
    }
    return BigInt(text);
  }

  count(): number {
    if (
      typeof this.#value !== 'number' ||
      !Number.isInteger(this.#value) ||
      this.#value < 0 ||
      this.#value > 0xffff_ffff
    ) {
      throw this.wrong('an integer of at most 32 bits is required');
    }
    return this.#value;
  }

  choice<Choice extends string>(choices: readonly Choice[]): Choice {
    const found = choices.find((choice) => choice === this.#value);
    if (found === undefined) throw this.wrong(`one of ${choices.join(', ')} is required`);
    return found;
  }

  base64(): Uint8Array {
    const text = this.text();
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw this.wrong('base64 is required');
    return decodeBase64(text);
  }
}
