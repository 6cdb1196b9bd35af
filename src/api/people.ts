/**
 * `/api/v1/pixels/:id/people`: exports the data that is stored about one person, and erases it. A request identifies the person
 * by one identifier, as it was sent. Speck stores aliases as keyed hashes only, so it cannot name the other identifiers.
 */
import * as v from 'valibot';
import { checkAfterErasure } from '../enrich/dead-letters.ts';
import { aliasOf, anonymousId, identifiersOf } from '../enrich/person.ts';
import { type Env, secretsOf } from '../env.ts';
import { CLICK_PARAMETERS } from '../model/conversion.ts';
import type { EventKey } from '../model/event.ts';
import { EXPORTED_EVENTS } from '../model/exported.ts';
import { LIMITS } from '../model/limits.ts';
import { PERSON_KINDS, USER_DATA } from '../model/person.ts';
import type { Pixel } from '../model/pixel.ts';
import { REJECTION_REASONS } from '../model/rejection.ts';
import { namesOfDevices, unionOfDevices } from '../sql/devices.ts';
import { erasureOrder, type Member, membersOf } from '../store/aliases.ts';
import { findKeys } from '../store/keys.ts';
import { countEvents, daysOfPerson, erase, eventsOf } from '../store/people.ts';
import { relayOfPerson } from '../store/relay-traces.ts';
import type { PixelCall } from './call.ts';
import { EXPORT_FORMATS } from './export-format.ts';
import { badParameter, badParameters, integer } from './parameters.ts';
import { Problem } from './problem.ts';
import { uncachedJson } from './uncached.ts';

const MAX_EVENTS = 1000;

const hashed = (name: string) =>
  v.pipe(v.optional(v.string()), v.description(`SHA-256 in hex of the person's normalized ${name}.`));

const IDENTIFIERS = {
  uid: v.pipe(v.optional(v.string()), v.description('Your id of the person, as it was sent.')),
  em: hashed('e-mail address'),
  ph: hashed('telephone number'),
  external_id: hashed('other id'),
  aid: v.pipe(
    v.optional(v.pipe(v.string(), v.maxLength(LIMITS.uid, 'The anonymous id is too long.'))),
    v.description("The anonymous id that another tool's client made, as it was sent."),
  ),
};

const QUERY = {
  ...IDENTIFIERS,
  include_unconfirmed: v.pipe(
    v.optional(v.picklist(['true', 'false'])),
    v.description('Whether to follow links that anyone could have claimed. Default: false.'),
  ),
};

export const PersonQuery = v.strictObject(QUERY);
export const PersonEventsQuery = v.strictObject({
  ...QUERY,
  limit: v.pipe(
    v.optional(integer(1, MAX_EVENTS)),
    v.description(`The most events. Default: ${MAX_EVENTS}.`),
  ),
  before: v.pipe(v.optional(v.string()), v.description('Part of the URL `next`.')),
});

type Person = v.InferOutput<typeof PersonQuery>;

export async function readPerson({
  request,
  env,
  pixel,
  query: { limit = MAX_EVENTS, before, ...person },
}: PixelCall<v.InferOutput<typeof PersonEventsQuery>>): Promise<Response> {
  const { alias, members, unconfirmed } = await resolvePerson(env, pixel, person);
  const aliases = [...new Set([alias, ...members.map((member) => member.alias)])];
  const subject = { pixel: pixel.id, aliases, visitor: null };
  const names = EXPORTED_EVENTS.columns.map(({ name }) => name);
  const from = before === undefined ? null : eventKeyOf(before);
  const [days, total, rows, { clicks, deliveries }] = await Promise.all([
    daysOfPerson(env.DB, pixel.id, aliases, namesOfDevices(`(${unionOfDevices('devices')})`)),
    countEvents(env.DB, subject),
    eventsOf(env.DB, subject, names, limit + 1, from),
    relayOfPerson(env.DB, pixel.id, aliases),
  ]);
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  const next = last && new URL(request.url);
  next?.searchParams.set(
    'before',
    JSON.stringify([last?.[names.indexOf('ts')], last?.[names.indexOf('id')]]),
  );
  // In the format of an export, so that each value is exact.
  const events = page.map(EXPORT_FORMATS.ndjson.writer(EXPORTED_EVENTS));
  const kinds = aliases.map(kindOf).toSorted();
  const head = JSON.stringify({
    pixel: pixel.id,
    known_by: kinds,
    unconfirmed,
    days,
    clicks: clicks.map(({ parameter, at }) => ({
      parameter,
      network: CLICK_PARAMETERS[parameter],
      at: new Date(at).toISOString(),
    })),
    deliveries: deliveries.map(({ ts, sent_at, ...delivery }) => ({
      ...delivery,
      time: new Date(ts).toISOString(),
      sent_at: sent_at === null ? null : new Date(sent_at).toISOString(),
    })),
    total_events: total,
    next: next ?? null,
  });
  return new Response(`${head.slice(0, -1)},"events":[${events.join(',')}]}`, {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
}

export async function erasePerson({ env, pixel, query }: PixelCall<Person>): Promise<Response> {
  const { alias, members, isComplete, unconfirmed } = await resolvePerson(env, pixel, query);
  const aliases = erasureOrder(members, alias, isComplete);
  const now = Date.now();
  const erased = { events: 0, days: 0, person_days: 0, links: 0, deliveries: 0, clicks: 0 };
  let pendingFiles = 0;
  for (let start = 0; start < aliases.length; start += MAX_ALIASES) {
    const part = aliases.slice(start, start + MAX_ALIASES);
    const { files, ...one } = await erase(env.DB, [{ pixel: pixel.id, aliases: part, visitor: null }], now);
    for (const [name, count] of Object.entries(one)) erased[name as keyof typeof erased] += count;
    pendingFiles = Math.max(pendingFiles, files);
  }
  await checkAfterErasure(env);
  return uncachedJson({
    pixel: pixel.id,
    erased_at: new Date(now).toISOString(),
    known_by: aliases.map(kindOf).toSorted(),
    unconfirmed,
    more: !isComplete,
    erased,
    archive: { pending_files: pendingFiles },
  });
}

/** Aliases that one transaction erases. A request stays below the 50 D1 statements of the free plan. */
const MAX_ALIASES = 2000;

const NOT_FOLLOWED =
  'Anyone could have claimed these links, so their aliases may belong to other people and are left out. include_unconfirmed=true follows them.';
const FOLLOWED =
  'Anyone could have claimed these links, so their aliases may belong to other people. They are included.';

interface ResolvedPerson {
  /** The alias of the identifier in the request. */
  readonly alias: string;
  readonly members: readonly Member[];
  /** Whether `members` is complete. A person may have more aliases than one request reads. */
  readonly isComplete: boolean;
  /** What the response says about aliases that are linked by claims only. */
  readonly unconfirmed: { readonly aliases: number; readonly included: boolean; readonly note: string };
}

/** The person whom a request identifies. @throws Problem if it has no identifier, or more than one. */
async function resolvePerson(
  env: Env,
  pixel: Pixel,
  { include_unconfirmed, ...person }: Person,
): Promise<ResolvedPerson> {
  const entries = Object.entries(person).filter(([, value]) => value !== undefined);
  const names = Object.keys(IDENTIFIERS).join(', ');
  if (entries.length !== 1) {
    const message = `Send exactly one of ${names}.`;
    throw badParameters(
      entries.length === 0 ? [{ path: 'uid', message }] : entries.map(([path]) => ({ path, message })),
    );
  }
  const ud = USER_DATA.flatMap((kind) => (person[kind] === undefined ? [] : [[kind, person[kind]] as const]));
  const cookie = person.aid ? anonymousId(person.aid) : '';
  const identifiers = identifiersOf({ uid: person.uid ?? '', ud }, cookie);
  const path = entries[0]?.[0] ?? '';
  if (!identifiers.ok) throw badParameter(path, REJECTION_REASONS[identifiers.error]);
  const [identifier] = identifiers.value;
  if (!identifier) throw badParameter(path, 'The identifier is empty.');
  const key = (await findKeys(env.DB, secretsOf(env), [pixel.id])).get(pixel.id);
  if (key === undefined) {
    throw new Problem(
      'no_secret_key',
      "This pixel's people were hashed under another SECRET_KEY. Set SECRET_KEY_PREVIOUS to that key: npx wrangler secret put SECRET_KEY_PREVIOUS.",
    );
  }
  const alias = await aliasOf(key, identifier);
  const most = LIMITS.followedAliases;
  const [proven, claimed] = await Promise.all([
    membersOf(env.DB, pixel.id, alias, 'confirmed', most + 1),
    membersOf(env.DB, pixel.id, alias, 'claimed', most + 1),
  ]);
  const included = include_unconfirmed === 'true';
  const members = included ? claimed : proven;
  const others = Math.max(claimed.length - proven.length, 0);
  const note = others === 0 ? '' : included ? FOLLOWED : NOT_FOLLOWED;
  return {
    alias,
    members: members.slice(0, most),
    isComplete: members.length <= most,
    unconfirmed: { aliases: others, included, note },
  };
}

/** The kind of an alias, by its first letter. */
function kindOf(alias: string): string {
  return Object.entries(PERSON_KINDS).find(([, letter]) => alias.startsWith(letter))?.[0] ?? '';
}

function eventKeyOf(text: string): EventKey {
  const [, ts, id] = /^\[(\d{1,15}),"([^"\\]{1,64})"\]$/.exec(text) ?? [];
  if (ts === undefined || id === undefined) {
    throw badParameter('before', 'This is not a valid value. Use the complete URL in `next` of a response.');
  }
  return [Number(ts), id];
}
