/** `/api/v1/pixels`: what owners add, change and delete. */
import * as v from 'valibot';
import type { Env } from '../env.ts';
import {
  DEFAULT_SETTINGS,
  GREATEST_RETENTION_DAYS,
  LEAST_RETENTION_DAYS,
  PIXEL_ID,
  type Pixel,
} from '../model/pixel.ts';
import { randomBase58 } from '../model/random.ts';
import { isTimeZone } from '../model/time-zone.ts';
import { deletePixel, getPixel, hasDays, insertPixel, listPixels, updatePixel } from '../store/pixels.ts';
import { type Grant, requirePixel, requireScope } from './auth.ts';
import { check, readJson } from './body.ts';
import { installSnippets } from './install.ts';
import { Problem } from './problem.ts';

const Name = v.pipe(v.string(), v.trim(), v.minLength(1, 'A pixel needs a name.'), v.maxLength(120));
const Url = v.pipe(
  v.string(),
  v.maxLength(500),
  v.check((text) => {
    const url = URL.parse(text);
    return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  }, 'Give the http or https URL of the site, such as https://example.com.'),
);
const TimeZone = v.pipe(
  v.string(),
  v.check(isTimeZone, 'Give a time zone of the IANA database, such as Europe/Berlin.'),
);
const Settings = v.strictObject({
  retention_days: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(LEAST_RETENTION_DAYS), v.maxValue(GREATEST_RETENTION_DAYS)),
  ),
  origins: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          v.string(),
          v.toLowerCase(),
          v.regex(
            /^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/,
            'Give a host without scheme or port, such as example.com or *.example.com.',
          ),
        ),
      ),
      v.maxLength(50),
    ),
  ),
  query_params: v.optional(
    v.pipe(
      v.array(
        v.pipe(v.string(), v.regex(/^[\w.~-]{1,64}$/, 'A parameter is 1 to 64 letters, digits, _ . ~ or -.')),
      ),
      v.maxLength(20),
    ),
  ),
});

const NewPixel = v.strictObject({
  name: Name,
  url: Url,
  timezone: v.optional(TimeZone, 'UTC'),
  settings: v.optional(Settings, {}),
});
const PixelChange = v.partial(
  v.strictObject({ name: Name, url: Url, timezone: TimeZone, settings: Settings }),
);

export async function addPixel(request: Request, env: Env, grant: Grant): Promise<Response> {
  requireScope(grant, 'pixels:write');
  if (grant.pixel !== null)
    throw new Problem('wrong_pixel', 'This token is for one pixel and cannot add others.');
  const { name, url, timezone, settings } = check(NewPixel, await readJson(request));
  const pixel: Pixel = {
    id: `px_${randomBase58(16)}`,
    name,
    url,
    timezone,
    settings: { ...DEFAULT_SETTINGS, ...given(settings) },
    created_at: Date.now(),
  };
  await insertPixel(env.DB, pixel);
  return Response.json(shown(pixel, request), {
    status: 201,
    headers: { location: `/api/v1/pixels/${pixel.id}`, 'cache-control': 'no-store' },
  });
}

/** Any scope will do: who may send events or read statistics of a pixel may know its name. */
export async function readPixels(request: Request, env: Env, grant: Grant): Promise<Response> {
  const pixels = await listPixels(env.DB);
  const visible = pixels.filter(({ id }) => grant.pixel === null || grant.pixel === id);
  return answer({ pixels: visible.map((pixel) => shown(pixel, request)) });
}

export async function readPixel(request: Request, env: Env, grant: Grant, id: string): Promise<Response> {
  return answer(shown(await requireExisting(env, grant, id), request));
}

export async function changePixel(request: Request, env: Env, grant: Grant, id: string): Promise<Response> {
  requireScope(grant, 'pixels:write');
  const pixel = await requireExisting(env, grant, id);
  const { settings, ...change } = check(PixelChange, await readJson(request));
  if (change.timezone !== undefined && change.timezone !== pixel.timezone && (await hasDays(env.DB, id))) {
    throw new Problem(
      'timezone_fixed',
      'This pixel has events, and its days are counted in its time zone. Add a new pixel for another time zone.',
    );
  }
  const changed: Pixel = {
    ...pixel,
    ...given(change),
    settings: { ...pixel.settings, ...given(settings ?? {}) },
  };
  await updatePixel(env.DB, changed);
  return answer(shown(changed, request));
}

export async function removePixel(_request: Request, env: Env, grant: Grant, id: string): Promise<Response> {
  requireScope(grant, 'pixels:write');
  requirePixel(grant, id);
  if (!(await deletePixel(env.DB, id))) throw unknownPixel();
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
}

/** @throws Problem when the grant is for another pixel, or there is none of this id. */
export async function requireExisting(env: Env, grant: Grant, id: string): Promise<Pixel> {
  requirePixel(grant, id);
  const pixel = PIXEL_ID.test(id) ? await getPixel(env.DB, id) : null;
  if (!pixel) throw unknownPixel();
  return pixel;
}

function unknownPixel(): Problem {
  return new Problem('not_found', 'No pixel has this id.');
}

/** A partial object's values that are given. */
function given<T extends object>(partial: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(partial).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

function shown(pixel: Pixel, request: Request): Record<string, unknown> {
  return {
    ...pixel,
    created_at: new Date(pixel.created_at).toISOString(),
    install: installSnippets(pixel.id, new URL(request.url).origin),
  };
}

function answer(body: unknown): Response {
  return Response.json(body, { headers: { 'cache-control': 'no-store' } });
}
