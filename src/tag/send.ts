/** Sends events if sendBeacon is missing or refuses: with fetch, then as images. */
import { toJson } from './json.ts';

type Fields = Record<string, unknown>;

/**
 * Sends a batch of events as JSON, or the fields of a form. Null is sent as an empty string, which the Worker treats alike.
 * @param address returns the Worker's address of a name.
 */
export default async function send(
  address: (name?: string) => string,
  name: string | undefined,
  body: string,
): Promise<void> {
  // Not with JSON.parse, which the page may have replaced.
  const parsed: Fields[] = body[0] === '[' ? await new Response(body).json() : [];
  const events: Fields[] = [];
  for (const one of parsed) {
    const event: Fields = own(one);
    for (const field in event) event[field] ??= '';
    // If the answer is lost and the event is sent again, its id makes it count once.
    event['eid'] = event['eid'] || crypto.getRandomValues(new Uint32Array(2)).join('');
    events.push(event);
  }
  try {
    await fetch(address(name), {
      method: 'POST',
      body: events[0] ? (toJson(events) as string) : body,
      keepalive: true,
      // The answer is not read, so no preflight is needed.
      mode: 'no-cors',
      // As sendBeacon and images do, so that the opt-out cookie is always sent.
      credentials: 'include',
    });
  } catch {
    for (const event of events) new Image().src = `${address('p.gif')}?${query(event)}`;
  }
}

/** A copy without properties that the page has added to all objects. */
const own = (object: unknown): Fields => ({ __proto__: null, ...(object as Fields) });

/** An event as a query string. The object `cd` becomes parameters `cd[…]`. */
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
