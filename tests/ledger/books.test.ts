import { expect, test } from 'vitest';
import { openLedger } from '../../main/ledger/index.ts';
import type { Ledger, LedgerEvent } from '../../main/ledger/index.ts';
import {
  acknowledge,
  bytes32,
  channelId,
  chunk,
  claim,
  fillProvider,
  openChannel,
  openTask,
  receipt,
  receiptOf,
  receiver,
  settle,
  token,
  voucher,
} from './facts.ts';

function newLedger(): Ledger {
  let nowMs = 1_000;
  return openLedger({ path: ':memory:', now: () => (nowMs += 1) });
}

function filledLedger(): Ledger {
  const ledger = newLedger();
  fillProvider(ledger);
  return ledger;
}

test.each<[string, LedgerEvent, string]>([
  ['a voucher again', voucher('provider', 2, 30n), 'LEDGER_DUPLICATE'],
  ['a chunk again', chunk('provider', 2, 2), 'LEDGER_DUPLICATE'],
  ['a chunk after a gap', chunk('provider', 2, 4), 'LEDGER_INCONSISTENT'],
  ['the channel again', openChannel('provider')[0] ?? settle(0n), 'LEDGER_DUPLICATE'],
  ['the agreement again', openTask('provider', 2), 'LEDGER_DUPLICATE'],
  ['a chunk of an unknown task', chunk('provider', 5, 0), 'LEDGER_INCONSISTENT'],
  ['the other side’s chunk', chunk('requester', 2, 3), 'LEDGER_INCONSISTENT'],
  ['more acknowledged than delivered', acknowledge(2, 4), 'LEDGER_INCONSISTENT'],
  ['a claim of nothing', claim(0n), 'LEDGER_DUPLICATE'],
])('%s is refused and leaves no trace', (_name, event, code) => {
  const ledger = filledLedger();
  const before = ledger.readEvents();
  const failure = expect.objectContaining({ name: 'LedgerError', code });
  expect(() => ledger.append(openTask('provider', 3), event)).toThrow(failure);
  expect(ledger.readEvents()).toEqual(before);
  expect(ledger.findTask('provider', bytes32(3))).toBeUndefined();
  ledger.verify();
  // The ledger is still usable.
  ledger.append(voucher('provider', 2, 40n));
  ledger.verify();
});

test('a provider earns what was acknowledged, then what the receipt says, and is paid what the chain says', () => {
  const ledger = filledLedger();
  const figures = () => {
    const task = ledger.findTask('provider', bytes32(2));
    const { earned, claimed, settled } = ledger.totals();
    return { state: task?.state, earned, claimed, settled };
  };
  expect(figures()).toEqual({ state: 'running', earned: 20n, claimed: 0n, settled: 0n });
  ledger.append(settle(500n, true), claim(20n), settle(520n));
  expect(figures()).toEqual({ state: 'running', earned: 20n, claimed: 20n, settled: 20n });
  ledger.append(receipt('provider', 2, 30n));
  expect(figures()).toEqual({ state: 'receipted', earned: 30n, claimed: 20n, settled: 20n });
  ledger.append(claim(30n), settle(530n));
  expect(figures()).toEqual({ state: 'claimed', earned: 30n, claimed: 30n, settled: 30n });
  expect(ledger.settledTotal(receiver, token)).toBe(530n);
  ledger.verify();
});

test('a requester’s receipt waits until it is delivered, and only then frees the cover beyond it', () => {
  const ledger = newLedger();
  ledger.append(...openChannel('requester', 500n), openTask('requester', 2));
  ledger.append({ kind: 'cover', role: 'requester', agreementHash: bytes32(2), coveredUnits: 40n });
  ledger.append(chunk('requester', 2, 0), receipt('requester', 2, 10n));
  const committed = () => ledger.findChannel('requester', channelId)?.committed;
  expect(ledger.undeliveredReceipts(receiver)).toEqual([{ receipt: receiptOf(2, 10n), signature: '0x03' }]);
  expect(committed()).toBe(40n);
  ledger.append({ kind: 'receipt-delivered', role: 'requester', agreementHash: bytes32(2) });
  expect(ledger.undeliveredReceipts(receiver)).toEqual([]);
  expect(committed()).toBe(10n);
  expect(ledger.totals()).toMatchObject({ spent: 10n, deposited: 500n });
  ledger.verify();
});

test('amounts beyond every machine integer are kept to the last unit', () => {
  const ledger = newLedger();
  const huge = 2n ** 128n - 1n;
  ledger.append(...openChannel('provider', huge), openTask('provider', 2), voucher('provider', 2, huge));
  expect(ledger.findChannel('provider', channelId)).toMatchObject({ balance: huge, ceiling: huge });
  expect(ledger.readEvents(3)[0]?.event).toEqual(voucher('provider', 2, huge));
});

test('addresses and hashes are found in any case', () => {
  const ledger = filledLedger();
  const upper = `0x${channelId.slice(2).toUpperCase()}` as const;
  expect(ledger.findChannel('provider', upper)?.channelId).toBe(channelId);
  expect(ledger.listChannels('provider', `0x${'0'.repeat(39)}A`)).toHaveLength(1);
});

test('tasks are listed newest first in the form the dashboard shows', () => {
  const ledger = filledLedger();
  ledger.append(openTask('provider', 3));
  expect(ledger.listTasks(1).map((task) => task.id)).toEqual([bytes32(3)]);
  expect(ledger.listTasks().at(-1)).toMatchInlineSnapshot(`
    {
      "amountDue": "30",
      "counterparty": "0x000000000000000000000000000000000000000a",
      "detail": "",
      "finishedAtMs": null,
      "id": "0x0000000000000000000000000000000000000000000000000000000000000002",
      "kind": "chat",
      "role": "provider",
      "startedAtMs": 1001,
      "state": "running",
      "unitsDone": "30",
      "unitsPerSecond": null,
      "unitsTotal": "10000",
    }
  `);
});

test('earnings over time are at most 500 points and end with the newest', () => {
  const ledger = filledLedger();
  for (let sequence = 3; sequence < 1_203; sequence += 1) {
    ledger.append(chunk('provider', 2, sequence, 1n), acknowledge(2, sequence));
  }
  const { series, earned } = ledger.earnings();
  expect(series.length).toBeLessThanOrEqual(500);
  expect(series.length).toBeGreaterThan(300);
  expect(series.at(-1)?.earned).toBe(earned);
  expect(series.map((point) => BigInt(point.earned))).toEqual(
    series.map((point) => BigInt(point.earned)).toSorted((left, right) => (left < right ? -1 : 1)),
  );
  ledger.verify();
});
