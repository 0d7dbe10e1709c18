import { rowColumns } from '@hours/usage'

const columns = rowColumns.map((column) => `"${column}" INTEGER NOT NULL`).join(', ')

/**
 * Tables of the index that figures are read from (stores.md): the columns of usage's daily rows, integer ms. A day is
 * here once a `time` record says that it is over; `usage_dirty` holds the days that have to be made again.
 */
export const figureSchema = `
CREATE TABLE usage_days (instrument INTEGER, start INTEGER, stop INTEGER NOT NULL, ${columns},
  PRIMARY KEY (instrument, start)) WITHOUT ROWID;
-- Sums of the days of a civil month that are here.
CREATE TABLE usage_months (instrument INTEGER, start INTEGER, stop INTEGER NOT NULL, ${columns},
  PRIMARY KEY (instrument, start)) WITHOUT ROWID;
-- Who had how much effective time on a day: what counts of users and shares by level of organisation are made of.
CREATE TABLE usage_uses (instrument INTEGER, start INTEGER, n INTEGER, session TEXT NOT NULL, at INTEGER NOT NULL,
  beneficiary TEXT NOT NULL, user TEXT NOT NULL, relation TEXT NOT NULL, purpose TEXT NOT NULL, project TEXT,
  sme INTEGER NOT NULL, ms INTEGER NOT NULL, booked INTEGER NOT NULL, PRIMARY KEY (instrument, start, n)) WITHOUT ROWID;
CREATE TABLE usage_dirty (instrument INTEGER, start INTEGER, stop INTEGER NOT NULL,
  PRIMARY KEY (instrument, start)) WITHOUT ROWID;
`
