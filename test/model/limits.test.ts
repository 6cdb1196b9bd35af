/** docs/operations.md says what is bounded, and by how much: it is held to the constants here. */
import { describe, expect, it } from 'vitest';
import operations from '../../docs/operations.md?raw';
import { MAX_EMBED_ORIGINS } from '../../src/api/links.ts';
import { LINK_LIMITS, TOKEN_LIMITS } from '../../src/api/query-limiter.ts';
import { FLUSH_AFTER, MAX_BATCH_EVENTS, MAX_BATCH_SIZE } from '../../src/collect/buffer.ts';
import { ANNOUNCED_EACH } from '../../src/enrich/announce.ts';
import { MAX_REPORTED } from '../../src/enrich/relay-limit.ts';
import { CHUNK_BYTES } from '../../src/http/unpack.ts';
import { MAX_DESTINATION_RULES, MAX_DESTINATIONS } from '../../src/model/destination.ts';
import {
  MAX_ROLLUP_CURRENCIES,
  MAX_ROLLUP_PROPERTY_KEYS,
  MAX_ROLLUP_PROPERTY_VALUES,
  MAX_ROLLUP_SALES,
  MAX_ROLLUP_VALUES,
  ROLLED_DIMENSIONS,
} from '../../src/model/dimensions.ts';
import { MAX_FUNNELS, MAX_GOALS } from '../../src/model/goal.ts';
import {
  MAX_FILE_NAME,
  MAX_IMPORT_REASONS,
  MAX_IMPORTED_VISITOR,
  MAX_IMPORTS,
} from '../../src/model/import.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { MAX_PIXEL_KEYS, MAX_PIXELS_OF_KEY } from '../../src/model/pixel-key.ts';
import { MAX_FAMILY } from '../../src/model/rejection.ts';
import { SLICE_EVENTS } from '../../src/rollup/sizes.ts';
import { MAX_SESSIONS } from '../../src/store/sessions.ts';

const number = (value: number): string => value.toLocaleString('en');
const kibibytes = (bytes: number): string => `${number(bytes / 1024)} KiB`;
const work = ({ work: { max, perMinute } }: typeof LINK_LIMITS): string =>
  `${max} s, and ${perMinute} s more each minute`;

/** The row of each limit, and how its bound is written. A limit without a row does not compile. */
const ROWS: Readonly<Record<keyof typeof LIMITS, readonly [row: string, bound: string]>> = {
  beaconBytes: ['body of a beacon, unpacked', kibibytes(LIMITS.beaconBytes)],
  apiBytes: ['body of an API request, unpacked', kibibytes(LIMITS.apiBytes)],
  apiEvents: ['events a `POST /api/v1/events`', number(LIMITS.apiEvents)],
  beaconEvents: ['events a beacon', number(LIMITS.beaconEvents)],
  url: ['query of a pixel request, or URL in an event', number(LIMITS.url)],
  fields: ['fields an event', number(LIMITS.fields)],
  name: ['name of an event', number(LIMITS.name)],
  eid: ['event id', number(LIMITS.eid)],
  uid: ['user id', number(LIMITS.uid)],
  aliases: ['aliases a person', number(LIMITS.aliases)],
  followedAliases: ['aliases of a person that one request shows or erases', number(LIMITS.followedAliases)],
  page: ['page, with its query', number(LIMITS.page)],
  hostname: ['host', number(LIMITS.hostname)],
  referrer: ['referrer', number(LIMITS.referrer)],
  source: ['source', number(LIMITS.source)],
  utm: ['UTM field', number(LIMITS.utm)],
  geo: ['region, city', number(LIMITS.geo)],
  agentVersion: ['version of a browser or system', number(LIMITS.agentVersion)],
  userAgent: ['user agent that is hashed', number(LIMITS.userAgent)],
  parsedAgent: ['user agent that is parsed', number(LIMITS.parsedAgent)],
  agentWord: ['run of letters, digits and dots in it', number(LIMITS.agentWord)],
  agentPhrase: ['the same with spaces, hyphens and underscores', number(LIMITS.agentPhrase)],
  hint: ['`Accept-Language`, `Sec-Purpose`, each client hint', number(LIMITS.hint)],
  origin: ['`Origin`', number(LIMITS.origin)],
  referer: ['`Referer`', number(LIMITS.referer)],
  address: ['address, or host name in its place', number(LIMITS.address)],
  props: ['custom properties an event', number(LIMITS.props)],
  propKey: ['key of a property', number(LIMITS.propKey)],
  propValue: ['value of a property', number(LIMITS.propValue)],
  pixels: ['pixels', number(LIMITS.pixels)],
  tokens: ['tokens', number(LIMITS.tokens)],
  links: ['shared links a pixel', number(LIMITS.links)],
  zoneChanges: ["changes of a pixel's time zone in an hour", number(LIMITS.zoneChanges)],
  families: ['families of bots a day and pixel; unknown names of sites a day', number(LIMITS.families)],
  statements: ['D1 statements an invocation, by what it is sent', number(LIMITS.statements)],
  batchStatements: ['D1 statements a message of the queue', number(LIMITS.batchStatements)],
  linkStatements: ['D1 statements that link aliases, a batch', number(LIMITS.linkStatements)],
  engaged: ['time that one engagement reports', `${LIMITS.engaged / 3_600_000} hours`],
  valueMicros: [
    'amount of money',
    (LIMITS.valueMicros / 1e6).toLocaleString('en', { maximumFractionDigits: 2 }),
  ],
  oldestTs: ['oldest time', new Date(LIMITS.oldestTs).toISOString().slice(0, 10)],
  clockSkew: ['clock of a server ahead', `${LIMITS.clockSkew / 60_000} minutes`],
};

const OTHERS: readonly (readonly [row: string, bound: string])[] = [
  ['bytes of a gzipped body that are unpacked at a time', number(CHUNK_BYTES)],
  ['time that an event waits in the isolate', `${FLUSH_AFTER} ms`],
  ['events written together', number(MAX_BATCH_EVENTS)],
  ['characters of requests written together', number(MAX_BATCH_SIZE)],
  ['events of a slice of a day', number(SLICE_EVENTS)],
  [
    'work of the database for the queries of a shared link, or of all readers of a public page',
    work(LINK_LIMITS),
  ],
  ["the same for a token's queries", work(TOKEN_LIMITS)],
  ['sessions a token or link', number(MAX_SESSIONS)],
  ['sites that may embed a public page', number(MAX_EMBED_ORIGINS)],
  ["names that other tools' clients have for a pixel", number(MAX_PIXEL_KEYS)],
  ['pixels that one such name leads to', number(MAX_PIXELS_OF_KEY)],
  ['family of bots; unknown name of a site with its tool and host', number(MAX_FAMILY)],
  ['imports a pixel', number(MAX_IMPORTS)],
  ['reasons and bots that an import counts, each', number(MAX_IMPORT_REASONS)],
  ['name of an imported file', number(MAX_FILE_NAME)],
  ["a source's id of a visitor that is hashed", number(MAX_IMPORTED_VISITOR)],
  [
    'conversions and click ids that the pages of a pixel report in an hour, each counted for each destination or alias',
    `${number(MAX_REPORTED.free)}; with \`CRON_STATEMENTS\` of the paid plan ${number(MAX_REPORTED.paid)}`,
  ],
  [`messages of the queue about new conversions of a destination in ${ANNOUNCED_EACH / 60_000} minutes`, '2'],
  ['destinations a pixel', number(MAX_DESTINATIONS)],
  ['rules a destination', number(MAX_DESTINATION_RULES)],
  ['goals a pixel', number(MAX_GOALS)],
  ['funnels a pixel', number(MAX_FUNNELS)],
  ['values of a dimension, a day and a month', number(MAX_ROLLUP_VALUES)],
  ['custom properties a day', `${MAX_ROLLUP_PROPERTY_KEYS} keys`],
  ['values of all custom properties together, a day', number(MAX_ROLLUP_PROPERTY_VALUES)],
  ['currencies with reported revenue, a day and a month', number(MAX_ROLLUP_CURRENCIES)],
  ['rows of revenue, a day and a month', number(MAX_ROLLUP_SALES)],
  ['currency', 'ISO 4217'],
];

const [, section = ''] = /^## Limits\n(.*?)^## /ms.exec(operations) ?? [];
const rows = new Map(
  [...section.matchAll(/^\| (.*?) \| (.*?) \|/gm)].map(([, row = '', bound = '']) => [row, bound]),
);

describe('the limits in docs/operations.md', () => {
  it.each([...Object.values(ROWS), ...OTHERS])('%s: %s', (row, bound) => {
    expect(rows.get(row)).toBe(bound);
  });

  it('are complete', () => {
    const expectedRows = new Set([...Object.values(ROWS), ...OTHERS].map(([row]) => row));
    const caches = section.indexOf('| cache of an isolate');
    const documentedRows = [...section.slice(0, caches).matchAll(/^\| (.*?) \|/gm)]
      .map(([, row = '']) => row)
      .filter((row) => row !== '---' && !row.startsWith('of '));
    expect(documentedRows.filter((row) => !expectedRows.has(row))).toEqual([]);
  });

  it('add up to the maximum size of a day', () => {
    const values = ROLLED_DIMENSIONS.length * (MAX_ROLLUP_VALUES + 1);
    const counts =
      values + MAX_ROLLUP_PROPERTY_VALUES + 2 * MAX_ROLLUP_PROPERTY_KEYS + 1 + MAX_GOALS + 25 + 1;
    const text = section.replaceAll('\n', ' ');
    expect(text).toContain(
      `${ROLLED_DIMENSIONS.length} dimensions of ${number(MAX_ROLLUP_VALUES + 1)} values`,
    );
    expect(text).toContain(`about ${number(Math.floor(counts / 1000) * 1000)} rows of counts`);
    expect(text).toContain(
      `${number(Math.floor((2 * counts + MAX_ROLLUP_SALES) / 1000) * 1000)} rows, whatever`,
    );
  });
});
