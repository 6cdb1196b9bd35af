/**
 * Enriches the events of an import: as any other events, with their own times, and with what the source says of the client where
 * there is no user agent to parse. Their visitors are others than those of the pixel itself.
 */
import { type Env, secretsOf } from '../env.ts';
import type { PlacedEvent } from '../model/batch.ts';
import { withCampaign } from '../model/campaign.ts';
import { DEVICES } from '../model/device.ts';
import { type ImportedEvent, importedEventId, MAX_IMPORTED_VISITOR } from '../model/import.ts';
import { LIMITS } from '../model/limits.ts';
import type { Pixel } from '../model/pixel.ts';
import type { Rejection } from '../model/rejection.ts';
import { err, ok, type Result } from '../model/result.ts';
import { BLANK_EVENT, type RawEvent, UNKNOWN_CLIENT } from '../model/wire.ts';
import { findSalts } from '../store/salts.ts';
import { browserName, systemName } from './agent-names.ts';
import type { Arrival } from './candidate.ts';
import { type EnrichedEvent, enrich } from './enrich.ts';
import { keyedHash } from './keyed-hash.ts';
import { scrubText } from './scrub.ts';

/** What the events of an import have in common. */
export interface ImportContext {
  readonly pixel: Pixel;
  /** The import's id. */
  readonly id: string;
  /** The name of the importer. */
  readonly source: string;
  readonly now: number;
}

/** An event of an import, and its place among the items of the file. */
export interface PlacedImport {
  readonly place: number;
  readonly event: ImportedEvent;
}

/** An event to be stored, and what was left out of it. */
export interface EnrichedImport {
  readonly placed: PlacedEvent;
  readonly flaws: readonly Rejection[];
}

/**
 * Enriches events of an import.
 *
 * @returns the result of each event, in their order.
 * @throws what D1 throws.
 */
export async function enrichImported(
  env: Env,
  context: ImportContext,
  events: readonly PlacedImport[],
): Promise<Result<EnrichedImport, Rejection>[]> {
  const results = events.map((one) => enrichOne(context, one));
  const days = results.flatMap((result) => (result.ok ? [result.value.day.day] : []));
  const salts = await findSalts(env.DB, secretsOf(env), days, context.now);
  return Promise.all(
    results.map(async (result, index): Promise<Result<EnrichedImport, Rejection>> => {
      if (!result.ok) return err(result.error);
      const { event, day, flaws } = result.value;
      const salt = salts.get(day.day);
      const isOne = salt !== undefined && event.agent_class === 'human';
      const visitor = isOne ? await visitorOf(salt, context, events[index]?.event) : '';
      return ok({ placed: { event: { ...event, visitor, person: '' }, day }, flaws });
    }),
  );
}

function enrichOne(
  { pixel, id, now }: ImportContext,
  { place, event }: PlacedImport,
): Result<EnrichedEvent, Rejection> {
  const arrival: Arrival = {
    id: importedEventId(id, place),
    receivedAt: now,
    head: false,
    client: { ...UNKNOWN_CLIENT, languages: event.language ?? '', place: placeOf(event) },
    overrides: { ts: event.ts, ip: event.ip, ua: event.ua },
  };
  const result = enrich(rawOf(event, pixel), arrival, pixel);
  if (!result.ok) return result;
  const { event: enriched } = result.value;
  // Nobody vouches for a file as for a server's own events, so these do not replace what is stored: see store/reports.ts.
  const imported = { ...enriched, ...(event.ua ? {} : agentOf(event)), authenticated: 0 };
  return ok({ ...result.value, event: imported });
}

function rawOf(event: ImportedEvent, pixel: Pixel): RawEvent {
  const { ev = '', dl, rl = '', eid = '', cd = {}, engaged, scroll } = event;
  return {
    ...BLANK_EVENT,
    id: pixel.id,
    ev,
    dl: withCampaign(dl, event.utm ?? {}),
    rl: rl === '' || /^[a-z][a-z\d+.-]*:/i.test(rl) ? rl : `https://${rl}`,
    eid,
    cd: [
      ...Object.entries(cd),
      ...(engaged === undefined ? [] : [['engaged', engaged] as const]),
      ...(scroll === undefined ? [] : [['scroll', scroll] as const]),
    ],
  };
}

/** `DE`, `DE-BE` or `Berlin`: a region is a code of ISO 3166-2 or a name. */
function placeOf({ country = '', region = '', city = '' }: ImportedEvent) {
  const isCode = /^[A-Z]{2}-[A-Z\d]{1,3}$/.test(region);
  return {
    country: country.toUpperCase(),
    region: isCode ? region : '',
    regionName: isCode ? '' : region,
    city,
  };
}

function agentOf(event: ImportedEvent) {
  const version = (text = ''): string => scrubText(text, LIMITS.agentVersion);
  return {
    device: deviceOf(event.device),
    browser: browserName(scrubText(event.browser ?? '', LIMITS.agentPhrase)),
    browser_version: version(event.browser_version?.split('.')[0]),
    os: systemName(scrubText(event.os ?? '', LIMITS.agentPhrase)),
    os_version: version(event.os_version),
  };
}

/** What other tools call kinds of devices. */
const DEVICE_NAMES: ReadonlyMap<string, string> = new Map([
  ...DEVICES.map((name) => [name.toLowerCase(), name] as const),
  ['laptop', 'Desktop'],
  ['phone', 'Mobile'],
  ['smartphone', 'Mobile'],
  ['phablet', 'Mobile'],
  ['feature phone', 'Mobile'],
  ['smarttv', 'TV'],
  ['smart tv', 'TV'],
]);

const deviceOf = (name = ''): string => DEVICE_NAMES.get(name.toLowerCase()) ?? '';

/**
 * The hash of an imported visitor, under the salt of the local day. Files of one source share their visitors, since a log is rotated in the
 * middle of a day. No address has a space, so the hash differs from those of `visitorHash`.
 */
function visitorOf(
  salt: string,
  { pixel, source }: ImportContext,
  { visitor = '', ip = '', ua = '' }: Partial<ImportedEvent> = {},
): string | Promise<string> {
  if (visitor !== '')
    return keyedHash(
      salt,
      `${pixel.id}\nimport ${source} visitor\n${visitor.slice(0, MAX_IMPORTED_VISITOR)}`,
    );
  if (ip === '' || ua === '') return '';
  const client = `${ip.slice(0, LIMITS.address)}\n${ua.slice(0, LIMITS.userAgent)}`;
  return keyedHash(salt, `${pixel.id}\nimport ${source} address\n${client}`);
}
