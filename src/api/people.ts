/**
 * `/api/v1/pixels/:id/people`: what is held of one person, for the person to see, and its erasure. The person is named by
 * what it is known by, as it was sent; of each other alias no more than a keyed hash is there, so it cannot be told.
 */
import * as v from 'valibot';
import { checkAfterErasure } from '../enrich/dead-letters.ts';
import { aliasOf, identifiersOf } from '../enrich/person.ts';
import { type Env, secretsOf } from '../env.ts';
import { EXPORTED_EVENTS } from '../model/exported.ts';
import { LIMITS } from '../model/limits.ts';
import { PERSON_KINDS, USER_DATA } from '../model/person.ts';
import type { Pixel } from '../model/pixel.ts';
import { REJECTION_REASONS } from '../model/rejection.ts';
import { namesOfDevices, unionOfDevices } from '../sql/devices.ts';
import { erasureOrder, type Member, membersOf } from '../store/aliases.ts';
import { findKeys } from '../store/keys.ts';
import { countEvents, daysOfPerson, type EventKey, erase, eventsOf } from '../store/people.ts';
import type { PixelCall } from './call.ts';
import { FORMATS } from './export-format.ts';
import { badParameter, badParameters, whole } from './parameters.ts';
import { Problem } from './problem.ts';
import { uncachedJson } from './uncached.ts';

const MAX_EVENTS = 1000;

const hashed = (what: string) =>
  v.pipe(v.optional(v.string()), v.description(`SHA-256 in hex of the person's ${what}, normalised.`));

const Identified = {
  uid: v.pipe(v.optional(v.string()), v.description('Your id of the person, as it was sent.')),
  em: hashed('e-mail address'),
  ph: hashed('telephone number'),
  external_id: hashed('other id'),
};

const QUERY = {
  ...Identified,
  include_unconfirmed: v.pipe(
    v.optional(v.picklist(['true', 'false'])),
    v.description('Whether to follow links that anyone may have claimed. Default: false.'),
  ),
};

export const PersonQuery = v.strictObject(QUERY);
export const PersonEventsQuery = v.strictObject({
  ...QUERY,
  limit: v.pipe(v.optional(whole(1, MAX_EVENTS)), v.description(`The most events. Default: ${MAX_EVENTS}.`)),
  before: v.pipe(v.optional(v.string()), v.description('Part of the address `next`.')),
});

type Person = v.InferOutput<typeof PersonQuery>;

export async function readPerson({
  request,
  env,
  pixel,
  query: { limit = MAX_EVENTS, before, ...person },
}: PixelCall<v.InferOutput<typeof PersonEventsQuery>>): Promise<Response> {
  const { alias, members, unconfirmed } = await personBehind(env, pixel, person);
  const aliases = [...new Set([alias, ...members.map((member) => member.alias)])];
  const subject = { pixel: pixel.id, aliases, visitor: null };
  const names = EXPORTED_EVENTS.columns.map(({ name }) => name);
  const from = before === undefined ? null : placeOf(before);
  const [days, total, rows] = await Promise.all([
    daysOfPerson(env.DB, pixel.id, aliases, namesOfDevices(`(${unionOfDevices('devices')})`)),
    countEvents(env.DB, subject),
    eventsOf(env.DB, subject, names, limit + 1, from),
  ]);
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  const next = last && new URL(request.url);
  next?.searchParams.set(
    'before',
    JSON.stringify([last?.[names.indexOf('ts')], last?.[names.indexOf('id')]]),
  );
  // Written as an export writes them, so that each value is what is held, exactly.
  const written = shown.map(FORMATS.ndjson.writer(EXPORTED_EVENTS));
  const kinds = aliases.map(kindOf).toSorted();
  const head = JSON.stringify({
    pixel: pixel.id,
    known_by: kinds,
    unconfirmed,
    days,
    total_events: total,
    next: next ?? null,
  });
  return new Response(`${head.slice(0, -1)},"events":[${written.join(',')}]}`, {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
}

export async function erasePerson({ env, pixel, query }: PixelCall<Person>): Promise<Response> {
  const { alias, members, isWhole, unconfirmed } = await personBehind(env, pixel, query);
  const aliases = erasureOrder(members, alias, isWhole);
  const now = Date.now();
  const erased = { events: 0, days: 0, person_days: 0, links: 0 };
  for (let start = 0; start < aliases.length; start += PIECE) {
    const piece = aliases.slice(start, start + PIECE);
    const one = await erase(env.DB, [{ pixel: pixel.id, aliases: piece, visitor: null }], now);
    for (const [name, count] of Object.entries(one)) erased[name as keyof typeof erased] += count;
  }
  await checkAfterErasure(env);
  return uncachedJson({
    pixel: pixel.id,
    erased_at: new Date(now).toISOString(),
    known_by: aliases.map(kindOf).toSorted(),
    unconfirmed,
    more: !isWhole,
    erased,
  });
}

/** Aliases that one transaction erases, so that a request takes fewer than the 50 statements of the free plan. */
const PIECE = 2000;

const NOT_FOLLOWED =
  'Anyone could have claimed these links, so their aliases may be of others and are left out. include_unconfirmed=true follows them.';
const FOLLOWED =
  'Anyone could have claimed these links, so their aliases may be of others. They are included.';

interface ResolvedPerson {
  /** The alias that the request names. */
  readonly alias: string;
  readonly members: readonly Member[];
  /** Whether these are all; a person may have more than one request looks at. */
  readonly isWhole: boolean;
  /** What the answer says of aliases that are linked by claims only. */
  readonly unconfirmed: { readonly aliases: number; readonly included: boolean; readonly note: string };
}

/** The person that a request names. @throws Problem when it names none, or two. */
async function personBehind(
  env: Env,
  pixel: Pixel,
  { include_unconfirmed, ...person }: Person,
): Promise<ResolvedPerson> {
  const given = Object.entries(person).filter(([, value]) => value !== undefined);
  const names = Object.keys(Identified).join(', ');
  if (given.length !== 1) {
    const message = `Name the person by one of ${names}.`;
    throw badParameters(
      given.length === 0 ? [{ path: 'uid', message }] : given.map(([path]) => ({ path, message })),
    );
  }
  const ud = USER_DATA.flatMap((kind) => (person[kind] === undefined ? [] : [[kind, person[kind]] as const]));
  const found = identifiersOf({ uid: person.uid ?? '', ud }, '');
  const path = given[0]?.[0] ?? '';
  if (!found.ok) throw badParameter(path, REJECTION_REASONS[found.error]);
  const [identifier] = found.value;
  if (!identifier) throw badParameter(path, 'It is empty.');
  const key = (await findKeys(env.DB, secretsOf(env), [pixel.id])).get(pixel.id);
  if (key === undefined) {
    throw new Problem(
      'no_secret_key',
      "This pixel's people were hashed under another SECRET_KEY. Set SECRET_KEY_PREVIOUS to it: npx wrangler secret put SECRET_KEY_PREVIOUS.",
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
    isWhole: members.length <= most,
    unconfirmed: { aliases: others, included, note },
  };
}

/** What kind an alias is of, by its letter. */
function kindOf(alias: string): string {
  return Object.entries(PERSON_KINDS).find(([, letter]) => alias.startsWith(letter))?.[0] ?? '';
}

function placeOf(text: string): EventKey {
  const [, ts, id] = /^\[(\d{1,15}),"([^"\\]{1,64})"\]$/.exec(text) ?? [];
  if (ts === undefined || id === undefined) {
    throw badParameter('before', 'This is no place. Take the whole address `next` of an answer.');
  }
  return [Number(ts), id];
}
