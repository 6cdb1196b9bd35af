/**
 * `/api/v1/pixels/:id/keys`: what other tools' clients call the site of a pixel. `/api/v1/unknown-keys`: what clients call sites that
 * no pixel has. A name decides where another site's events go, so only tokens for all pixels may add one, and see unknown ones.
 */
import * as v from 'valibot';
import {
  isSiteName,
  isTool,
  MAX_PIXEL_KEYS,
  MAX_PIXELS_OF_KEY,
  normalSiteName,
  TOOLS,
} from '../model/pixel-key.ts';
import { isToken } from '../model/token.ts';
import {
  deletePixelKey,
  insertPixelKey,
  listPixelKeys,
  listUnknownKeys,
  type StoredKey,
} from '../store/pixel-key-changes.ts';
import { check, readJson } from './body.ts';
import type { Call, PixelCall } from './call.ts';
import { type Grant, loadPixel } from './grant.ts';
import { Problem } from './problem.ts';
import { noContent, uncachedJson } from './uncached.ts';

/** Days for which unknown names are listed. */
const UNKNOWN_DAYS = 30;

const Tool = v.picklist(Object.keys(TOOLS).filter(isTool), 'Send the name of a tool, such as plausible.');
const SiteName = v.pipe(
  v.string(),
  v.trim(),
  v.check(isSiteName, 'Send the name as the client sends it: 1 to 100 characters of ASCII, without spaces.'),
  v.check((name) => !isToken(name), 'This is a token. Send what the client calls the site.'),
);

export const NewKey = v.strictObject({ tool: Tool, name: SiteName });
export const KeyQuery = v.strictObject({
  tool: v.pipe(Tool, v.description('The tool whose client has the name.')),
  name: v.pipe(v.string(), v.description('What the client calls its site.')),
});

export async function readKeys({ env, pixel }: PixelCall): Promise<Response> {
  return uncachedJson({ keys: (await listPixelKeys(env.DB, pixel.id)).map(keyToJson) });
}

export async function addKey({ request, env, grant, pixel }: PixelCall): Promise<Response> {
  requireAllPixels(grant, 'add a name of a site, since it decides where the events of that site go');
  const { tool, name } = check(NewKey, await readJson(request));
  const key: StoredKey = { tool, name: normalSiteName(tool, name), pixel: pixel.id, created_at: Date.now() };
  const stored = await insertPixelKey(env.DB, key);
  if (stored === null) {
    await loadPixel(env, grant, pixel.id);
    throw new Problem(
      'conflict',
      `A pixel has at most ${MAX_PIXEL_KEYS} names, and a name leads to at most ${MAX_PIXELS_OF_KEY} pixels. Remove one first.`,
    );
  }
  return uncachedJson(keyToJson(stored), 201);
}

export async function removeKey({
  env,
  pixel,
  query: { tool, name },
}: PixelCall<v.InferOutput<typeof KeyQuery>>): Promise<Response> {
  const key = { tool, name: normalSiteName(tool, name) };
  if (!(await deletePixelKey(env.DB, key, pixel.id))) {
    throw new Problem('not_found', 'The pixel has no such name.');
  }
  return noContent();
}

export async function readUnknownKeys({ env, grant }: Call): Promise<Response> {
  requireAllPixels(grant, 'see what is sent for sites that no pixel has');
  const since = new Date(Date.now() - UNKNOWN_DAYS * 86_400_000).toISOString().slice(0, 10);
  const keys = await listUnknownKeys(env.DB, since);
  return uncachedJson({
    since,
    keys: keys.map(({ last_at, ...key }) => ({ ...key, last_at: new Date(last_at).toISOString() })),
  });
}

/** @throws Problem if the grant is for one pixel. */
function requireAllPixels({ pixel }: Grant, what: string): void {
  if (pixel !== null) throw new Problem('wrong_pixel', `Only a token for all pixels may ${what}.`);
}

function keyToJson({ tool, name, created_at }: StoredKey): Record<string, unknown> {
  return { tool, name, created_at: new Date(created_at).toISOString() };
}
