/** docs/costs.md: what was measured, as a page. */

import {
  billedAs,
  includedOf,
  type PricedName,
  platformLimit,
  priceOf,
} from '../../scripts/lib/platform-limits.ts';
import { CLICK_DAYS } from '../../src/model/conversion.ts';
import { LEDGER_DAYS } from '../../src/model/delivery.ts';
import { MAX_PER_INVOCATION } from '../../src/relay/limits.ts';
import type { Rows } from './rows.ts';
import { sum } from './statistics.ts';
import type { StoredBytes } from './stored-bytes.ts';
import { databaseSection } from './stored-page.ts';
import { table } from './table.ts';

/** Dollars a million. */
const PER_MILLION = {
  requests: priceOf('workers requests'),
  rowsRead: priceOf('d1 rows read'),
  rowsWritten: priceOf('d1 rows written'),
} as const;
/** What the free plan allows a day. */
const FREE = {
  requests: platformLimit('workers requests', 'free') ?? 0,
  rowsRead: platformLimit('d1 rows read', 'free') ?? 0,
  rowsWritten: platformLimit('d1 rows written', 'free') ?? 0,
  operations: platformLimit('queues operations', 'free') ?? 0,
} as const;
const CRON_RUNS_A_DAY = 288;
/** Of an invocation on the free plan. */
const CONVERSIONS = MAX_PER_INVOCATION.deliveries;

/** Rows an event. */
export interface Incoming {
  readonly plain: Rows;
  readonly withEid: Rows;
  readonly ofPeople: Rows;
  readonly single: Rows;
}

export interface DayCosts {
  readonly events: number;
  /** Rows an event. */
  readonly rollUpCost: Rows;
  readonly deleting: Rows;
  /** Of a run of the cron that finds nothing to do. */
  readonly idle: Rows;
}

/** Rows a conversion, beside those of its event. */
export interface ConversionCosts {
  readonly stored: Rows;
  /** Of a landing with a click id, by a person with one id. */
  readonly click: Rows;
  readonly delivered: Rows;
  readonly deleted: Rows;
  readonly clickDeleted: Rows;
}

export interface Costs {
  readonly incoming: Incoming;
  readonly days: readonly DayCosts[];
  readonly conversions: ConversionCosts;
  /** What a dashboard's queries about twelve months of so many events read. */
  readonly queries: { readonly events: number; readonly rows: Rows };
  readonly stored: readonly StoredBytes[];
}

export function costsPage(costs: Costs): string {
  const parts = [
    '# Costs',
    `These figures are measured. Rows are those that D1 counts while the built Worker runs in the local runtime. \`npm run bench:costs\` measures
them again and writes this page.`,
    ofSteps(costs),
    ofAMillion(costs),
    ofConversions(costs.conversions),
    databaseSection(costs.stored),
    ofPlans(costs),
  ];
  return `${parts.join('\n\n')}\n`;
}

function million({ read, written }: Rows): number {
  return read * PER_MILLION.rowsRead + written * PER_MILLION.rowsWritten;
}

const size = ({ events }: DayCosts): string => events.toLocaleString('en');

const thousand = (rows: number): string => (rows * 1000).toLocaleString('en', { maximumFractionDigits: 0 });

const row = (name: string, rows: Rows): string[] => [
  name,
  thousand(rows.written),
  thousand(rows.read),
  million(rows).toFixed(2),
];

function ofSteps({ incoming: { plain, withEid, ofPeople, single }, days }: Costs): string {
  const steps = table(
    ['per 1,000 events', 'rows written', 'rows read', '$ a million events'],
    [
      row('stored in batches of 200', plain),
      row('the same, each with an `eid`', withEid),
      row('the same, each of a person', ofPeople),
      row('stored one at a time', single),
      ...days.map((day) => row(`rolled up, day of ${size(day)}`, day.rollUpCost)),
      ...days.map((day) => row(`deleted past retention, day of ${size(day)}`, day.deleting)),
    ],
  );
  return `${steps}

The figures for storing include all statements of a batch. A day is rolled up once, after midnight, and its columns are written with its
rollups. If late or imported events change it, it is rolled up again, and of the rollups only rows that differ are written. The generated
days have two thousand pages and cities, a custom property, and purchases in three currencies; one event in a hundred has an \`eid\`.`;
}

function ofAMillion({ incoming: { plain, withEid, ofPeople }, days, queries }: Costs): string {
  const together = ({ rollUpCost, deleting }: DayCosts): number =>
    PER_MILLION.requests + million(plain) + million(rollUpCost) + million(deleting);
  const totals = table(
    ['a million events, one a request', ...days.map((day) => `days of ${size(day)}, $`)],
    [
      ['requests of the Worker', ...days.map(() => PER_MILLION.requests.toFixed(2))],
      ['stored', ...days.map(() => million(plain).toFixed(2))],
      ['rolled up', ...days.map(({ rollUpCost }) => million(rollUpCost).toFixed(2))],
      ['deleted', ...days.map(({ deleting }) => million(deleting).toFixed(2))],
      ['**together**', ...days.map((day) => `**${together(day).toFixed(2)}**`)],
    ],
  );
  const { idle } = days[0] as DayCosts;
  const { read } = queries.rows;
  return `## A million events

These are Cloudflare's prices beyond what a plan includes. A million written rows cost $${PER_MILLION.rowsWritten.toFixed(2)}, a million read rows $${PER_MILLION.rowsRead}, a million requests $${PER_MILLION.requests.toFixed(2)}.

${totals}

Storing a million events costs $${(million(withEid) - million(plain)).toFixed(2)} more if they have an \`eid\`, and $${(million(ofPeople) - million(plain)).toFixed(2)} more if they have a
person. Rolling up a person's day writes two more rows. If a beacon has multiple events, they are one request.

A cron run without work writes ${rows(idle.written)} and reads ${rows(idle.read)}: ${(idle.written * CRON_RUNS_A_DAY).toLocaleString('en')} written rows a day, regardless of the number of events.

When a dashboard sends its eight queries over twelve months of ${queries.events.toLocaleString('en')} events, they read ${read.toLocaleString('en')} rows, $${((read * PER_MILLION.rowsRead) / 1e6).toFixed(6)} each time.`;
}

function ofConversions(costs: ConversionCosts): string {
  const { stored, click, delivered, deleted, clickDeleted } = costs;
  const parts = Object.values(costs) as Rows[];
  const together = {
    read: sum(parts.map(({ read }) => read)),
    written: sum(parts.map(({ written }) => written)),
  };
  const share = (rows: number, allowed: number): string =>
    `${((rows * 100_000) / allowed).toLocaleString('en', { maximumFractionDigits: 1 })} %`;
  const operations = 1000 * billedAs('queues operations of a message');
  const steps = table(
    ['per 1,000 conversions', 'rows written', 'rows read', '$ a million conversions'],
    [
      row('stored for one destination', stored),
      row(`delivered, ${CONVERSIONS} in an invocation`, delivered),
      row(`deleted after ${LEDGER_DAYS} days`, deleted),
      row('click kept from the landing', click),
      row(`click deleted after ${CLICK_DAYS} days`, clickDeleted),
      row('**together**', together),
    ],
  );
  return `## Conversions

These rows come on top of those of the event, if it is a [conversion](relay.md) for one destination. Each further destination takes the first three
rows again. A click is kept once for each id of the person. The network accepts the conversions at the first attempt: each further attempt takes
about as much as a delivery.

${steps}

A day of 1,000 conversions writes ${thousand(together.written)} rows, ${share(together.written, FREE.rowsWritten)} of what the free plan includes, and reads ${thousand(together.read)}, ${share(together.read, FREE.rowsRead)}. Events that are stored together
share a message of the queue. If each conversion comes alone, the messages take ${operations.toLocaleString('en')} of the ${FREE.operations.toLocaleString('en')} operations of the queue that the free plan includes a day.`;
}

function ofPlans({ incoming: { plain }, days }: Costs): string {
  const free = days.map((day) => {
    const written = (plain.written + day.rollUpCost.written + day.deleting.written) * day.events;
    const read = (plain.read + day.rollUpCost.read + day.deleting.read) * day.events;
    const fits = written <= FREE.rowsWritten && read <= FREE.rowsRead;
    const numbers = `${Math.round(written).toLocaleString('en')} rows written and ${Math.round(read).toLocaleString('en')} read`;
    return `- A day of ${size(day)} events takes ${numbers}, and ${fits ? 'fits' : 'does not fit'}.`;
  });
  return `## What is included

Each month, the paid plan ($${priceOf('workers plan')} a month) includes ${millions('workers requests')} million requests, ${millions('d1 rows written')} million written rows, ${millions('d1 rows read') / 1000} billion read rows, and ${includedOf('d1 storage') / 1e9} GB of
storage. It also includes ${millions('analytics points')} million points in Analytics Engine; another million costs $${priceOf('analytics points')}. To turn Analytics Engine off, remove its section
from \`wrangler.toml\`.

Each day, the free plan includes ${FREE.requests.toLocaleString('en')} requests, ${FREE.rowsWritten.toLocaleString('en')} written rows and ${FREE.rowsRead.toLocaleString('en')} read rows.
[operations.md](operations.md#the-free-plan) explains where Speck reaches these limits. This is what a day costs once as many events are deleted as arrive, without the queries of dashboards:

${free.join('\n')}`;
}

function millions(name: PricedName): number {
  return includedOf(name) / 1e6;
}

function rows(count: number): string {
  return count === 1 ? 'one row' : `${count.toLocaleString('en')} rows`;
}
