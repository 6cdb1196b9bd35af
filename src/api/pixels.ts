/** `/api/v1/pixels`: adds, lists, changes and deletes pixels. */
import * as v from 'valibot';
import { checkAfterErasure } from '../enrich/dead-letters.ts';
import type { Env } from '../env.ts';
import { Attempts } from '../model/attempts.ts';
import { nameOfEvent } from '../model/event.ts';
import { isMatchable, MAX_FUNNEL_HOURS, MAX_FUNNEL_STEPS, MAX_FUNNELS, MAX_GOALS } from '../model/goal.ts';
import { LIMITS } from '../model/limits.ts';
import {
  DEFAULT_SETTINGS,
  GREATEST_ARCHIVE_DAYS,
  GREATEST_KEEP_DAYS,
  GREATEST_MIN_GROUP,
  GREATEST_RETENTION_DAYS,
  LEAST_KEEP_DAYS,
  LEAST_RETENTION_DAYS,
  PIXEL_ID,
  type Pixel,
} from '../model/pixel.ts';
import { randomBase58 } from '../model/random.ts';
import { normalHost } from '../model/text/host.ts';
import { pageOf } from '../model/text/page.ts';
import { printableText } from '../model/text/printable.ts';
import { siteUrl } from '../model/text/site-url.ts';
import { isTimeZone } from '../model/time-zone.ts';
import { markGoalsChanged } from '../store/days.ts';
import {
  Conflict,
  type PixelForChange,
  type PixelPatch,
  readForChange,
  updatePixel,
} from '../store/pixel-changes.ts';
import { deletePixel, insertPixel, listPixels } from '../store/pixels.ts';
import { changeTimeZone, type Rezoned } from '../store/rezone.ts';
import { check, readJson, withoutUndefined } from './body.ts';
import type { Call, PixelCall } from './call.ts';
import { type Grant, loadPixel, requirePixel, unknownPixel } from './grant.ts';
import { hashToken } from './hash.ts';
import { expectedTags } from './if-match.ts';
import { installSnippets } from './install.ts';
import { OwnerSettings } from './owner-settings.ts';
import { Problem } from './problem.ts';
import { noContent, uncachedJson } from './uncached.ts';

const Name = v.pipe(v.string(), v.trim(), v.minLength(1, 'A pixel needs a name.'), v.maxLength(120));
const Url = v.pipe(
  v.string(),
  v.maxLength(500),
  v.transform(siteUrl),
  v.check((text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  }, 'The URL is the address of the site, such as example.com or https://example.com.'),
);
const TimeZone = v.pipe(
  v.string(),
  v.check(isTimeZone, 'Send a time zone of the IANA database, such as Europe/Berlin.'),
);
/** A host in the spelling of requests. A leading `*.` stays. An invalid host becomes a text that the schema rejects. */
function normalOrigin(text: string): string {
  const host = text.trim();
  const wildcard = host.startsWith('*.') ? '*.' : '';
  return wildcard + (normalHost(host.slice(wildcard.length)) ?? '');
}
const Label = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(LIMITS.name));
const Goal = v.union(
  [
    v.strictObject({
      name: Label,
      event: v.pipe(
        v.string(),
        v.transform((name) => nameOfEvent(printableText(name))),
        v.minLength(1),
        v.maxLength(LIMITS.name),
      ),
    }),
    v.strictObject({
      name: Label,
      page: v.pipe(
        v.string(),
        v.transform(pageOf),
        v.startsWith('/', 'A page begins with /. In it, * matches anything.'),
        v.maxLength(LIMITS.page),
        v.check(
          isMatchable,
          'A page with * has at most 50 bytes. Each letter beyond ASCII takes six or more.',
        ),
      ),
    }),
    v.strictObject({
      name: Label,
      property: v.pipe(v.string(), v.transform(printableText), v.minLength(1), v.maxLength(LIMITS.propKey)),
      value: v.pipe(v.string(), v.transform(printableText), v.minLength(1), v.maxLength(LIMITS.propValue)),
    }),
  ],
  'A goal has a name and an event, a page, or a property and its value.',
);
const Funnel = v.strictObject({
  name: Label,
  steps: v.pipe(
    v.array(v.string()),
    v.minLength(2, 'A funnel has at least two steps.'),
    v.maxLength(MAX_FUNNEL_STEPS, `A funnel has at most ${MAX_FUNNEL_STEPS} steps.`),
  ),
  within: v.union(
    [
      v.literal('visit'),
      v.strictObject({ hours: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_FUNNEL_HOURS)) }),
    ],
    'Use "visit", or {"hours": 168} for a person\'s window.',
  ),
});
const haveUniqueNames = (items: readonly { readonly name: string }[]): boolean =>
  new Set(items.map(({ name }) => name)).size === items.length;

export const Settings = v.strictObject({
  ...OwnerSettings,
  goals: v.optional(
    v.pipe(
      v.array(Goal),
      v.maxLength(MAX_GOALS),
      v.check((goals) => haveUniqueNames(goals), 'Two goals have the same name.'),
    ),
  ),
  funnels: v.optional(
    v.pipe(
      v.array(Funnel),
      v.maxLength(MAX_FUNNELS),
      v.check((funnels) => haveUniqueNames(funnels), 'Two funnels have the same name.'),
    ),
  ),
  retention_days: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(LEAST_RETENTION_DAYS), v.maxValue(GREATEST_RETENTION_DAYS)),
  ),
  keep_days: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(LEAST_KEEP_DAYS), v.maxValue(GREATEST_KEEP_DAYS)),
  ),
  archive_days: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(GREATEST_ARCHIVE_DAYS))),
  gpc: v.optional(
    v.picklist(
      ['anonymous', 'drop'],
      'Use "anonymous" to count visitors with Global Privacy Control anonymously, or "drop" to ignore them.',
    ),
  ),
  cookie: v.optional(
    v.picklist(
      ['off', 'first_party', 'third_party'],
      'Use "off", "first_party" or "third_party". It decides whether visitors who consent get a cookie.',
    ),
  ),
  identity: v.optional(
    v.picklist(['open', 'signed'], 'Use "open", or "signed" to accept signed user ids only.'),
  ),
  min_group: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(GREATEST_MIN_GROUP))),
  origins: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          v.maxLength(255),
          v.transform(normalOrigin),
          v.regex(
            /^(?=.{1,255}$)(?:(?:\*\.)?[\w-]+(?:\.[\w-]+)*|\[[\da-f:]+\])$/,
            'Send a host without scheme or port, such as example.com or *.example.com.',
          ),
        ),
      ),
      v.maxLength(50),
    ),
  ),
  query_params: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          v.regex(/^[\w.~-]{1,64}$/, 'A parameter has 1 to 64 letters, digits, or characters of _.~-'),
        ),
      ),
      v.maxLength(20),
    ),
  ),
});

export const NewPixel = v.strictObject({
  name: Name,
  url: Url,
  timezone: v.optional(TimeZone, 'UTC'),
  settings: v.optional(Settings, {}),
});
export const PixelChange = v.strictObject({
  name: v.optional(Name),
  url: v.optional(Url),
  timezone: v.optional(TimeZone),
  settings: v.optional(Settings),
});

export async function addPixel({ request, env, grant }: Call): Promise<Response> {
  if (grant.pixel !== null)
    throw new Problem('wrong_pixel', 'This token is for one pixel and cannot add others.');
  const { name, url, timezone, settings } = check(NewPixel, await readJson(request));
  const pixel: Pixel = {
    id: `px_${randomBase58(16)}`,
    name,
    url,
    timezone,
    settings: { ...DEFAULT_SETTINGS, ...withoutUndefined(settings) },
    created_at: Date.now(),
  };
  requireFunnelGoals(pixel);
  if (!(await insertPixel(env.DB, pixel))) {
    throw new Problem(
      'invalid_body',
      `There are ${LIMITS.pixels} pixels, which is the maximum. Delete one first.`,
    );
  }
  return pixelResponse(pixel, { request, env }, 201, { location: `/api/v1/pixels/${pixel.id}` });
}

/** Any token may read the pixels that it reaches, since their names are no secret to it. */
export async function readPixels({ request, env, grant }: Call): Promise<Response> {
  const pixels = await listPixels(env.DB);
  const visible = pixels.filter(({ id }) => grant.pixel === null || grant.pixel === id);
  return uncachedJson({
    pixels: await Promise.all(visible.map((pixel) => pixelToJson(pixel, { request, env }))),
  });
}

export async function readPixel({ request, env, pixel }: PixelCall): Promise<Response> {
  return pixelResponse(pixel, { request, env });
}

export async function changePixel({ request, env, grant, id }: Call): Promise<Response> {
  let current = await loadForChange(env, grant, id);
  const change = check(PixelChange, await readJson(request));
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const read = await requireMatch(request, current);
    try {
      const rezoned = await applyChange(env.DB, { ...current, read }, change, tries === 1);
      const changed = await loadPixel(env, grant, id);
      return await pixelResponse(
        changed,
        { request, env },
        200,
        {},
        rezoned ? { timezone_change: rezoned } : {},
      );
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      current = await loadForChange(env, grant, id);
    }
  }
  throw new Problem(
    'conflict',
    'Other requests change this pixel at the same time. Nothing was changed. Try again.',
    {
      headers: { 'retry-after': '1' },
    },
  );
}

/**
 * Rejects a change that was decided on when the pixel was different. Without If-Match, a change is made whatever else has changed.
 *
 * @returns what must still be as it was read when the change is written.
 * @throws Problem if the request has If-Match, and the pixel has another ETag.
 */
async function requireMatch(request: Request, { pixel, read, readAll }: PixelForChange): Promise<string> {
  const expected = expectedTags(request);
  if (expected === null) return read;
  if (expected.includes(`"${await etagOf(pixel)}"`)) return readAll;
  throw new Problem(
    'precondition_failed',
    'This pixel has changed since you read it. Nothing was changed. Read it again, and decide again.',
  );
}

/** How often a change is tried if others come first. Each try takes up to 15 of the 50 D1 statements of the free plan. */
const MAX_TRIES = 3;

/**
 * Applies a change to a pixel.
 * @param isFirst whether this is the first try. Only that one counts as a change of the time zone.
 * @throws Problem if the change does not fit the pixel, Conflict if the pixel has changed since it was read.
 */
async function applyChange(
  db: D1Database,
  { pixel, read }: Pick<PixelForChange, 'pixel' | 'read'>,
  { settings, ...change }: v.InferOutput<typeof PixelChange>,
  isFirst: boolean,
): Promise<Rezoned | null> {
  const patch: PixelPatch = { ...withoutUndefined(change), settings: withoutUndefined(settings ?? {}) };
  const changed: Pixel = { ...pixel, ...patch, settings: { ...pixel.settings, ...patch.settings } };
  requireFunnelGoals(changed);
  if (changed.timezone !== pixel.timezone) {
    if (isFirst) countZoneChange(pixel.id);
    return changeTimeZone(db, changed, patch, read);
  }
  const goalsChanged = goalsText(changed) !== goalsText(pixel);
  await updatePixel(db, pixel.id, patch, goalsChanged ? [markGoalsChanged(db, pixel.id)] : [], { read });
  return null;
}

/** The goals without their order, on which no statistics depend. */
const goalsText = ({ settings: { goals } }: Pixel): string =>
  JSON.stringify(goals.map((goal) => JSON.stringify(goal)).toSorted());

/** A change of the time zone writes all days of a pixel again and makes them dirty, so its number is limited. */
const zoneChanges = new Attempts(LIMITS.zoneChanges, 3_600_000);

/** @throws Problem if the pixel's time zone has changed too often. */
function countZoneChange(id: string): void {
  const now = Date.now();
  const seconds = zoneChanges.wait(id, now);
  if (seconds > 0) {
    throw new Problem(
      'too_many_requests',
      `A pixel's time zone can change ${LIMITS.zoneChanges} times in an hour. Try again in ${seconds} seconds.`,
      { headers: { 'retry-after': String(seconds) } },
    );
  }
  zoneChanges.count(id, now);
}

/** @throws Problem if a funnel has a goal that the pixel lacks. */
function requireFunnelGoals({ settings: { goals, funnels } }: Pixel): void {
  const names = new Set(goals.map(({ name }) => name));
  const errors = funnels.flatMap(({ name, steps }, funnel) =>
    steps.flatMap((step, index) =>
      names.has(step)
        ? []
        : [
            {
              path: `settings.funnels[${funnel}].steps[${index}]`,
              message: `The funnel ${name} needs the goal ${step}, which does not exist. Add the goal, or remove the funnel.`,
            },
          ],
    ),
  );
  if (errors.length > 0)
    throw new Problem('invalid_body', 'A funnel needs a goal that does not exist: see errors.', { errors });
}

/** Does not load the pixel first: a deletion takes nearly all of the 50 D1 statements of the free plan. */
export async function removePixel({ env, grant, id }: Call): Promise<Response> {
  requirePixel(grant, id);
  if (!(await deletePixel(env.DB, id))) throw unknownPixel();
  await checkAfterErasure(env);
  return noContent();
}

/**
 * The pixel, with what makes a change fail if the pixel has changed since.
 * @throws Problem if the grant is for another pixel, or no pixel has this id.
 */
async function loadForChange(env: Env, grant: Grant, id: string): Promise<PixelForChange> {
  requirePixel(grant, id);
  const current = PIXEL_ID.test(id) ? await readForChange(env.DB, id) : null;
  if (!current) throw unknownPixel();
  return current;
}

/** Changes with everything that a client can change. */
async function etagOf({ name, url, timezone, settings }: Pixel): Promise<string> {
  return (await hashToken(JSON.stringify([name, url, timezone, settings]))).slice(0, 32);
}

/** What the snippets of a pixel depend on. */
type Place = Pick<Call, 'request' | 'env'>;

async function pixelToJson(pixel: Pixel, { request, env }: Place): Promise<Record<string, unknown>> {
  return {
    ...pixel,
    created_at: new Date(pixel.created_at).toISOString(),
    etag: await etagOf(pixel),
    install: installSnippets(pixel.id, new URL(request.url).origin, env),
  };
}

/** A response with one pixel, its ETag, and what else the body has. */
async function pixelResponse(
  pixel: Pixel,
  place: Place,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
  also: Readonly<Record<string, unknown>> = {},
): Promise<Response> {
  const json = await pixelToJson(pixel, place);
  return uncachedJson({ ...json, ...also }, status, { ...headers, etag: `"${json['etag']}"` });
}
