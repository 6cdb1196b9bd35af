/**
 * Stands in for the Worker where a test is about the tag alone: serves the built tag, takes events by every
 * transport, and keeps them as they came.
 */
import { readFileSync } from 'node:fs';
import { type SeenRequest, type Site, startSite } from './site.ts';

/** The tag's scripts by their addresses, as the Worker serves them. */
export const SCRIPTS: Readonly<Record<string, URL>> = Object.fromEntries(
  ['speck', 'speck.plus', 'speck.meta', 'speck.all', 'speck.send', 'speck.hash', 'speck.relay'].map(
    (name) => [`/${name}.js`, new URL(`../../dist/${name}.min.js`, import.meta.url)],
  ),
);

const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

/** An event's native fields. From an image, a custom data key is its own field: `cd[value]`. */
export type SentEvent = Readonly<Record<string, unknown>> & { readonly ev?: unknown; readonly eid?: unknown };

export interface Recorder extends Site {
  /** The events that arrived at /beacon. */
  beacons(): SentEvent[];
  /** The events that arrived at /p.gif. */
  images(): SentEvent[];
}

export async function startRecorder(): Promise<Recorder> {
  const site = await startSite();
  for (const [path, file] of Object.entries(SCRIPTS)) {
    site.on(path, () => ({
      headers: { 'content-type': 'text/javascript; charset=utf-8', 'access-control-allow-origin': '*' },
      body: readFileSync(file),
    }));
  }
  answerEvents(site);

  const at = (path: string): SeenRequest[] => site.requests.filter(({ url }) => url.pathname === path);
  return {
    ...site,
    beacons: () => at('/beacon').flatMap(({ body }) => JSON.parse(body) as SentEvent[]),
    images: () => at('/p.gif').map(({ url }) => Object.fromEntries(url.searchParams)),
  };
}

/** Answers events as the Worker does. Tests that have them answered otherwise call it to go back. */
export function answerEvents(site: Site): void {
  site.on('/beacon', () => ({ status: 204 }));
  site.on('/p.gif', () => ({ headers: { 'content-type': 'image/gif' }, body: GIF }));
}
