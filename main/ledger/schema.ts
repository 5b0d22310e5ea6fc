/**
 * The tables. `events` is the ledger; every other table is derived from it in the same transaction and can be rebuilt.
 * Amounts, units and totals are decimal text, because SQLite's integers end at 2^63.
 */

/** "HLDG": told apart from any other SQLite file. */
export const applicationId = 0x484c4447;

/** Migration n brings a file from user_version n to n + 1. Entries are never changed once released, only added. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    hash BLOB NOT NULL
  ) STRICT;
  CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
  CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

  CREATE TABLE channels (
    role TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    chain_id TEXT NOT NULL,
    counterparty TEXT NOT NULL,
    config TEXT NOT NULL,
    base_claimed TEXT NOT NULL,
    balance TEXT NOT NULL,
    ceiling TEXT NOT NULL,
    signature TEXT,
    committed TEXT NOT NULL,
    owed TEXT NOT NULL,
    claimed TEXT NOT NULL,
    PRIMARY KEY (role, channel_id)
  ) STRICT;
  CREATE INDEX channels_by_counterparty ON channels (role, counterparty);

  CREATE TABLE tasks (
    number INTEGER PRIMARY KEY,
    role TEXT NOT NULL,
    agreement_hash TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    counterparty TEXT NOT NULL,
    kind TEXT NOT NULL,
    agreement TEXT NOT NULL,
    finish_by INTEGER NOT NULL,
    started_at_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    units_done TEXT NOT NULL,
    amount_due TEXT NOT NULL,
    chunks INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    covered_units TEXT NOT NULL,
    best_voucher TEXT NOT NULL,
    committed TEXT NOT NULL,
    owed TEXT NOT NULL,
    receipt TEXT,
    receipt_signature TEXT,
    receipt_delivered INTEGER NOT NULL,
    finished_at_ms INTEGER,
    detail TEXT NOT NULL,
    UNIQUE (role, agreement_hash)
  ) STRICT;
  CREATE INDEX tasks_by_channel ON tasks (role, channel_id, state);
  CREATE INDEX receipts_to_deliver ON tasks (counterparty) WHERE receipt IS NOT NULL AND receipt_delivered = 0;

  CREATE TABLE chunks (
    role TEXT NOT NULL,
    agreement_hash TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    units_done TEXT NOT NULL,
    payload_sha256 TEXT NOT NULL,
    PRIMARY KEY (role, agreement_hash, sequence)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE vouchers (
    role TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    max_claimable_amount TEXT NOT NULL,
    agreement_hash TEXT NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (role, channel_id, max_claimable_amount)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE settlements (
    receiver TEXT NOT NULL,
    token TEXT NOT NULL,
    total_settled TEXT NOT NULL,
    PRIMARY KEY (receiver, token)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE totals (name TEXT PRIMARY KEY, amount TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO totals VALUES ('earned', '0'), ('claimed', '0'), ('settled', '0'), ('spent', '0'), ('deposited', '0');

  CREATE TABLE earnings_over_time (number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, earned TEXT NOT NULL) STRICT;
  `,
  `
  ALTER TABLE channels ADD COLUMN closing_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE channels ADD COLUMN restored TEXT NOT NULL DEFAULT '0';
  ALTER TABLE channels ADD COLUMN restored_at_ms INTEGER NOT NULL DEFAULT 0;
  `,
  `
  CREATE INDEX unpaid_tasks ON tasks (counterparty, finished_at_ms) WHERE role = 'provider' AND owed <> amount_due;
  `,
];
