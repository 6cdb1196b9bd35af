/**
 * `/api/v1/pixels/:id/destinations`: where the conversions of a pixel are sent. A secret is accepted, sealed, and never part of an answer.
 * `/api/v1/networks`: what each network needs.
 */
import type * as v from 'valibot';
import { type Env, secretsOf } from '../env.ts';
import {
  DESTINATION_ID,
  type Destination,
  type DestinationRule,
  MAX_DESTINATIONS,
} from '../model/destination.ts';
import type { FieldError } from '../model/field-error.ts';
import type { Pixel } from '../model/pixel.ts';
import { randomBase58 } from '../model/random.ts';
import type { DestinationJson, NetworkFieldJson, NetworkJson } from '../model/relay-json.ts';
import type { DestinationField, Network } from '../relay/network.ts';
import { allNetworks, networkOf } from '../relay/networks/table.ts';
import { deleteDestination, updateDestination } from '../store/destination-changes.ts';
import { getDestination, insertDestination, listDestinations, sealSecret } from '../store/destinations.ts';
import { check, readJson, withoutUndefined } from './body.ts';
import type { PixelCall } from './call.ts';
import { draftErrors } from './destination-check.ts';
import { loadPixel } from './grant.ts';
import { hashToken } from './hash.ts';
import { expectedTags } from './if-match.ts';
import { Problem } from './problem.ts';
import { DestinationChange, NewDestination } from './relay-bodies.ts';
import { noContent, uncachedJson } from './uncached.ts';

/** How often a change is tried if others come first. */
const MAX_TRIES = 3;

export async function readNetworks(): Promise<Response> {
  return uncachedJson({ networks: (await allNetworks()).map(networkToJson) });
}

export async function readDestinations({ env, pixel }: PixelCall): Promise<Response> {
  const destinations = await listDestinations(env.DB, pixel.id);
  return uncachedJson({
    destinations: await Promise.all(destinations.map((destination) => destinationToJson(destination, pixel))),
  });
}

export async function readDestination({ env, pixel, part }: PixelCall): Promise<Response> {
  return destinationResponse(await requireDestination(env, pixel, part), pixel);
}

export async function addDestination({ request, env, grant, pixel }: PixelCall): Promise<Response> {
  const { secret, rules, ...fields } = check(NewDestination, await readJson(request));
  const key = requireKey(env);
  const now = Date.now();
  const destination: Destination = {
    ...fields,
    id: `ds_${randomBase58(16)}`,
    pixel: pixel.id,
    rules: rules.map(ruleOf),
    problem: null,
    secret_at: now,
    created_at: now,
    updated_at: now,
  };
  requireNone(draftErrors(await networkOf(fields.network), pixel, { ...destination, secret }, destination));
  if (!(await insertDestination(env.DB, destination, await sealSecret(key, destination.id, secret)))) {
    await loadPixel(env, grant, pixel.id);
    throw await reasonNotToStore(env, destination);
  }
  const location = `/api/v1/pixels/${pixel.id}/destinations/${destination.id}`;
  return destinationResponse(destination, pixel, 201, { location });
}

export async function changeDestination({ request, env, pixel, part }: PixelCall): Promise<Response> {
  const { secret, rules, ...fields } = check(DestinationChange, await readJson(request));
  const change = { ...fields, ...(rules ? { rules: rules.map(ruleOf) } : {}) };
  const sealedSecret = secret === undefined ? undefined : await sealSecret(requireKey(env), part, secret);
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const current = await requireDestination(env, pixel, part);
    await requireMatch(request, current);
    const { state, ...rest } = { ...current, ...withoutUndefined(change) };
    const draft = { ...withoutUndefined(change), ...(secret === undefined ? {} : { secret }) };
    requireNone(draftErrors(await networkOf(current.network), pixel, draft, rest));
    const outcome = await updateDestination(env.DB, current, { ...change, sealedSecret }, Date.now());
    if (outcome === 'duplicate') throw duplicate({ ...rest, state });
    if (outcome === 'changed') {
      return destinationResponse(await requireDestination(env, pixel, part), pixel);
    }
  }
  throw new Problem(
    'conflict',
    'Other requests change this destination at the same time. Nothing was changed. Try again.',
    { headers: { 'retry-after': '1' } },
  );
}

export async function removeDestination({ env, pixel, part }: PixelCall): Promise<Response> {
  if (!(await deleteDestination(env.DB, pixel.id, part))) throw unknownDestination();
  return noContent();
}

/** @throws Problem if the pixel has no destination with this id. */
export async function requireDestination(env: Env, pixel: Pixel, id: string): Promise<Destination> {
  const destination = DESTINATION_ID.test(id) ? await getDestination(env.DB, pixel.id, id) : null;
  if (!destination) throw unknownDestination();
  return destination;
}

export function unknownDestination(): Problem {
  return new Problem('not_found', 'The pixel has no destination with this id.');
}

/** The key that seals secrets. @throws Problem if there is none. */
function requireKey(env: Env): string {
  const [key] = secretsOf(env);
  if (key !== undefined) return key;
  throw new Problem(
    'no_secret_key',
    "A destination's secret is stored encrypted under SECRET_KEY, which is not set. Set it: npx wrangler secret put SECRET_KEY.",
  );
}

function requireNone(errors: readonly FieldError[]): void {
  if (errors.length > 0) {
    throw new Problem('invalid_body', 'The destination does not fit its network or its pixel: see errors.', {
      errors,
    });
  }
}

/** Why a destination was not stored, of a pixel that exists. */
async function reasonNotToStore(env: Env, destination: Destination): Promise<Problem> {
  const { length } = await listDestinations(env.DB, destination.pixel);
  if (length < MAX_DESTINATIONS) return duplicate(destination);
  return new Problem(
    'conflict',
    `The pixel has ${MAX_DESTINATIONS} destinations, which is the maximum. Delete one first.`,
  );
}

/** One destination has all rules of an account: a second one would send the same event once more, and the network could count it twice. */
function duplicate(_: Destination): Problem {
  const message =
    'The pixel already has a destination with this network and account. Add the rules to it, so that no event is sent twice.';
  return new Problem('conflict', message, { errors: [{ path: 'account', message }] });
}

/** @throws Problem if the request has If-Match, and the destination has another ETag. */
async function requireMatch(request: Request, destination: Destination): Promise<void> {
  const expected = expectedTags(request);
  if (expected === null || expected.includes(`"${await etagOf(destination)}"`)) return;
  throw new Problem(
    'precondition_failed',
    'This destination has changed since you read it. Nothing was changed. Read it again, and decide again.',
  );
}

/** Changes with everything that a client can change. */
async function etagOf(destination: Destination): Promise<string> {
  const { name, account, settings, rules, mode, test_code, state, secret_at } = destination;
  const parts = [name, account, settings, rules, mode, test_code, state, secret_at];
  return (await hashToken(JSON.stringify(parts))).slice(0, 32);
}

/** A rule without what is undefined. Its schema has checked that it has an event or a goal. */
function ruleOf({
  event,
  goal = '',
  as,
}: v.InferOutput<typeof NewDestination>['rules'][number]): DestinationRule {
  return event === undefined ? { goal, as } : { event, as };
}

async function destinationResponse(
  destination: Destination,
  pixel: Pixel,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const json = await destinationToJson(destination, pixel);
  return uncachedJson(json, status, { ...headers, etag: `"${json.etag}"` });
}

async function destinationToJson(destination: Destination, pixel: Pixel): Promise<DestinationJson> {
  const { problem, secret_at, created_at, updated_at, ...rest } = destination;
  const goals = new Set(pixel.settings.goals.map(({ name }) => name));
  const named = destination.rules.flatMap((rule) => ('goal' in rule ? [rule.goal] : []));
  return {
    ...rest,
    problem: problem && {
      ...problem,
      at: timeOf(problem.at),
      retry_at: problem.retry_at === null ? null : timeOf(problem.retry_at),
    },
    has_secret: true,
    secret_at: timeOf(secret_at),
    missing_goals: [...new Set(named.filter((goal) => !goals.has(goal)))],
    created_at: timeOf(created_at),
    updated_at: timeOf(updated_at),
    etag: await etagOf(destination),
  };
}

function networkToJson(network: Network): NetworkJson {
  const { name, title, account, secret, settings, events, as, maxAge, deduplicates, test } = network;
  return {
    name,
    title,
    account: fieldToJson(account),
    secret: fieldToJson(secret),
    settings: settings.map(fieldToJson),
    events,
    as: { pattern: as.pattern.source, help: as.help },
    max_age: maxAge,
    deduplicates,
    test,
  };
}

function fieldToJson({ name, label, help, pattern, default: value }: DestinationField): NetworkFieldJson {
  return { name, label, help, pattern: pattern.source, default: value ?? null };
}

const timeOf = (at: number): string => new Date(at).toISOString();
