/** The ways to the Worker where sendBeacon is missing or refuses: fetch, then an image. */
import { toJson } from './json.ts';

type Fields = Record<string, unknown>;

/**
 * Takes a batch of events as JSON, or the fields of a form. What is null is sent as empty, which the Worker reads alike.
 * @param address gives the address of a name beside the Worker's events, or theirs.
 */
export default async function send(
  address: (name?: string) => string,
  name: string | undefined,
  body: string,
): Promise<void> {
  // Not by JSON, which may be the page's own.
  const parsed: Fields[] = body[0] === '[' ? await new Response(body).json() : [];
  const events: Fields[] = [];
  for (const one of parsed) {
    const event: Fields = own(one);
    for (const field in event) event[field] ??= '';
    // The answer may be lost and the event sent again: by its id it counts once.
    event['eid'] = event['eid'] || crypto.getRandomValues(new Uint32Array(2)).join('');
    events.push(event);
  }
  try {
    await fetch(address(name), {
      method: 'POST',
      body: events[0] ? (toJson(events) as string) : body,
      keepalive: true,
      // The answer is of no interest, and without reading it no preflight is needed.
      mode: 'no-cors',
      // As sendBeacon and images do, so that the cookie of a visitor's opt-out is seen whatever the transport.
      credentials: 'include',
    });
  } catch {
    for (const event of events) new Image().src = `${address('p.gif')}?${query(event)}`;
  }
}

/** An object without what the page has given to all objects. */
const own = (object: unknown): Fields => ({ __proto__: null, ...(object as Fields) });

/** The event as a query: what a beacon says in `cd`, an image says in `cd[…]`. */
function query({ cd, ud, ...fields }: Fields): URLSearchParams {
  const search = new URLSearchParams();
  for (const name in own(fields)) search.append(name, String(fields[name]));
  for (const [name, data] of [
    ['cd', own(cd)],
    ['ud', own(ud)],
  ] as const) {
    for (const key in data) {
      const value = data[key];
      search.append(`${name}[${key}]`, typeof value === 'object' ? String(toJson(value)) : String(value));
    }
  }
  return search;
}
